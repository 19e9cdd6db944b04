"""One customer's whole story over HTTP, on every database there is."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest

from shopbell_server.core.consent.ledger import Purpose
from tests.server.web.conftest import HOST
from tests.server.web.phones.test_phones import BACKEND, consent
from tests.server.web.shop import AMS, MINUTE, Guest, Shop
from tests.server.web.staff.test_pictures import Screens
from tests.server.web.staff.test_present import PRESENT, signed_in

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx2

    from shopbell_server.ports.database import Database


@pytest.fixture
def shop(database: Database) -> Shop:
    return Shop(database=database)


async def test_she_enrols_is_seen_withdraws_and_leaves(
    shop: Shop, client: httpx2.AsyncClient
) -> None:
    ticket = await client.post(
        "/v1/app/tickets", json={"profile_id": "p-1", "first_name": "Noor"}, headers=BACKEND
    )
    purposes = ("recognise_in_store", "show_to_staff", "greet_by_name", "share_with_cdp")
    body = {"ticket": ticket.json()["ticket"], "consents": [consent(each) for each in purposes]}
    named = {"Idempotency-Key": "enrol"}
    first = await client.post("/v1/app/enrolments", json=body, headers=named)
    again = await client.post("/v1/app/enrolments", json=body, headers=named)
    other = await client.post("/v1/app/enrolments", json=body)
    assert (first.status_code, again.content, other.status_code) == (201, first.content, 410)

    noor = Guest(first.json()["enrolment_id"], first.json()["device_token"])
    tokens = await client.get("/v1/app/tokens", headers=noor.bearer)
    assert len(tokens.json()["tokens"]) == 672

    headers = signed_in(shop)
    shop.clock.forward(MINUTE)
    shop.scan(noor)
    (row,) = (await client.get(PRESENT, headers=headers)).json()["rows"]
    assert (row["first_name"], row["zone"]["name"]) == ("Noor", "Entree")
    (visit,) = (await client.get("/v1/visits", headers=headers)).json()["visits"]
    assert visit["id"] == row["visit"]
    receipt = {
        "receipt_id": "r-1",
        "store": AMS,
        "till": "till-1",
        "at": visit["last"],
        "card": first.json()["card_ref"],
        "lines": [],
        "total": "9.95",
    }
    booked = await client.post("/v1/pos/receipts", json=receipt, headers=BACKEND)
    again = await client.post("/v1/pos/receipts", json=receipt, headers=BACKEND)
    other = await client.post("/v1/pos/receipts", json={**receipt, "total": 1}, headers=BACKEND)
    assert booked.json() == {"receipt_id": "r-1", "joined": True}
    assert (booked.status_code, again.content, other.status_code) == (201, booked.content, 409)
    (visit,) = (await client.get("/v1/visits", headers=headers)).json()["visits"]
    assert visit["converted"] is None, "she does not show her purchases"
    showing = {"consents": [consent("show_purchases")]}
    await client.put("/v1/app/consents", json=showing, headers=noor.bearer)
    (visit,) = (await client.get("/v1/visits", headers=headers)).json()["visits"]
    assert visit["converted"] is True
    assert "shopbell_visits_open 1.0" in (await client.get("/metrics")).text

    shop.clock.forward(MINUTE)
    withdrawn = {"consents": [consent(state="withdrawn")]}
    answer = await client.put("/v1/app/consents", json=withdrawn, headers=noor.bearer)
    assert answer.status_code == 200
    assert (await client.get(PRESENT, headers=headers)).json()["rows"] == []
    assert (await client.get("/v1/visits", headers=headers)).json()["visits"] == []
    assert (await client.get("/v1/app/tokens", headers=noor.bearer)).status_code == 403

    shop.clock.forward(MINUTE)
    renewed = {"consents": [consent()]}
    await client.put("/v1/app/consents", json=renewed, headers=noor.bearer)
    assert (await client.get("/v1/app/tokens", headers=noor.bearer)).json() != tokens.json()

    shop.clock.forward(MINUTE)
    path = f"/v1/app/enrolments/{noor.person}"
    assert (await client.delete(path, headers=noor.bearer)).status_code == 204
    assert (await client.get("/v1/app/tokens", headers=noor.bearer)).status_code == 401
    signed_out = await client.post("/logout", headers={**headers, "Origin": HOST})
    assert signed_out.status_code == 303
    assert (await client.get(PRESENT, headers=headers)).status_code == 401


async def test_she_opens_her_page_and_decides(shop: Shop, client: httpx2.AsyncClient) -> None:
    noor = shop.welcome("Noor")
    shop.clock.forward(MINUTE)
    shop.scan(noor)
    looked = await client.get(PRESENT, headers=signed_in(shop))
    assert looked.json()["rows"][0]["first_name"] == "Noor"
    link = await client.post("/v1/app/me-link", headers=noor.bearer)
    secret = link.json()["url"].partition("#")[2]
    for status in (303, 401):
        entered = await client.post("/me/enter", data={"link": secret}, headers={"Origin": HOST})
        assert entered.status_code == status
    page = (await client.get("/me?language=en")).text
    for said in (
        "Kalverstraat since 13:01",
        "an advisor, Kalverstraat",
        "On until 21 November 2027",
    ):
        assert said in page
    assert page.count('data-from="') == 21
    for _ in range(2):
        off = {"purpose": "recognise_in_store", "state": "off"}
        await client.post("/me/consents", data=off, headers={"Origin": HOST})
    shop.clock.forward(2 * MINUTE)  # the session is used, and so written to
    told = (await client.get("/v1/me")).json()
    assert told["recognised_now"] == []
    assert [each["role"] for each in told["looks"]] == ["advisor"]
    receipt = (await client.get("/v1/me/receipt")).json()
    events = receipt["pii_processing"][0]["events"]
    assert [each["event_state"] for each in events] == ["given", "withdrawn"]
    await client.post("/me/forget", data={"sure": "yes"}, headers={"Origin": HOST})
    assert (await client.get("/v1/me", headers=noor.bearer)).status_code == 401
    with shop.database.read() as work:
        assert work.people.enrolments([noor.person]) == {}


def test_following_is_as_good_as_reading_everything(shop: Shop) -> None:
    noor, ravi = shop.welcome("Noor"), shop.welcome("Ravi")
    shop.clock.forward(5 * MINUTE)
    screens = Screens(shop)
    story: tuple[Callable[[], object], ...] = (
        lambda: shop.scan(noor),
        lambda: shop.hear(ravi),
        lambda: shop.hear(ravi, zone="till", loss_db=2.0),
        lambda: shop.say(noor, Purpose.GREET_BY_NAME, given=False),
        lambda: shop.clock.forward(3 * MINUTE),
        lambda: shop.say(ravi, Purpose.RECOGNISE_IN_STORE, given=False),
    )
    for deed in story:
        deed()
        screens.hear_of([noor.person, ravi.person])
        assert screens.followed.rows == screens.whole.rows
        assert screens.rows()


@pytest.mark.parametrize("text", ["9" * 50 + ".x", "1.\0", f"{2**63}.x", "-1.x", "1.x" + "y" * 64])
async def test_a_cursor_that_no_database_can_look_for_is_refused(
    shop: Shop, client: httpx2.AsyncClient, text: str
) -> None:
    cursor = base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()
    answer = await client.get("/v1/visits", params={"cursor": cursor}, headers=signed_in(shop))
    assert answer.status_code == 422


async def test_an_id_that_no_database_can_look_for_is_nobodys(
    shop: Shop, client: httpx2.AsyncClient
) -> None:
    answer = await client.get("/v1/visits/%00", headers=signed_in(shop))
    assert answer.status_code == 404
    for path in ("/v1/app/notices/%00", "/v1/app/fixed-ids/a%00b"):
        answer = await client.delete(path, headers=shop.welcome().bearer)
        assert answer.status_code == 404
