from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from shopbell_server.core.consent.ledger import Purpose
from shopbell_server.core.evidence import Evidence
from shopbell_server.core.identity.people import Profile
from shopbell_server.core.ids import StoreId
from shopbell_server.web.access.session_cookies import STAFF_COOKIE
from tests.server.web.shop import AMS, MINUTE, SECOND, UTR, Shop

if TYPE_CHECKING:
    import httpx2

    from shopbell_server.core.registry import Role

PRESENT = f"/v1/stores/{AMS}/present"


def signed_in(shop: Shop, role: Role = "advisor", language: str = "nl") -> dict[str, str]:
    secret = shop.employ(f"{role}-{language}", role=role, language=language).secret
    return {"Cookie": f"{STAFF_COOKIE.name}={secret}"}


async def test_who_checked_in_is_on_the_board(shop: Shop, client: httpx2.AsyncClient) -> None:
    guest = shop.welcome("Noor")
    shop.scan(guest)
    answer = await client.get(PRESENT, headers=signed_in(shop))
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json()["store"] == {
        "id": "ams-01",
        "name": "Kalverstraat",
        "timezone": "Europe/Amsterdam",
    }
    (row,) = answer.json()["rows"]
    visit = row.pop("visit")
    assert visit
    assert row == {
        "handle": {
            "number": 1,
            "shape": "triangle",
            "sign": "▲",
            "colour": "green",
            "words": "Gast 1 ▲ groen",
        },
        "first_name": "Noor",
        "language": "nl",
        "zone": {"id": "entrance", "name": "Entree"},
        "since": "2026-11-21T12:00:00Z",
        "place": "here",
        "held": True,
        "unseen_since": None,
        "deaf_since": None,
        "evidence": "pass",
        "word": "ingecheckt",
        "recognised": "ingecheckt met haar pas, 13:00, Entree: zeker",
        "reason_kind": None,
        "reason_word": None,
        "reason": None,
        "reason_due": None,
        "ask_first": False,
        "taken": None,
        "asked": False,
        "served": False,
        "turn": 3,
        "turn_since": "2026-11-21T12:00:00Z",
    }


async def test_words_are_in_the_language_of_who_reads(
    shop: Shop, client: httpx2.AsyncClient
) -> None:
    shop.scan(shop.welcome())
    answer = await client.get(PRESENT, headers=signed_in(shop, language="en"))
    (row,) = answer.json()["rows"]
    assert row["handle"]["words"] == "Guest 1 ▲ green"
    assert row["recognised"] == "checked in with her pass, 13:00, Entree: certain"


async def test_longest_here_comes_first(shop: Shop, client: httpx2.AsyncClient) -> None:
    for name in ("Noor", "Ravi", "Aisha"):
        shop.scan(shop.welcome(name))
        shop.clock.forward(SECOND)
    answer = await client.get(PRESENT, headers=signed_in(shop))
    assert [row["first_name"] for row in answer.json()["rows"]] == ["Noor", "Ravi", "Aisha"]


async def test_a_hint_shows_no_name(shop: Shop, client: httpx2.AsyncClient) -> None:
    shop.hear(shop.welcome(), evidence=Evidence.HINT, carrier="ibeacon")
    (row,) = (await client.get(PRESENT, headers=signed_in(shop))).json()["rows"]
    assert (row["first_name"], row["word"]) == (None, "misschien")


async def test_a_name_needs_its_purpose(shop: Shop, client: httpx2.AsyncClient) -> None:
    shop.scan(shop.welcome(purposes=[Purpose.RECOGNISE_IN_STORE, Purpose.SHOW_TO_STAFF]))
    (row,) = (await client.get(PRESENT, headers=signed_in(shop))).json()["rows"]
    assert (row["first_name"], row["word"]) == (None, "ingecheckt")


async def test_who_is_not_to_be_shown_is_not_there(shop: Shop, client: httpx2.AsyncClient) -> None:
    shop.scan(shop.welcome(purposes=[Purpose.RECOGNISE_IN_STORE, Purpose.GREET_BY_NAME]))
    assert (await client.get(PRESENT, headers=signed_in(shop))).json()["rows"] == []


async def test_staff_are_left_out(shop: Shop, client: httpx2.AsyncClient) -> None:
    guest = shop.welcome("Sam", profile="p-sam")
    with shop.database.begin() as work:
        enrolment = work.people.enrolments([guest.person])[guest.person]
        work.people.put_profile(
            Profile(id=enrolment.profile, first_name="Sam", language=None, staff=True)
        )
        work.commit()
    shop.scan(guest)
    assert (await client.get(PRESENT, headers=signed_in(shop))).json()["rows"] == []


async def test_unseen_for_three_minutes_is_left_maybe_and_for_ten_gone(
    shop: Shop, client: httpx2.AsyncClient
) -> None:
    shop.hear(shop.welcome())
    headers = signed_in(shop)
    shop.clock.forward(3 * MINUTE)
    (row,) = (await client.get(PRESENT, headers=headers)).json()["rows"]
    assert (row["place"], row["unseen_since"]) == ("left_maybe", "2026-11-21T12:00:00Z")
    shop.clock.forward(7 * MINUTE)
    assert (await client.get(PRESENT, headers=headers)).json()["rows"] == []


async def test_the_zone_follows_the_nearest_scanner(shop: Shop, client: httpx2.AsyncClient) -> None:
    guest = shop.welcome()
    shop.scan(guest, zone="entrance")
    shop.clock.forward(5 * MINUTE)
    shop.hear(guest, zone="shoes", loss_db=30.0)
    shop.hear(guest, zone="till", loss_db=12.0)
    (row,) = (await client.get(PRESENT, headers=signed_in(shop))).json()["rows"]
    assert row["zone"] == {"id": "till", "name": "Kassa"}


@pytest.mark.parametrize("role", ["operator", "auditor"])
async def test_who_has_no_customer_to_help_sees_none(
    shop: Shop, client: httpx2.AsyncClient, role: Role
) -> None:
    shop.scan(shop.welcome())
    assert (await client.get(PRESENT, headers=signed_in(shop, role))).json()["rows"] == []


async def test_only_staff_look(shop: Shop, client: httpx2.AsyncClient) -> None:
    guest = shop.welcome()
    for headers in (
        {},
        guest.bearer,
        {"Cookie": f"{STAFF_COOKIE.name}=sbs_nonsense"},
        {"Cookie": STAFF_COOKIE.name},
    ):
        answer = await client.get(PRESENT, headers=dict(headers))
        assert answer.status_code == 401
        # A phone's token is no API key, which is the other thing that would do here.
        kind = "unauthorized" if "Authorization" in headers else "not-signed-in"
        assert answer.json()["type"] == f"urn:shopbell:problem:{kind}"


async def test_another_store_does_not_exist(shop: Shop, client: httpx2.AsyncClient) -> None:
    headers = signed_in(shop)
    other = await client.get(f"/v1/stores/{UTR}/present", headers=headers)
    unknown = await client.get("/v1/stores/nowhere/present", headers=headers)
    assert (other.status_code, unknown.status_code) == (404, 404)
    assert other.json() == unknown.json()


async def test_a_store_of_theirs_that_is_gone_does_not_exist(
    shop: Shop, client: httpx2.AsyncClient
) -> None:
    secret = shop.employ("kim", StoreId("closed-01")).secret
    answer = await client.get(
        "/v1/stores/closed-01/present", headers={"Cookie": f"{STAFF_COOKIE.name}={secret}"}
    )
    assert answer.status_code == 404


async def test_a_session_ends_after_twelve_hours(shop: Shop, client: httpx2.AsyncClient) -> None:
    headers = signed_in(shop)
    shop.clock.forward(12 * 60 * MINUTE)
    assert (await client.get(PRESENT, headers=headers)).status_code == 401


async def test_who_asks_too_often_is_told_when_to_come_back(
    shop: Shop, client: httpx2.AsyncClient
) -> None:
    headers = signed_in(shop)
    for _ in range(120):
        assert (await client.get(PRESENT, headers=headers)).status_code == 200
    answer = await client.get(PRESENT, headers=headers)
    assert answer.status_code == 429
    assert answer.headers["retry-after"] == "1"
    shop.clock.forward(SECOND)
    assert (await client.get(PRESENT, headers=headers)).status_code == 200


async def test_a_forwarded_address_is_not_believed(client: httpx2.AsyncClient) -> None:
    statuses = [
        (
            await client.get(
                "/v1/app/tokens",
                headers={
                    "Authorization": f"Bearer nobody-{number}",
                    "X-Forwarded-For": f"10.0.0.{number}",
                    "Forwarded": f"for=10.0.0.{number}",
                },
            )
        ).status_code
        for number in range(61)
    ]
    assert statuses == [401] * 60 + [429]
