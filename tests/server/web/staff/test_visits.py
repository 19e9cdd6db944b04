from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from shopbell_server.core.consent.ledger import Purpose
from tests.server.web.shop import MINUTE, UTR, Shop
from tests.server.web.staff.test_present import signed_in

if TYPE_CHECKING:
    import httpx2


async def test_visits_come_in_pages_newest_first(shop: Shop, client: httpx2.AsyncClient) -> None:
    for name in ("Noor", "Ravi", "Aisha"):
        shop.scan(shop.welcome(name))
        shop.clock.forward(MINUTE)
    headers = signed_in(shop)
    first = (await client.get("/v1/visits?page_size=2", headers=headers)).json()
    assert [visit["first_name"] for visit in first["visits"]] == ["Aisha", "Ravi"]
    second = (
        await client.get(
            "/v1/visits",
            params={"page_size": 2, "cursor": first["next_cursor"]},
            headers=headers,
        )
    ).json()
    assert [visit["first_name"] for visit in second["visits"]] == ["Noor"]
    assert second["next_cursor"] is None


async def test_a_visit_says_what_is_known(shop: Shop, client: httpx2.AsyncClient) -> None:
    shop.hear(shop.welcome("Noor"), lasting_ms=12 * MINUTE)
    headers = signed_in(shop)
    (visit,) = (await client.get("/v1/visits", headers=headers)).json()["visits"]
    one = await client.get(f"/v1/visits/{visit['id']}", headers=headers)
    assert one.status_code == 200
    assert one.json() == visit
    assert (visit["began"], visit["last"]) == ("2026-11-21T11:48:00Z", "2026-11-21T12:00:00Z")
    assert (visit["duration_s"], visit["state"], visit["engaged"]) == (720, "open", True)
    assert (visit["evidence"], visit["confidence"]) == ("signal", "medium")
    assert visit["zones"] == [{"zone": "shoes", "dwell_s": 720, "dwelt": True}]


async def test_what_may_not_be_shown_now_is_not_listed(
    shop: Shop, client: httpx2.AsyncClient
) -> None:
    noor, ravi = shop.welcome("Noor"), shop.welcome("Ravi")
    shop.scan(noor)
    shop.scan(ravi)
    headers = signed_in(shop)
    before = (await client.get("/v1/visits", headers=headers)).json()["visits"]
    shop.say(noor, Purpose.SHOW_TO_STAFF, given=False)
    after = (await client.get("/v1/visits", headers=headers)).json()["visits"]
    assert [visit["first_name"] for visit in after] == ["Ravi"]
    hers = next(visit for visit in before if visit["first_name"] == "Noor")
    assert (await client.get(f"/v1/visits/{hers['id']}", headers=headers)).status_code == 404


async def test_a_visit_to_another_store_does_not_exist(
    shop: Shop, client: httpx2.AsyncClient
) -> None:
    shop.scan(shop.welcome(), store=UTR)
    there = shop.employ("kim", UTR)
    cookie = {"Cookie": f"__Host-shopbell={there.secret}"}
    (visit,) = (await client.get("/v1/visits", headers=cookie)).json()["visits"]
    here = signed_in(shop)
    assert (await client.get("/v1/visits", headers=here)).json()["visits"] == []
    other = await client.get(f"/v1/visits/{visit['id']}", headers=here)
    unknown = await client.get("/v1/visits/nothing", headers=here)
    assert (other.status_code, unknown.status_code) == (404, 404)
    assert other.json() == unknown.json()


@pytest.mark.parametrize("size", ["1000000000", "-1", "0", "many", "1.5"])
async def test_a_page_has_a_size(shop: Shop, client: httpx2.AsyncClient, size: str) -> None:
    answer = await client.get(f"/v1/visits?page_size={size}", headers=signed_in(shop))
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "page_size"


@pytest.mark.parametrize("cursor", ["x", "!!", "MTIz", "YS5i", "////", "x" * 129])
async def test_a_cursor_is_ours_or_refused(
    shop: Shop, client: httpx2.AsyncClient, cursor: str
) -> None:
    answer = await client.get("/v1/visits", params={"cursor": cursor}, headers=signed_in(shop))
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "cursor"


async def test_only_staff_read_visits(shop: Shop, client: httpx2.AsyncClient) -> None:
    for headers in ({}, shop.welcome().bearer):
        assert (await client.get("/v1/visits", headers=dict(headers))).status_code == 401
        assert (await client.get("/v1/visits/v", headers=dict(headers))).status_code == 401
