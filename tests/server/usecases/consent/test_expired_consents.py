from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from shopbell_server.core.audit.chain import What
from shopbell_server.core.consent.ledger import Change, Purpose, expires_ms
from shopbell_server.core.facts import ConsentChanged
from shopbell_server.core.ids import Millis
from shopbell_server.usecases.consent.consents import Said, change_consents, standing_of
from shopbell_server.usecases.consent.expired_consents import record_expired
from tests.server.web.shop import MINUTE, NOON, SECOND, TEXT, Guest, Shop

if TYPE_CHECKING:
    from tests.server.usecases.floor import Floor

DAY = 24 * 60 * MINUTE
YEAR = 365 * DAY
CDP = frozenset({"cdp"})


@pytest.fixture
def shop(floor: Floor) -> Shop:
    return Shop(database=floor.database)


def record(shop: Shop, since_ms: int = 0) -> int:
    return record_expired(
        shop.database, shop.entropy, Millis(since_ms), shop.clock.now_ms(), sinks=CDP
    )


def changes(shop: Shop, guest: Guest) -> list[tuple[Purpose, Change, int]]:
    with shop.database.read() as work:
        ledger = work.ledger.entries([guest.person])[guest.person]
    return [(each.purpose, each.change, each.at_ms) for each in ledger]


def only_today(shop: Shop, guest: Guest, until_ms: int) -> None:
    with shop.database.begin() as work:
        said = Said(
            purpose=Purpose.SHOW_TO_STAFF,
            given=True,
            text_version="1",
            text_sha256=TEXT,
            language="nl",
            until_ms=Millis(until_ms),
        )
        change_consents(
            work,
            shop.entropy,
            shop.clock.now_ms(),
            enrolment=work.people.enrolments([guest.person])[guest.person],
            said=[said],
            rules=shop.rules,
            sinks=CDP,
        )
        work.commit()


def test_what_ran_out_is_written_down_once_as_of_the_moment_it_did(shop: Shop) -> None:
    noor = shop.welcome("Noor", purposes=[Purpose.RECOGNISE_IN_STORE])
    shop.clock.forward(YEAR - 1)
    assert record(shop) == 0
    shop.clock.forward(DAY)
    assert record(shop) == 1
    assert record(shop) == 0
    assert changes(shop, noor) == [
        (Purpose.RECOGNISE_IN_STORE, Change.GIVEN, NOON),
        (Purpose.RECOGNISE_IN_STORE, Change.EXPIRED, NOON + YEAR),
    ]
    with shop.database.read() as work:
        (*_, last) = work.audit.records(0)
    assert (last.act.what, last.act.actor.kind, last.act.why) == (
        What.CONSENT_CHANGED,
        "server",
        "expired",
    )


def test_only_those_are_looked_at_whose_time_ran_out_lately(shop: Shop) -> None:
    shop.welcome("Noor", purposes=[Purpose.RECOGNISE_IN_STORE])
    shop.clock.forward(YEAR + 10 * DAY)
    assert record(shop, since_ms=NOON + YEAR + 5 * DAY) == 0
    assert record(shop, since_ms=NOON + YEAR) == 1


def test_a_day_that_was_allowed_ends_with_it(shop: Shop) -> None:
    noor = shop.welcome("Noor", purposes=[Purpose.RECOGNISE_IN_STORE])
    only_today(shop, noor, NOON + 10 * MINUTE)
    shop.clock.forward(11 * MINUTE)
    assert record(shop, since_ms=NOON) == 1
    assert changes(shop, noor)[-1] == (Purpose.SHOW_TO_STAFF, Change.EXPIRED, NOON + 10 * MINUTE)


def test_a_day_that_had_passed_when_it_was_allowed_is_written_down_once_too(shop: Shop) -> None:
    noor = shop.welcome("Noor", purposes=[Purpose.RECOGNISE_IN_STORE])
    only_today(shop, noor, NOON - MINUTE)
    assert record(shop) == 1
    assert record(shop) == 0


def test_who_renewed_or_withdrew_in_time_is_left_alone(shop: Shop) -> None:
    noor = shop.welcome("Noor", purposes=[Purpose.RECOGNISE_IN_STORE])
    ravi = shop.welcome("Ravi", purposes=[Purpose.RECOGNISE_IN_STORE])
    shop.clock.forward(YEAR - DAY)
    shop.say(noor, Purpose.RECOGNISE_IN_STORE, given=True)
    shop.say(ravi, Purpose.RECOGNISE_IN_STORE, given=False)
    shop.clock.forward(2 * DAY)
    assert record(shop) == 0


def test_a_sink_that_knew_her_is_told(shop: Shop) -> None:
    shop.welcome("Noor", purposes=[Purpose.RECOGNISE_IN_STORE, Purpose.SHARE_WITH_CDP])
    shop.welcome("Ravi", purposes=[Purpose.RECOGNISE_IN_STORE])
    shop.clock.forward(YEAR)
    told_before = len(waiting(shop))
    assert record(shop) == 3
    told = waiting(shop)[told_before:]
    assert {(each.purpose, each.change) for each in told} <= {
        (Purpose.RECOGNISE_IN_STORE, Change.EXPIRED),
        (Purpose.SHARE_WITH_CDP, Change.EXPIRED),
    }


def waiting(shop: Shop) -> list[ConsentChanged]:
    found: list[ConsentChanged] = []
    with shop.database.begin() as work:
        while claimed := work.outgoing.claim("cdp", shop.clock.now_ms(), SECOND, 100):
            for each in claimed:
                assert isinstance(each.fact, ConsentChanged)
                found.append(each.fact)
                work.outgoing.delivered("cdp", each.fact.fact, shop.clock.now_ms())
    return found


def test_a_consent_that_ended_by_itself_is_asked_for_again(shop: Shop) -> None:
    noor = shop.welcome("Noor", purposes=[Purpose.RECOGNISE_IN_STORE, Purpose.MESSAGES])
    shop.clock.forward(YEAR - 29 * DAY)
    shop.say(noor, Purpose.MESSAGES, given=False)
    with shop.database.read() as work:
        standing = standing_of(work, noor.person, shop.clock.now_ms())
    assert [each.purpose for each in standing if each.ask_again] == [Purpose.RECOGNISE_IN_STORE]
    shop.clock.forward(YEAR)
    record(shop)
    with shop.database.read() as work:
        standing = standing_of(work, noor.person, shop.clock.now_ms())
        (given, *_) = work.ledger.entries([noor.person])[noor.person]
    assert [each.purpose for each in standing if each.ask_again] == [Purpose.RECOGNISE_IN_STORE]
    assert expires_ms(given) <= shop.clock.now_ms()
