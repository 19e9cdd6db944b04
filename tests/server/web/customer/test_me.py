"""What a customer is told of herself: by `GET /v1/me`, and who may ask."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from shopbell_server.core.access.customer_sessions import IDLE_MS, LINK_MS, SESSION_MS
from shopbell_server.core.consent.ledger import Purpose
from shopbell_server.core.ids import FactId
from shopbell_server.ports.told import Told
from shopbell_server.usecases.consent.consents import leave
from shopbell_server.usecases.visits.joined import join
from shopbell_server.usecases.visits.recompute import Terms
from shopbell_server.web.access.session_cookies import PAGE_COOKIE
from tests.server.web.conftest import HOST
from tests.server.web.shop import AMS, MINUTE, Guest, Shop
from tests.server.web.staff.test_present import PRESENT, signed_in

OWN = {"Origin": HOST}


async def link_of(client: httpx2.AsyncClient, guest: Guest) -> str:
    answer = await client.post("/v1/app/me-link", headers=guest.bearer)
    assert answer.status_code == 201
    url: str = answer.json()["url"]
    return url


async def entered(client: httpx2.AsyncClient, guest: Guest) -> None:
    secret = (await link_of(client, guest)).partition("#")[2]
    answer = await client.post("/me/enter", data={"link": secret}, headers=OWN)
    assert (answer.status_code, answer.headers["location"]) == (303, "/me")


async def me(client: httpx2.AsyncClient, guest: Guest) -> dict[str, Any]:
    answer = await client.get("/v1/me", headers=guest.bearer)
    assert answer.status_code == 200
    body: dict[str, Any] = answer.json()
    return body


# ------------------------------------------------------------------ getting in


async def test_the_secret_of_a_link_stands_where_no_log_sees_it(
    shop: Shop, client: httpx2.AsyncClient
) -> None:
    url = await link_of(client, shop.welcome())
    path, _, secret = url.partition("#")
    assert path == f"{HOST}/me/enter"
    assert secret.startswith("sbm_")


async def test_a_server_behind_a_proxy_says_what_the_address_bar_shows() -> None:
    shop = Shop(origin="https://bell.shop.example")
    transport = httpx2.ASGITransport(app=shop.app())
    async with httpx2.AsyncClient(transport=transport, base_url=HOST) as client:
        url = await link_of(client, shop.welcome())
    assert url.startswith("https://bell.shop.example/me/enter#")


async def test_looking_at_a_link_does_not_use_it_up(shop: Shop, client: httpx2.AsyncClient) -> None:
    noor = shop.welcome()
    secret = shop.link(noor)
    assert (await client.get("/me/enter")).status_code == 200
    assert (await client.get(f"/me/enter?link={secret}")).status_code == 200
    foreign = {"Origin": "https://elsewhere.example"}
    for headers in ({}, foreign):
        refused = await client.post("/me/enter", data={"link": secret}, headers=headers)
        assert refused.status_code == 403
    answer = await client.post("/me/enter", data={"link": secret}, headers=OWN)
    assert answer.status_code == 303
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith(f"{PAGE_COOKIE.name}=sbc_")
    for part in ("HttpOnly", "Secure", "Path=/", "SameSite=lax", "Max-Age=43200"):
        assert part in cookie
    again = await client.post("/me/enter", data={"link": secret}, headers=OWN)
    assert again.status_code == 401
    assert "used before" in again.text


async def test_a_link_lives_for_five_minutes(shop: Shop, client: httpx2.AsyncClient) -> None:
    secret = shop.link(shop.welcome())
    shop.clock.forward(LINK_MS)
    answer = await client.post("/me/enter", data={"link": secret}, headers=OWN)
    assert answer.status_code == 401


@pytest.mark.parametrize("secret", ["", "sbm_x", "x" * 4000])
async def test_what_is_no_link_opens_nothing(client: httpx2.AsyncClient, secret: str) -> None:
    answer = await client.post("/me/enter", data={"link": secret}, headers=OWN)
    assert answer.status_code == 401
    assert "set-cookie" not in answer.headers


async def test_no_credential_of_another_kind_is_a_link_or_a_session(
    shop: Shop, client: httpx2.AsyncClient
) -> None:
    noor = shop.welcome()
    for secret in (noor.device_token, shop.employ().secret, shop.open_page(noor)):
        answer = await client.post("/me/enter", data={"link": secret}, headers=OWN)
        assert answer.status_code == 401
    for secret in (noor.device_token, shop.employ().secret, shop.link(noor)):
        client.cookies.set(PAGE_COOKIE.name, secret)
        assert (await client.get("/me/here")).status_code == 401


async def test_a_session_ends_when_nobody_uses_it(shop: Shop, client: httpx2.AsyncClient) -> None:
    await entered(client, shop.welcome())
    shop.clock.forward(IDLE_MS - 1)
    assert (await client.get("/me")).status_code == 200
    shop.clock.forward(IDLE_MS - 1)
    assert (await client.get("/me")).status_code == 200
    shop.clock.forward(IDLE_MS)
    assert (await client.get("/me")).headers["location"] == "/me/enter"


async def test_what_the_page_asks_by_itself_does_not_keep_it_open(
    shop: Shop, client: httpx2.AsyncClient
) -> None:
    await entered(client, shop.welcome())
    shop.clock.forward(IDLE_MS - 1)
    assert (await client.get("/me/here")).status_code == 200
    shop.clock.forward(1)
    assert (await client.get("/me/here")).status_code == 401


async def test_a_session_ends_after_twelve_hours_however_it_is_used(
    shop: Shop, client: httpx2.AsyncClient
) -> None:
    await entered(client, shop.welcome())
    for _ in range(SESSION_MS // (IDLE_MS - 1)):
        shop.clock.forward(IDLE_MS - 1)
        assert (await client.get("/me")).status_code == 200
    shop.clock.forward(IDLE_MS - 1)
    assert (await client.get("/me")).status_code == 303


async def test_leaving_ends_the_session_and_its_links(
    shop: Shop, client: httpx2.AsyncClient
) -> None:
    noor = shop.welcome()
    await entered(client, noor)
    secret = shop.link(noor)
    with shop.database.begin() as work:
        enrolment = work.people.enrolments([noor.person])[noor.person]
        leave(
            work,
            shop.entropy,
            shop.clock.now_ms(),
            enrolment=enrolment,
            rules=shop.rules,
            sinks=shop.site.sinks,
        )
        work.commit()
    assert (await client.get("/me/here")).status_code == 401
    answer = await client.post("/me/enter", data={"link": secret}, headers=OWN)
    assert answer.status_code == 401


async def test_signing_out_ends_this_session_alone(shop: Shop, client: httpx2.AsyncClient) -> None:
    noor = shop.welcome()
    other = shop.open_page(noor)
    await entered(client, noor)
    for query in ("language=nl&said=ended", "said=ended"):
        answer = await client.post("/me/leave", headers=OWN)
        assert (answer.status_code, answer.headers["location"]) == (303, f"/me/enter?{query}")
    assert (await client.get("/me/here")).status_code == 401
    client.cookies.set(PAGE_COOKIE.name, other)
    assert (await client.get("/me/here")).status_code == 200


async def test_a_page_that_asks_too_often_is_told_so(
    shop: Shop, client: httpx2.AsyncClient
) -> None:
    await entered(client, shop.welcome())
    statuses = [(await client.get("/me/here")).status_code for _ in range(61)]
    assert (statuses[0], statuses[-1]) == (200, 429)


# ------------------------------------------------------------------ what is known


async def test_she_is_told_what_is_known_and_who_looked(
    shop: Shop, client: httpx2.AsyncClient
) -> None:
    noor = shop.welcome("Noor")
    shop.clock.forward(MINUTE)
    shop.scan(noor)
    assert (await client.get(PRESENT, headers=signed_in(shop))).status_code == 200
    with shop.database.begin() as work:
        work.told.note(
            [
                Told(
                    person=noor.person,
                    sink="cdp",
                    fact=FactId("f-1"),
                    kind="shopbell.visit.started.v1",
                    at_ms=shop.clock.now_ms(),
                    delivered=True,
                    answer="",
                )
            ]
        )
        work.commit()
    client.cookies.clear()
    told = await me(client, noor)
    assert told["enrolment_id"] == noor.person
    assert (told["first_name"], told["language"]) == ("Noor", "nl")
    assert told["identifiers"] == [{"kind": "crm", "masked": "••••Noor"}]
    assert told["device"]["model"] == "Pixel 9"
    assert {each["purpose"]: each["active"] for each in told["purposes"]} == dict.fromkeys(
        Purpose, True
    )
    (visit,) = told["visits"]
    assert (visit["store"]["name"], visit["ongoing"], visit["evidence"]) == (
        "Kalverstraat",
        True,
        "pass",
    )
    assert [zone["name"] for zone in visit["zones"]] == ["Entree"]
    (now,) = told["recognised_now"]
    assert (now["store"]["id"], now["zone"]["name"], now["certain"]) == (AMS, "Entree", True)
    assert now["staff_see"]["first_name"] == "Noor"
    (look,) = told["looks"]
    assert (look["role"], look["store"]["name"], look["purpose"]) == (
        "advisor",
        "Kalverstraat",
        "serve_in_store",
    )
    (received,) = told["received"]
    assert (received["recipient"], received["event"], received["delivered"]) == (
        "cdp",
        "shopbell.visit.started.v1",
        True,
    )


async def test_nothing_about_the_device_or_its_keys_leaves(
    shop: Shop, client: httpx2.AsyncClient
) -> None:
    noor = shop.welcome("Noor")
    text = (await client.get("/v1/me", headers=noor.bearer)).text
    with shop.database.read() as work:
        card = work.people.card_of(noor.person)
        phone = work.people.phones([noor.person])[noor.person]
    assert card is not None
    for secret in (noor.device_token, card.secret.hex(), phone.mac_key.hex()):
        assert secret not in text


async def test_a_household_shows_nobody_another_members_movements(
    shop: Shop, client: httpx2.AsyncClient
) -> None:
    noor = shop.welcome("Noor", profile="household")
    ravi = shop.welcome(None, profile="household")
    shop.scan(noor)
    assert (await client.get(PRESENT, headers=signed_in(shop))).status_code == 200
    client.cookies.clear()
    told = await me(client, ravi)
    assert (told["visits"], told["looks"], told["recognised_now"], told["received"]) == (
        [],
        [],
        [],
        [],
    )
    assert noor.person not in str(told)


async def test_people_who_are_joined_are_told_of_their_own_evidence_alone(
    shop: Shop, client: httpx2.AsyncClient
) -> None:
    """A join may be wrong: it must tell nobody where somebody else was."""
    noor, ravi = shop.welcome("Noor"), shop.welcome("Ravi")
    shop.clock.forward(MINUTE)
    shop.scan(ravi)
    with shop.database.begin() as work:
        terms = Terms(rules=shop.rules, sinks=tuple(shop.site.sinks))
        both = [noor.person, ravi.person]
        join(work, shop.entropy, shop.clock.now_ms(), persons=both, terms=terms)
        work.commit()
    assert (await client.get(PRESENT, headers=signed_in(shop))).status_code == 200
    with shop.database.begin() as work:
        head = work.people.enrolments([ravi.person])[ravi.person].head
        assert head is not None
        work.told.note(
            [
                Told(
                    person=head,
                    sink="cdp",
                    fact=FactId("f-1"),
                    kind="shopbell.visit.started.v1",
                    at_ms=shop.clock.now_ms(),
                    delivered=True,
                    answer="",
                )
            ]
        )
        work.commit()
    client.cookies.clear()
    for guest, number in ((noor, 0), (ravi, 1)):
        told = await me(client, guest)
        for each in ("visits", "looks", "recognised_now", "received"):
            assert len(told[each]) == number, (each, number)


async def test_who_is_not_shown_to_staff_sees_that_she_is_not(
    shop: Shop, client: httpx2.AsyncClient
) -> None:
    noor = shop.welcome(purposes=[Purpose.RECOGNISE_IN_STORE])
    shop.scan(noor)
    answer = await client.get("/v1/me/now", headers=noor.bearer)
    (now,) = answer.json()["recognised_now"]
    assert (now["certain"], now["staff_see"]) == (True, None)
    shop.clock.forward(24 * 60 * MINUTE)
    answer = await client.get("/v1/me/now", headers=noor.bearer)
    assert answer.json()["recognised_now"] == []


async def test_a_moment_of_being_heard_is_said_to_be_no_visit(
    shop: Shop, client: httpx2.AsyncClient
) -> None:
    noor = shop.welcome()
    shop.hear(noor, lasting_ms=10_000, n=3)
    told = await me(client, noor)
    (now,) = told["recognised_now"]
    assert (now["certain"], now["staff_see"], told["visits"]) == (False, None, [])


async def test_her_page_and_her_phone_are_told_the_same(
    shop: Shop, client: httpx2.AsyncClient
) -> None:
    noor = shop.welcome()
    shop.scan(noor)
    by_phone = await me(client, noor)
    await entered(client, noor)
    assert (await client.get("/v1/me")).json() == by_phone
