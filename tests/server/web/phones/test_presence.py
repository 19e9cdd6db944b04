"""A phone reports itself: what is taken, what it shows, and how it ends."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from shopbell_server.core.consent.ledger import Purpose
from shopbell_server.core.evidence import Evidence
from shopbell_server.core.facts import CustomerRecognized
from shopbell_server.core.ids import ProfileId, ZoneId
from shopbell_server.core.visits.app_reports import Spot, StoreBeacon
from tests.server.web.shop import AMS, MINUTE, NOON, SECOND, UTR, Shop

if TYPE_CHECKING:
    import httpx2

    from tests.server.web.shop import Guest

UUID = "7e3b4c1a-0d5f-4c2e-9a61-2f8d5b7c9e04"


@pytest.fixture
def shop() -> Shop:
    """Make a shop in which two beacons hang, and one in another store."""
    shop = Shop()
    with shop.database.begin() as work:
        for name, store, minor, zone in (
            ("ams-door", AMS, 1, ZoneId("entrance")),
            ("ams-roof", AMS, 2, None),
            ("utr-door", UTR, 3, None),
        ):
            spot = Spot(uuid=UUID, major=1, minor=minor)
            work.registry.put_beacon(StoreBeacon(name=name, store=store, spot=spot, zone=zone))
        work.commit()
    return shop


def at(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat()


async def report(
    client: httpx2.AsyncClient,
    guest: Guest,
    state: str = "enter",
    *,
    at_ms: int = NOON,
    beacon: Any = "ams-door",
    headers: dict[str, str] | None = None,
) -> httpx2.Response:
    body = {"beacon": beacon, "state": state, "at": at(at_ms)}
    return await client.post(
        "/v1/app/presence", json=body, headers={**guest.bearer, **(headers or {})}
    )


async def rows(shop: Shop, client: httpx2.AsyncClient) -> list[Any]:
    client.cookies.set("__Host-shopbell", shop.employ(language="en").secret)
    answer = await client.get(f"/v1/stores/{AMS}/present")
    client.cookies.clear()
    assert answer.status_code == 200
    found: list[Any] = answer.json()["rows"]
    return found


def told(shop: Shop) -> list[Any]:
    """Return what waits for the sink, one after the other."""
    found: list[Any] = []
    with shop.database.begin() as work:
        while claimed := work.outgoing.claim("cdp", NOON, MINUTE, 100):
            for each in claimed:
                found.append(each.fact)
                work.outgoing.delivered("cdp", each.fact.fact, NOON)
    return found


def visits(shop: Shop, guest: Guest) -> list[Any]:
    with shop.database.read() as work:
        return list(work.visits.of_person(guest.person))


async def test_who_reports_herself_is_a_maybe_on_the_board(
    shop: Shop, client: httpx2.AsyncClient
) -> None:
    guest = shop.welcome()
    shop.clock.forward(MINUTE)
    answer = await report(client, guest, at_ms=NOON + MINUTE)
    assert (answer.status_code, answer.json()) == (200, {"store": AMS})
    (row,) = await rows(shop, client)
    assert (row["evidence"], row["word"], row["first_name"]) == ("hint", "maybe", None)
    assert row["zone"] == {"id": "entrance", "name": "Entree"}
    assert row["held"]
    assert row["recognised"] == "her app says that she is here, 13:01, Entree: maybe"


@pytest.mark.parametrize(
    "beacon",
    [
        "ams-roof",
        {"uuid": UUID, "major": 1, "minor": 2},
        {"uuid": UUID.upper(), "major": 1, "minor": 2},
    ],
)
async def test_a_beacon_has_a_name_and_is_heard(
    shop: Shop, client: httpx2.AsyncClient, beacon: Any
) -> None:
    guest = shop.welcome()
    assert (await report(client, guest, beacon=beacon)).json() == {"store": AMS}
    (row,) = await rows(shop, client)
    assert row["zone"] is None


async def test_an_edge_that_hears_her_makes_it_a_signal(
    shop: Shop, client: httpx2.AsyncClient
) -> None:
    guest = shop.welcome()
    await report(client, guest)
    shop.clock.forward(2 * MINUTE)
    shop.hear(guest, carrier="ibeacon", evidence=Evidence.HINT)
    (row,) = await rows(shop, client)
    assert (row["evidence"], row["word"], row["first_name"]) == ("signal", "nearby", "Noor")


async def test_who_says_that_she_left_is_gone_at_once(
    shop: Shop, client: httpx2.AsyncClient
) -> None:
    guest = shop.welcome()
    await report(client, guest)
    shop.clock.forward(5 * MINUTE)
    assert len(await rows(shop, client)) == 1
    await report(client, guest, "exit", at_ms=NOON + 5 * MINUTE)
    assert await rows(shop, client) == []
    (visit,) = visits(shop, guest)
    assert visit.session.end_ms == NOON + 5 * MINUTE
    assert visit.session.duration_known


async def test_she_is_held_present_for_the_expected_stay_and_inside_renews_it(
    shop: Shop, client: httpx2.AsyncClient
) -> None:
    guest = shop.welcome()
    await report(client, guest)
    shop.clock.forward(44 * MINUTE)
    await report(client, guest, "inside", at_ms=NOON + 44 * MINUTE)
    shop.clock.forward(44 * MINUTE)
    assert len(await rows(shop, client)) == 1
    shop.clock.forward(MINUTE)
    assert await rows(shop, client) == []


async def test_the_same_report_counts_once(shop: Shop, client: httpx2.AsyncClient) -> None:
    guest = shop.welcome()
    named = {"Idempotency-Key": "r-1"}
    for headers in (None, None, named, named):
        answer = await report(client, guest, headers=headers)
        assert (answer.status_code, answer.json()) == (200, {"store": AMS})
    (visit,) = visits(shop, guest)
    assert (visit.session.n, visit.revision) == (1, 1)
    assert not visit.session.duration_known
    other = await report(client, guest, at_ms=NOON + SECOND, headers=named)
    assert other.status_code == 409


async def test_a_late_report_makes_the_visit_that_it_would_have_made(
    shop: Shop, client: httpx2.AsyncClient
) -> None:
    guest, other = shop.welcome("Noor"), shop.welcome("Bas")
    shop.clock.forward(24 * 60 * MINUTE)
    said = [("enter", 0), ("inside", 10), ("exit", 20)]
    for who, order in ((guest, said), (other, said[::-1])):
        for state, minute in order:
            answer = await report(client, who, state, at_ms=NOON + minute * MINUTE)
            assert answer.status_code == 200
    (mine,), (theirs,) = visits(shop, guest), visits(shop, other)
    assert mine.session == theirs.session
    assert mine.session.end_ms - mine.session.start_ms == 20 * MINUTE
    assert await rows(shop, client) == []


async def test_the_customer_data_platform_is_told_by_what_she_was_known(
    shop: Shop, client: httpx2.AsyncClient
) -> None:
    guest = shop.welcome()
    await report(client, guest)
    recognised = [each for each in told(shop) if isinstance(each, CustomerRecognized)]
    assert [(each.carrier, each.evidence.name) for each in recognised] == [("app", "HINT")]


@pytest.mark.parametrize(
    ("beacon", "at_ms", "field"),
    [
        ("nowhere", NOON, "beacon"),
        ({"uuid": UUID, "major": 9, "minor": 9}, NOON, "beacon"),
        ("ams-door", NOON + 5 * MINUTE + 1, "at"),
        ("ams-door", NOON - 7 * 24 * 60 * MINUTE - 1, "at"),
    ],
)
async def test_what_cannot_be_is_refused_by_name(
    shop: Shop, client: httpx2.AsyncClient, beacon: Any, at_ms: int, field: str
) -> None:
    guest = shop.welcome()
    answer = await report(client, guest, beacon=beacon, at_ms=at_ms)
    assert answer.status_code == 422
    assert [each["field"] for each in answer.json()["errors"]] == [field]
    assert visits(shop, guest) == []


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"beacon": "ams-door", "state": "there", "at": "2026-11-21T12:00:00Z"},
        {"beacon": "ams-door", "state": "enter", "at": 1795262400},
        {"beacon": "ams-door", "state": "enter", "at": "2026-11-21"},
        {"beacon": {"uuid": "x", "major": 1, "minor": 1}, "state": "enter", "at": at(NOON)},
        {"beacon": {"uuid": UUID, "major": 65_536, "minor": 1}, "state": "enter", "at": at(NOON)},
        {"beacon": "A" * 41, "state": "enter", "at": at(NOON)},
    ],
)
async def test_what_is_no_report_is_refused(
    shop: Shop, client: httpx2.AsyncClient, body: dict[str, Any]
) -> None:
    guest = shop.welcome()
    answer = await client.post("/v1/app/presence", json=body, headers=dict(guest.bearer))
    assert answer.status_code == 422
    assert "Value error" not in answer.text


async def test_without_consent_then_and_now_nothing_is_kept(
    shop: Shop, client: httpx2.AsyncClient
) -> None:
    never = shop.welcome("Bas", purposes=())
    assert (await report(client, never)).status_code == 403
    guest = shop.welcome()
    assert (await report(client, guest, at_ms=NOON - 1)).status_code == 403
    shop.say(guest, Purpose.RECOGNISE_IN_STORE, given=False)
    answer = await report(client, guest)
    assert answer.status_code == 403
    assert answer.json()["type"] == "urn:shopbell:problem:no-consent"
    for each in (never, guest):
        assert visits(shop, each) == []
    with shop.database.read() as work:
        assert work.intervals.heard_since(AMS, NOON) == []


async def test_withdrawing_takes_the_reports_with_it(
    shop: Shop, client: httpx2.AsyncClient
) -> None:
    guest = shop.welcome()
    shop.clock.forward(MINUTE)
    await report(client, guest, at_ms=NOON + MINUTE)
    shop.say(guest, Purpose.RECOGNISE_IN_STORE, given=False)
    assert await rows(shop, client) == []


async def test_people_who_work_here_are_thanked_and_not_listened_to(
    shop: Shop, client: httpx2.AsyncClient
) -> None:
    guest = shop.welcome("Sam", profile="p-sam")
    with shop.database.begin() as work:
        profile = work.people.profiles([ProfileId("p-sam")])[ProfileId("p-sam")]
        work.people.put_profile(replace(profile, staff=True))
        work.commit()
    assert (await report(client, guest)).json() == {"store": AMS}
    assert visits(shop, guest) == []


async def test_a_phone_tells_of_doors_and_not_of_every_step(
    shop: Shop, client: httpx2.AsyncClient
) -> None:
    guest = shop.welcome()
    statuses = [
        (await report(client, guest, "inside", at_ms=NOON + number)).status_code
        for number in range(21)
    ]
    assert statuses == [200] * 20 + [429]
    shop.clock.forward(30 * SECOND)
    assert (await report(client, guest, "inside")).status_code == 200


async def test_a_made_up_report_silences_nobody(shop: Shop, client: httpx2.AsyncClient) -> None:
    """Whoever has her phone's secret can say that she is elsewhere; she is on the board all the same."""
    guest = shop.welcome()
    shop.clock.forward(2 * MINUTE)
    shop.hear(guest, carrier="ibeacon", evidence=Evidence.HINT)
    assert (await report(client, guest, beacon="utr-door", at_ms=NOON + MINUTE)).status_code == 200
    assert len(await rows(shop, client)) == 1
    client.cookies.set("__Host-shopbell", shop.employ("uma", UTR).secret)
    elsewhere = await client.get(f"/v1/stores/{UTR}/present")
    assert elsewhere.json()["rows"] == []
