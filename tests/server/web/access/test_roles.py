"""Whom each role sees in which store: the board, lists, single visits and streams alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, get_args

import pytest

from shopbell_server.core.registry import Role
from tests.server.web.shop import AMS, UTR, Shop

if TYPE_CHECKING:
    import httpx2

    from shopbell_server.core.ids import StoreId, VisitId

SEES: Final[dict[Role, bool]] = {
    "advisor": True,
    "manager": True,
    "operator": False,
    "auditor": False,
}
"""Whoever helps customers sees them; who looks after machines or after the record does not."""

STORES: Final = {"own": (AMS,), "another": (UTR,), "both": (AMS, UTR), "none": ("closed-01",)}
"""Whose staff it is; the customer is in Amsterdam."""


def test_every_role_is_here() -> None:
    assert set(SEES) == set(get_args(Role))


@pytest.mark.parametrize("stores", STORES)
@pytest.mark.parametrize("role", SEES)
async def test_only_who_helps_in_that_store_sees_who_is_there(
    shop: Shop, client: httpx2.AsyncClient, role: Role, stores: str
) -> None:
    guest = shop.welcome("Noor")
    shop.scan(guest)
    visit = visit_of(shop, guest.person)
    theirs: tuple[StoreId, ...] = STORES[stores]  # type: ignore[assignment]  # names of stores
    client.cookies.set("__Host-shopbell", shop.employ("sam", *theirs, role=role).secret)
    present = await client.get(f"/v1/stores/{AMS}/present")
    stream_of_others = await client.get("/v1/stores/nowhere/stream")
    listed = await client.get("/v1/visits")
    one = await client.get(f"/v1/visits/{visit}")
    sees = SEES[role] and AMS in theirs
    assert present.status_code == (200 if AMS in theirs else 404)
    assert [row["visit"] for row in present.json().get("rows", [])] == [visit] * sees
    assert [each["id"] for each in listed.json()["visits"]] == [visit] * sees
    assert one.status_code == (200 if sees else 404)
    assert stream_of_others.status_code == 404
    for answer in (present, listed, one):
        assert ("Noor" in answer.text) == sees


async def test_another_role_or_another_store_counts_from_the_next_request_on(
    shop: Shop, client: httpx2.AsyncClient
) -> None:
    shop.scan(shop.welcome("Noor"))
    client.cookies.set("__Host-shopbell", shop.employ("sam").secret)
    assert len((await client.get("/v1/visits")).json()["visits"]) == 1
    shop.employ("sam", role="auditor")
    assert (await client.get("/v1/visits")).json()["visits"] == []
    shop.employ("sam", UTR)
    assert (await client.get(f"/v1/stores/{AMS}/present")).status_code == 404


@pytest.mark.parametrize(
    "asked", ["?store=ams-01", "?person=x", "?page_size=200&cursor=AAAA", "?search=Noor"]
)
async def test_nobody_searches_for_a_customer(
    shop: Shop, client: httpx2.AsyncClient, asked: str
) -> None:
    """Lists take no other questions: what they do not know is not looked at."""
    shop.scan(shop.welcome("Noor"), store=UTR)
    client.cookies.set("__Host-shopbell", shop.employ("sam", role="manager").secret)
    answer = await client.get(f"/v1/visits{asked}")
    assert "Noor" not in answer.text
    assert answer.json().get("visits", []) == []


def visit_of(shop: Shop, person: object) -> VisitId:
    with shop.database.read() as work:
        (visit,) = work.visits.of_person(person)  # type: ignore[arg-type]  # a PersonId
    return visit.id
