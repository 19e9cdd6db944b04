"""What other systems read with an API key."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from shopbell_server.core.consent.ledger import Purpose
from shopbell_server.usecases.staff.api_keys import make_key, revoke_key
from shopbell_server.usecases.staff.looks import looks_at
from tests.server.web.shop import AMS, UTR, Guest, Shop

if TYPE_CHECKING:
    import httpx2

PRESENT = f"/v1/stores/{AMS}/present"

SHARING = (Purpose.RECOGNISE_IN_STORE, Purpose.SHARE_WITH_CDP, Purpose.GREET_BY_NAME)


@pytest.fixture
def key(shop: Shop) -> dict[str, str]:
    _, secret = make_key(
        shop.database, shop.entropy, shop.clock.now_ms(), name="cdp", by="olga", system="reader"
    )
    return {"Authorization": f"Bearer {secret}"}


def here(shop: Shop, *purposes: Purpose, name: str = "Noor") -> Guest:
    guest = shop.welcome(name, purposes=purposes)
    shop.scan(guest)
    return guest


async def test_a_system_reads_who_is_here_without_a_name(
    shop: Shop, client: httpx2.AsyncClient, key: dict[str, str]
) -> None:
    here(shop, *SHARING)
    answer = await client.get(PRESENT, headers=key)
    assert answer.status_code == 200
    (row,) = answer.json()["rows"]
    assert (row["first_name"], row["language"]) == (None, None)
    assert row["evidence"] == "pass"
    assert "Noor" not in answer.text


async def test_it_reads_visits_of_all_stores_and_one_by_its_id(
    shop: Shop, client: httpx2.AsyncClient, key: dict[str, str]
) -> None:
    guest = here(shop, *SHARING)
    other = shop.welcome("Ravi", purposes=SHARING)
    shop.scan(other, store=UTR)
    visits = (await client.get("/v1/visits", headers=key)).json()["visits"]
    assert {each["store"] for each in visits} == {AMS, UTR}
    one = await client.get(f"/v1/visits/{visits[0]['id']}", headers=key)
    assert one.json() == visits[0]
    assert one.json()["first_name"] is None
    with shop.database.read() as work:
        seen = looks_at(work, guest.person)
    assert [(each.role, each.purpose) for each in seen] == [("system", "share_with_cdp")]


@pytest.mark.parametrize("path", [PRESENT, "/v1/visits"])
async def test_who_does_not_share_is_not_there(
    shop: Shop, client: httpx2.AsyncClient, key: dict[str, str], path: str
) -> None:
    here(shop, Purpose.RECOGNISE_IN_STORE, Purpose.SHOW_TO_STAFF, Purpose.GREET_BY_NAME)
    answer = await client.get(path, headers=key)
    assert answer.status_code == 200
    assert answer.json().get("rows", answer.json().get("visits")) == []


async def test_her_no_holds_from_the_next_request_on(
    shop: Shop, client: httpx2.AsyncClient, key: dict[str, str]
) -> None:
    guest = here(shop, *SHARING)
    (visit,) = (await client.get("/v1/visits", headers=key)).json()["visits"]
    shop.say(guest, Purpose.SHARE_WITH_CDP, given=False)
    assert (await client.get(f"/v1/visits/{visit['id']}", headers=key)).status_code == 404
    assert (await client.get(PRESENT, headers=key)).json()["rows"] == []


async def test_a_store_that_is_none_is_not_there(
    client: httpx2.AsyncClient, key: dict[str, str]
) -> None:
    assert (await client.get("/v1/stores/nowhere/present", headers=key)).status_code == 404


async def test_it_opens_no_stream_and_no_page(
    client: httpx2.AsyncClient, key: dict[str, str]
) -> None:
    assert (await client.get(f"/v1/stores/{AMS}/stream", headers=key)).status_code == 401
    assert (await client.get("/board", headers=key)).headers["location"] == "/login"


async def test_a_revoked_key_reads_nothing(shop: Shop, client: httpx2.AsyncClient) -> None:
    made, secret = make_key(
        shop.database, shop.entropy, shop.clock.now_ms(), name="cdp", by="olga", system="reader"
    )
    revoke_key(shop.database, shop.clock.now_ms(), made.id, "olga")
    answer = await client.get(PRESENT, headers={"Authorization": f"Bearer {secret}"})
    assert answer.status_code == 401


async def test_a_key_shown_beside_a_session_is_what_counts(
    shop: Shop, client: httpx2.AsyncClient, key: dict[str, str]
) -> None:
    here(shop, Purpose.RECOGNISE_IN_STORE, Purpose.SHOW_TO_STAFF)
    client.cookies.set("__Host-shopbell", shop.employ().secret)
    assert len((await client.get(PRESENT)).json()["rows"]) == 1
    assert (await client.get(PRESENT, headers=key)).json()["rows"] == []
