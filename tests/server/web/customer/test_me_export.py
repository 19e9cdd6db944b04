"""`GET /v1/me/export`, `DELETE /v1/me`: only for herself, freshly proven."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING

import pytest

from shopbell_server.usecases.keeping.erase import finish
from shopbell_server.web.access.session_cookies import PAGE_COOKIE
from tests.server.web.conftest import HOST

if TYPE_CHECKING:
    import httpx2

    from tests.server.web.shop import Guest, Shop


def proven(shop: Shop, guest: Guest) -> dict[str, str]:
    return {**guest.bearer, "Shopbell-Ticket": shop.ticket("profile-Noor")}


async def test_she_takes_everything_along_as_json(shop: Shop, client: httpx2.AsyncClient) -> None:
    noor = shop.welcome()
    answer = await client.get("/v1/me/export", headers=proven(shop, noor))
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["content-disposition"] == 'attachment; filename="shopbell.json"'
    assert answer.headers["cache-control"] == "no-store"
    (taken,) = answer.json()["exports"]
    assert taken["person"] == noor.person


async def test_she_takes_everything_along_as_tables(shop: Shop, client: httpx2.AsyncClient) -> None:
    noor = shop.welcome()
    answer = await client.get("/v1/me/export?format=csv", headers=proven(shop, noor))
    assert answer.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as files:
        assert f"{noor.person}/consents.csv" in files.namelist()


@pytest.mark.parametrize(("method", "path"), [("GET", "/v1/me/export"), ("DELETE", "/v1/me")])
async def test_it_takes_a_proof_that_was_not_used_before(
    shop: Shop, client: httpx2.AsyncClient, method: str, path: str
) -> None:
    noor = shop.welcome()
    headers = proven(shop, noor)
    assert (await client.request(method, path, headers=noor.bearer)).status_code == 403
    wrong = {**noor.bearer, "Shopbell-Ticket": "sbt_x"}
    assert (await client.request(method, path, headers=wrong)).status_code == 403
    assert (await client.get("/v1/me/export", headers=headers)).status_code == 200
    answer = await client.request(method, path, headers=headers)
    assert answer.status_code == 403
    assert answer.json()["type"] == "urn:shopbell:problem:proof-needed"


async def test_she_is_forgotten_at_once(shop: Shop, client: httpx2.AsyncClient) -> None:
    noor = shop.welcome()
    answer = await client.delete("/v1/me", headers=proven(shop, noor))
    assert (answer.status_code, answer.content) == (202, b"")
    assert (await client.get("/v1/me", headers=noor.bearer)).status_code == 401
    assert (await client.get("/v1/app/tokens", headers=noor.bearer)).status_code == 401
    with shop.database.read() as work:
        assert work.people.enrolments([noor.person]) == {}
        (erasure,) = work.erasures.all(9)
    assert (erasure.person, erasure.asked_by) == (noor.person, "phone")


async def test_a_new_ticket_is_a_new_start(shop: Shop, client: httpx2.AsyncClient) -> None:
    noor = shop.welcome()
    assert (await client.delete("/v1/me", headers=proven(shop, noor))).status_code == 202
    with shop.database.read() as work:
        (erasure,) = work.erasures.all(9)
    # The job does so within seconds; until then nobody begins anew under that name.
    finish(shop.database, erasure, shop.clock.now_ms())
    again = shop.welcome()
    assert again.person != noor.person
    known = (await client.get("/v1/me", headers=again.bearer)).json()
    assert known["visits"] == []


async def test_her_page_may_ask_in_its_first_minutes(
    shop: Shop, client: httpx2.AsyncClient
) -> None:
    noor = shop.welcome()
    client.cookies.set(PAGE_COOKIE.name, shop.open_page(noor))
    assert (await client.get("/v1/me/export")).status_code == 200
    assert (await client.delete("/v1/me")).status_code == 403  # from no page of ours
    answer = await client.delete("/v1/me", headers={"Origin": HOST})
    assert answer.status_code == 202
    assert (await client.get("/v1/me")).status_code == 401
