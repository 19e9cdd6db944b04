"""`/v1/profiles/…`: who sees what of a profile, and who may merge and split it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from shopbell_server.core.audit.chain import What
from shopbell_server.core.consent.ledger import Purpose
from shopbell_server.core.ids import ProfileId
from shopbell_server.usecases.staff.api_keys import make_key
from shopbell_server.usecases.staff.looks import looks_at
from tests.server.web.conftest import HOST
from tests.server.web.live.test_looks import records
from tests.server.web.shop import AMS, UTR, Shop

if TYPE_CHECKING:
    import httpx2

    from shopbell_server.core.access.api_keys import System
    from shopbell_server.core.registry import Role

NOOR, BEN = "/v1/profiles/profile-Noor", "/v1/profiles/profile-Ben"
MERGE = {"with": "profile-Ben", "as": "household", "reason": "household"}


def sign_in(shop: Shop, client: httpx2.AsyncClient, role: Role = "operator") -> None:
    client.cookies.set("__Host-shopbell", shop.employ(role, role=role).secret)
    client.headers["Origin"] = HOST


def key(shop: Shop, system: System) -> dict[str, str]:
    _, secret = make_key(
        shop.database,
        shop.entropy,
        shop.clock.now_ms(),
        name="crm",
        by="olga",
        system=system,
    )
    return {"Authorization": f"Bearer {secret}"}


def problem(answer: httpx2.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].removeprefix("urn:shopbell:problem:")


@pytest.fixture
def two(shop: Shop) -> Shop:
    """Have Noor and Ben enrolled, each under a profile of their own."""
    shop.welcome()
    shop.welcome("Ben")
    return shop


# ------------------------------------------------------------------ looking


async def test_an_operator_sees_what_a_profile_is_made_of_and_no_name_or_value(
    two: Shop, client: httpx2.AsyncClient
) -> None:
    sign_in(two, client)
    answer = await client.get(NOOR)
    profile = answer.json()
    assert answer.status_code == 200
    assert [each["kind"] for each in profile["identifiers"]] == ["crm"]
    assert [each["source"] for each in profile["identifiers"]] == ["app_ticket"]
    assert len(profile["enrolments"]) == 1
    assert profile["enrolments"][0]["human"] == profile["enrolments"][0]["enrolment_id"]
    assert (profile["works_here"], profile["parts"], profile["part_of"]) == (False, [], None)
    assert profile["first_name"] is None
    assert "crm-profile-Noor" not in answer.text


async def test_a_system_sees_no_more(two: Shop, client: httpx2.AsyncClient) -> None:
    answer = await client.get(NOOR, headers=key(two, "reader"))
    profile = answer.json()
    assert (profile["works_here"], profile["first_name"], profile["language"]) == (None, None, None)
    assert [each["kind"] for each in profile["identifiers"]] == ["crm"]
    assert "crm-profile-Noor" not in answer.text


async def test_everybody_is_told_who_looked(shop: Shop, client: httpx2.AsyncClient) -> None:
    noor = shop.welcome()
    sign_in(shop, client)
    await client.get(NOOR)
    await client.get(f"{NOOR}/history")
    client.cookies.clear()
    await client.get(NOOR, headers=key(shop, "reader"))
    with shop.database.read() as work:
        looks = looks_at(work, noor.person)
    assert sorted((each.role, each.purpose, each.store) for each in looks) == [
        ("operator", "review_profile", None),
        ("operator", "review_profile", None),
        ("system", "review_profile", None),
    ]


@pytest.mark.parametrize("path", ["nobody", "nobody/history", "%00", "%00/history"])
async def test_who_is_not_there_is_not_found(
    shop: Shop, client: httpx2.AsyncClient, path: str
) -> None:
    sign_in(shop, client)
    assert problem(await client.get(f"/v1/profiles/{path}")) == (404, "not-found")
    assert not records(shop, What.PROFILE_READ)


async def test_an_advisor_opens_the_card_of_who_showed_her_pass(
    shop: Shop, client: httpx2.AsyncClient
) -> None:
    noor = shop.welcome()
    shop.scan(noor)
    sign_in(shop, client, "advisor")
    card = (await client.get(NOOR)).json()
    assert (card["first_name"], card["language"]) == ("Noor", "nl")
    assert card["visit_id"]
    assert (card["enrolments"], card["identifiers"], card["works_here"]) == (None, None, None)
    (record,) = records(shop, What.PROFILE_READ)
    assert (record.act.person, record.act.store) == (noor.person, "ams-01")
    await client.get(NOOR)
    assert len(records(shop, What.PROFILE_READ)) == 1


@pytest.mark.parametrize(
    "why", ["nobody is here", "a signal alone", "elsewhere", "not allowed", "an auditor"]
)
async def test_a_card_is_closed_otherwise(shop: Shop, client: httpx2.AsyncClient, why: str) -> None:
    recognised = (Purpose.RECOGNISE_IN_STORE,)
    noor = shop.welcome(purposes=recognised if why == "not allowed" else tuple(Purpose))
    if why == "a signal alone":
        shop.hear(noor)
    elif why != "nobody is here":
        shop.scan(noor, store=UTR if why == "elsewhere" else AMS)
    sign_in(shop, client, "auditor" if why == "an auditor" else "advisor")
    answer = await client.get(NOOR)
    assert answer.status_code == (403 if why == "an auditor" else 404)
    assert not records(shop, What.PROFILE_READ)


async def test_a_name_that_one_of_a_household_does_not_want_said_is_not_said(
    two: Shop, client: httpx2.AsyncClient
) -> None:
    noor = two.welcome(profile="profile-Noor")
    two.scan(noor)
    quiet = two.welcome(
        profile="profile-Noor",
        purposes=(Purpose.RECOGNISE_IN_STORE, Purpose.SHOW_TO_STAFF),
    )
    sign_in(two, client, "advisor")
    assert (await client.get(NOOR)).json()["first_name"] is None
    two.say(quiet, Purpose.GREET_BY_NAME, given=True)
    assert (await client.get(NOOR)).json()["first_name"] == "Noor"


# ------------------------------------------------------------------ merging and splitting


async def test_a_merge_is_done_shown_and_undone(two: Shop, client: httpx2.AsyncClient) -> None:
    sign_in(two, client)
    merged = (await client.post(f"{NOOR}/merge", json=MERGE)).json()
    assert (merged["entry"]["what"], merged["entry"]["as"]) == ("merged", "household")
    assert (merged["entry"]["source"], merged["entry"]["target"]) == (
        "profile-Ben",
        "profile-Noor",
    )
    assert merged["entry"]["by"] == "staff:operator"
    assert len((await client.get(NOOR)).json()["enrolments"]) == 2
    assert (await client.get(NOOR)).json()["parts"] == ["profile-Ben"]
    assert (await client.get(BEN)).json()["part_of"] == "profile-Noor"
    undo = {"undo": merged["entry"]["entry_id"], "reason": "mistake"}
    undone = (await client.post(f"{NOOR}/split", json=undo)).json()
    assert undone["entry"]["what"] == "undone"
    assert undone["stayed"] == {"enrolments": [], "identifiers": []}
    assert len((await client.get(BEN)).json()["enrolments"]) == 1
    history = (await client.get(f"{BEN}/history")).json()["entries"]
    assert [each["what"] for each in history] == ["merged", "undone"]
    assert history[0]["undone_by"] == undone["entry"]["entry_id"]
    assert history[1]["undone_by"] is None
    assert [each.act.why for each in records(two, What.MERGED)] == ["household"]
    assert [each.act.why for each in records(two, What.SPLIT)] == ["mistake"]


async def test_one_person_has_one_name_for_all_of_her_phones(
    two: Shop, client: httpx2.AsyncClient
) -> None:
    sign_in(two, client)
    await client.post(f"{NOOR}/merge", json={**MERGE, "as": "one_person"})
    enrolments = (await client.get(NOOR)).json()["enrolments"]
    assert len({each["human"] for each in enrolments}) == 1


async def test_what_is_taken_out_is_a_profile_of_its_own(
    two: Shop, client: httpx2.AsyncClient
) -> None:
    sign_in(two, client)
    await client.post(f"{NOOR}/merge", json=MERGE)
    made = (await client.get(NOOR)).json()
    split = await client.post(
        f"{NOOR}/split",
        json={
            "enrolments": [made["enrolments"][0]["enrolment_id"]],
            "identifiers": [made["identifiers"][0]["identifier_id"]],
            "profile_id": "p-new",
            "reason": "customer_asked",
        },
    )
    assert split.json()["entry"]["target"] == "p-new"
    new = (await client.get("/v1/profiles/p-new")).json()
    assert (len(new["enrolments"]), len(new["identifiers"])) == (1, 1)
    assert new["identifiers"][0]["said_of"] == "profile-Noor"


async def test_the_same_merge_again_is_the_same_merge(
    two: Shop, client: httpx2.AsyncClient
) -> None:
    headers = {**key(two, "operator"), "Idempotency-Key": "m-1"}
    first = await client.post(f"{NOOR}/merge", json=MERGE, headers=headers)
    again = await client.post(f"{NOOR}/merge", json=MERGE, headers=headers)
    assert (first.status_code, first.content) == (200, again.content)
    other = {**MERGE, "as": "one_person"}
    assert problem(await client.post(f"{NOOR}/merge", json=other, headers=headers)) == (
        409,
        "key-reused",
    )
    (record,) = records(two, What.MERGED)
    assert (record.act.actor.kind, record.act.actor.name) == ("system", "crm")


@pytest.mark.parametrize(
    ("path", "body", "expected"),
    [
        ("merge", {**MERGE, "with": "nobody"}, (404, "unknown-profile")),
        ("merge", {**MERGE, "with": "profile-Noor"}, (409, "same-profile")),
        ("merge", {**MERGE, "as": "friends"}, (422, "invalid")),
        ("merge", {**MERGE, "reason": "because"}, (422, "invalid")),
        ("merge", {"with": "profile-Ben", "reason": "duplicate"}, (422, "invalid")),
        ("split", {"reason": "mistake"}, (422, "nothing-named")),
        ("split", {"undo": "e-1", "reason": "mistake"}, (404, "unknown-entry")),
        ("split", {"undo": "e-1", "enrolments": ["p"], "reason": "mistake"}, (422, "invalid")),
        ("split", {"enrolments": ["p"], "reason": "mistake"}, (422, "not-its-own")),
    ],
)
async def test_what_makes_no_sense_is_refused_with_a_word_for_it(
    two: Shop,
    client: httpx2.AsyncClient,
    path: str,
    body: dict[str, Any],
    expected: tuple[int, str],
) -> None:
    sign_in(two, client)
    answer = await client.post(f"{NOOR}/{path}", json=body)
    assert problem(answer) == expected
    assert answer.json()["detail"]
    assert not records(two, What.MERGED)


async def test_who_works_here_stays_apart_from_customers(
    two: Shop, client: httpx2.AsyncClient
) -> None:
    with two.database.begin() as work:
        ben = ProfileId("profile-Ben")
        work.people.put_profile(replace(work.people.profiles([ben])[ben], staff=True))
        work.commit()
    sign_in(two, client)
    answer = await client.post(f"{NOOR}/merge", json=MERGE)
    assert problem(answer) == (409, "staff")
    assert "works here" in answer.json()["detail"]


async def test_a_page_of_somebody_else_merges_nothing(
    two: Shop, client: httpx2.AsyncClient
) -> None:
    sign_in(two, client)
    client.headers["Origin"] = "https://elsewhere.example"
    assert problem(await client.post(f"{NOOR}/merge", json=MERGE)) == (403, "foreign-origin")
