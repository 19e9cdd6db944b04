"""Every field of every answer about people leaves by the map, and what has no row there stays."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import product
from types import UnionType
from typing import TYPE_CHECKING, Any, Final, get_args

import httpx2
import pytest
from fastapi.routing import APIRoute
from pydantic import BaseModel

from shopbell_server.catalogues import shipped
from shopbell_server.core.board.disclosure import Field, Viewer, allowed, disclose
from shopbell_server.core.board.ladder import FOLLOW, UNSHOWN, table_of
from shopbell_server.core.board.rows import row
from shopbell_server.core.channels.reasons import ReasonKind
from shopbell_server.core.consent.ledger import Purpose
from shopbell_server.core.evidence import Evidence
from shopbell_server.core.ids import ProfileId
from shopbell_server.core.registry import Role
from shopbell_server.usecases.staff.visits_list import SeenVisit
from shopbell_server.web.live.leaving import only
from shopbell_server.web.live.rows import ROW, Boards, RowOut, View, row_out
from shopbell_server.web.staff.visits import VISIT, VisitOut, visit_out
from shopbell_server.web.systems.profile_bodies import CARD, RECORD, ProfileOut, card_out
from tests.server.core.board.test_rows import stays
from tests.server.core.shop_floor import truth
from tests.server.core.stays import SECOND, acted, heard
from tests.server.web.shop import AMS, MINUTE, Shop
from tests.server.web.staff.test_present import signed_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from shopbell_server.core.board.rows import Stay
    from shopbell_server.core.identity.profile_view import Part
    from shopbell_server.web.live.leaving import Fields

VIEWERS: Final[tuple[Viewer, ...]] = (*get_args(Role), "tablet")
ABOUT_PEOPLE: Final[dict[type[BaseModel], Mapping[str, Field | Part]]] = {
    RowOut: ROW,
    VisitOut: VISIT,
    ProfileOut: {**CARD, **RECORD},
}
PURPOSES: Final = (
    frozenset(Purpose),
    *(frozenset(Purpose) - {each} for each in Purpose),
    frozenset({Purpose.RECOGNISE_IN_STORE, Purpose.SHOW_TO_STAFF}),
    frozenset[Purpose](),
)


@pytest.mark.parametrize("out", ABOUT_PEOPLE)
def test_a_field_of_an_answer_that_has_no_row_in_the_map_fails_here(out: type[BaseModel]) -> None:
    assert set(out.model_fields) == set(ABOUT_PEOPLE[out]), "say which row of the map it has"


def test_a_shop_may_not_choose_for_what_no_answer_has() -> None:
    named = {each for fields in ABOUT_PEOPLE.values() for each in fields.values()}
    assert set(Field) - named - set(FOLLOW.values()) == UNSHOWN


def test_a_field_that_the_map_does_not_name_does_not_leave() -> None:
    values = {"first_name": "Noor", "shoe_size": 38}
    assert only(values, {"first_name": Field.FIRST_NAME}, set(Field)) == {
        "first_name": "Noor",
        "shoe_size": None,
    }
    assert only(values, {"first_name": Field.FIRST_NAME}, set()) == {
        "first_name": None,
        "shoe_size": None,
    }


def stay() -> Stay:
    """Return a stay of which everything is known."""
    evidence = [heard(0, 20 * SECOND), acted(10 * SECOND)]
    (found,) = stays(truth(evidence), 20 * SECOND).stays
    return replace(
        found, known=replace(found.known, reason_kind=ReasonKind.PICKUP, reason="order 7")
    )


def judged() -> Iterator[tuple[Evidence, frozenset[Purpose], Viewer]]:
    yield from product(Evidence, PURPOSES, VIEWERS)


def test_a_row_holds_what_its_viewer_may_see_and_nothing_else() -> None:
    of = stay()
    seen = 0
    for evidence, purposes, viewer in judged():
        standing = replace(of.standing, evidence=evidence)
        may = allowed(standing, purposes, viewer)
        shown = row(replace(of, standing=standing, purposes=purposes, shared=purposes), viewer)
        assert (shown is None) == (Field.HANDLE not in may)
        if shown is not None:
            seen += 1
            out = row_out(shown, shipped().voice("en")).model_dump()
            assert_by_the_map(out, ROW, may)
            assert (out["first_name"] == "Ada") == (Field.FIRST_NAME in may)
    assert seen


def test_a_visit_holds_what_its_viewer_may_see_and_nothing_else() -> None:
    of = stay()
    (visit,) = truth([heard(0, 20 * SECOND), acted(10 * SECOND)]).visits
    visit = replace(visit, converted=True)
    for evidence, purposes, viewer in judged():
        standing = replace(of.standing, evidence=evidence)
        may = allowed(standing, purposes, viewer)
        person = disclose(of.known, standing, purposes, viewer)
        if person is not None and viewer != "tablet":
            out = visit_out(
                SeenVisit(visit=visit, person=person), shipped().voice("en")
            ).model_dump()
            assert_by_the_map(out, VISIT, may)
            assert out["converted"] is (True if Field.CONVERTED in may else None)


def test_a_card_holds_what_its_viewer_may_see_and_nothing_else() -> None:
    of = stay()
    (visit,) = truth([heard(0, 20 * SECOND), acted(10 * SECOND)]).visits
    for evidence, purposes, viewer in judged():
        standing = replace(of.standing, evidence=evidence)
        may = allowed(standing, purposes, viewer)
        person = disclose(of.known, standing, purposes, viewer)
        if person is not None and Field.CARD in may:
            out = card_out(ProfileId("p-1"), SeenVisit(visit=visit, person=person)).model_dump()
            assert_by_the_map({name: out[name] for name in CARD}, CARD, may)
            assert all(out[name] is None for name in RECORD)


def assert_by_the_map(out: dict[str, Any], fields: Fields, may: frozenset[Field]) -> None:
    for name, value in out.items():
        assert fields[name] in may or value is None, name


def test_no_other_answer_to_staff_holds_a_field_of_a_person() -> None:
    """An answer that is new and speaks of people must be named above."""
    told = {name for out in ABOUT_PEOPLE for name in ("handle", "first_name", "language")}
    for path, model in answers_to_staff():
        for each in models_in(model):
            if each not in ABOUT_PEOPLE:
                assert not told & set(each.model_fields), f"{path}: {each.__name__}"


STAFFS: Final = ("/v1/stores", "/v1/visits", "/v1/profiles")


def answers_to_staff() -> Iterator[tuple[str, Any]]:
    for each in Shop().app().routes:
        if isinstance(each, APIRoute) and each.path.startswith(STAFFS):
            yield each.path, each.response_model


def models_in(kind: Any) -> Iterator[type[BaseModel]]:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        yield kind
        for field in kind.model_fields.values():
            yield from models_in(field.annotation)
    elif isinstance(kind, UnionType) or get_args(kind):
        for inner in get_args(kind):
            yield from models_in(inner)


# ------------------------------------------------------------------ a tenant's own ladder, everywhere


async def test_every_screen_goes_by_the_tenants_ladder(shop: Shop) -> None:
    """Stricter: her name needs a pass. Then: nobody is shown at all without one."""
    guest = shop.welcome("Noor")
    shop.clock.forward(2 * MINUTE)
    shop.hear(guest)
    choices: tuple[tuple[dict[Field, Evidence], list[str | None]], ...] = (
        ({}, ["Noor"]),
        ({Field.FIRST_NAME: Evidence.PASS}, [None]),
        ({Field.HANDLE: Evidence.PASS}, []),
    )
    for chosen, names in choices:
        ladder = table_of(chosen)
        shop.services = replace(shop.services, site=replace(shop.site, ladder=ladder))
        assert await first_names(shop) == {"present": names, "visits": names, "visit": names}
        boards = Boards(shop.database, shop.clock, shop.rules, ladder)
        view = View(AMS, "advisor", "nl")
        picture = boards.picture(AMS, [view], None, None)
        assert picture is not None
        streamed = [json.loads(each)["first_name"] for each in picture.rows[view].values()]
        assert streamed == names


async def first_names(shop: Shop) -> dict[str, list[Any]]:
    transport = httpx2.ASGITransport(app=shop.app())
    async with httpx2.AsyncClient(transport=transport, base_url="https://board.test") as client:
        headers = signed_in(shop)
        present = (await client.get(f"/v1/stores/{AMS}/present", headers=headers)).json()["rows"]
        visits = (await client.get("/v1/visits", headers=headers)).json()["visits"]
        with shop.database.read() as work:
            ids = [each.id for each in work.visits.page([AMS], None, 9)]
        one = [await client.get(f"/v1/visits/{each}", headers=headers) for each in ids]
    return {
        "present": [each["first_name"] for each in present],
        "visits": [each["first_name"] for each in visits],
        "visit": [each.json()["first_name"] for each in one if each.status_code == 200],
    }
