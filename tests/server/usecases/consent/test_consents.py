from __future__ import annotations

import pytest

from shopbell_server.core.consent.ledger import Change, Purpose, active_purposes
from shopbell_server.core.facts import ConsentChanged
from shopbell_server.core.ids import Millis
from shopbell_server.usecases.consent.consents import leave
from shopbell_server.usecases.customers.issue import NotIssued, Supply, issue_tokens
from tests.server.web.shop import AMS, MINUTE, NOON, SECOND, UTR, Guest, Shop

HOUR = 60 * MINUTE


@pytest.fixture
def shop() -> Shop:
    return Shop()


def changes(shop: Shop, guest: Guest) -> list[tuple[Purpose, Change]]:
    with shop.database.read() as work:
        ledger = work.ledger.entries([guest.person]).get(guest.person, ())
        return [(entry.purpose, entry.change) for entry in ledger]


def waiting(shop: Shop) -> list[object]:
    with shop.database.begin() as work:
        claimed = work.outgoing.claim("cdp", shop.clock.now_ms(), 1, 100)
        return [delivery.fact for delivery in claimed]


def test_withdrawing_ends_the_visit_at_its_last_evidence(shop: Shop) -> None:
    guest = shop.welcome()
    shop.hear(guest, lasting_ms=20 * MINUTE)
    shop.clock.forward(MINUTE)
    shop.say(guest, Purpose.RECOGNISE_IN_STORE, given=False)
    with shop.database.read() as work:
        (visit,) = work.visits.of_person(guest.person)
        assert work.visits.present(AMS, shop.clock.now_ms()) == []
    assert (visit.state, visit.session.end_ms) == ("ended", NOON)


def test_nothing_after_the_withdrawal_is_left(shop: Shop) -> None:
    guest = shop.welcome()
    shop.clock.forward(HOUR)
    shop.hear(guest, lasting_ms=20 * MINUTE)
    shop.clock.forward(-5 * MINUTE)  # its edge's clock runs ahead of ours
    shop.say(guest, Purpose.RECOGNISE_IN_STORE, given=False)
    at_ms = shop.clock.now_ms()
    with shop.database.read() as work:
        (visit,) = work.visits.of_person(guest.person)
        intervals = work.intervals.within(guest.person, AMS, Millis(0), Millis(2**52))
    assert visit.session.end_ms < at_ms
    assert all(interval.last_ms < at_ms for interval in intervals)


def test_a_visit_that_only_began_after_it_is_gone(shop: Shop) -> None:
    guest = shop.welcome()
    shop.clock.forward(HOUR)
    shop.scan(guest)
    shop.clock.forward(-SECOND)
    shop.say(guest, Purpose.RECOGNISE_IN_STORE, given=False)
    with shop.database.read() as work:
        assert work.visits.of_person(guest.person) == []
        assert work.intervals.within(guest.person, AMS, Millis(0), Millis(2**52)) == []


def test_a_candidate_is_forgotten_with_its_evidence(shop: Shop) -> None:
    guest = shop.welcome()
    shop.hear(guest, lasting_ms=10 * SECOND, n=3)
    shop.say(guest, Purpose.RECOGNISE_IN_STORE, given=False)
    with shop.database.read() as work:
        assert work.visits.of_person(guest.person) == []
        assert work.intervals.within(guest.person, AMS, Millis(0), Millis(2**52)) == []


def test_the_past_stays(shop: Shop) -> None:
    guest = shop.welcome()
    shop.hear(guest, lasting_ms=20 * MINUTE)
    with shop.database.read() as work:
        before = work.visits.of_person(guest.person)
    shop.clock.forward(24 * HOUR)
    shop.hear(guest, store=UTR, lasting_ms=5 * MINUTE)
    shop.say(guest, Purpose.RECOGNISE_IN_STORE, given=False)
    with shop.database.read() as work:
        after = work.visits.of_person(guest.person)
    assert [visit.store for visit in after] == [AMS, UTR]
    assert after[0].session == before[0].session


def test_a_piece_of_a_long_stay_is_cut_as_the_rest_is(shop: Shop) -> None:
    guest = shop.welcome()
    shop.clock.forward(24 * HOUR)
    shop.hear(guest, lasting_ms=9 * HOUR)
    shop.clock.forward(-30 * MINUTE)
    shop.say(guest, Purpose.RECOGNISE_IN_STORE, given=False)
    with shop.database.read() as work:
        pieces = work.visits.of_person(guest.person)
    assert [piece.state for piece in pieces] == ["ended", "ended"]
    assert pieces[-1].session.end_ms == shop.clock.now_ms() - 1


def test_what_waits_for_a_sink_is_cancelled_and_the_sink_told(shop: Shop) -> None:
    guest = shop.welcome()
    shop.scan(guest)
    shop.clock.forward(SECOND)
    shop.say(guest, Purpose.SHARE_WITH_CDP, given=False)
    (fact,) = waiting(shop)
    assert isinstance(fact, ConsentChanged)
    assert (fact.purpose, fact.change) == (Purpose.SHARE_WITH_CDP, Change.WITHDRAWN)


def test_a_sink_that_never_knew_her_learns_nothing(shop: Shop) -> None:
    guest = shop.welcome(purposes=[Purpose.RECOGNISE_IN_STORE])
    shop.say(guest, Purpose.SHOW_TO_STAFF, given=True)
    assert waiting(shop) == []


def test_no_is_recorded_once_and_yes_renews(shop: Shop) -> None:
    guest = shop.welcome(purposes=[Purpose.RECOGNISE_IN_STORE])
    for given in (True, False, False, True):
        shop.clock.forward(SECOND)
        shop.say(guest, Purpose.RECOGNISE_IN_STORE, given=given)
    assert [change for _, change in changes(shop, guest)] == [
        "given",
        "renewed",
        "withdrawn",
        "given",
    ]


def test_tokens_from_before_a_withdrawal_stay_nobodys(shop: Shop) -> None:
    guest = shop.welcome()
    with shop.database.read() as work:
        before = work.people.enrolments([guest.person])[guest.person]
    for given in (False, True):
        shop.clock.forward(SECOND)
        shop.say(guest, Purpose.RECOGNISE_IN_STORE, given=given)
    with shop.database.begin() as work:
        after = work.people.enrolments([guest.person])[guest.person]
        assert work.people.by_device_no([before.device_no]) == {}
        supply = issue_tokens(work, after, shop.clock.now_ms(), shop.services.aes)
    assert after.device_no != before.device_no
    assert isinstance(supply, Supply)


def test_a_first_yes_keeps_the_number(shop: Shop) -> None:
    guest = shop.welcome(purposes=[])
    with shop.database.read() as work:
        before = work.people.enrolments([guest.person])[guest.person]
    shop.say(guest, Purpose.RECOGNISE_IN_STORE, given=True)
    with shop.database.read() as work:
        assert work.people.enrolments([guest.person])[guest.person] == before


def test_tokens_are_refused_at_the_moment_of_withdrawal(shop: Shop) -> None:
    guest = shop.welcome()
    shop.say(guest, Purpose.RECOGNISE_IN_STORE, given=False)
    with shop.database.begin() as work:
        enrolment = work.people.enrolments([guest.person])[guest.person]
        refused = issue_tokens(work, enrolment, shop.clock.now_ms(), shop.services.aes)
    assert refused is NotIssued.NO_CONSENT


def test_only_boards_that_showed_her_are_announced(shop: Shop) -> None:
    guest = shop.welcome()
    shop.hear(guest, store=UTR)
    shop.clock.forward(24 * HOUR)
    with shop.database.begin() as work:
        for visit in work.visits.of_person(guest.person):
            work.visits.remove([visit.id])
        work.commit()
    shop.hear(guest, store=AMS)
    with shop.database.begin() as work:
        enrolment = work.people.enrolments([guest.person])[guest.person]
        stores = leave(
            work,
            shop.entropy,
            shop.clock.now_ms(),
            enrolment=enrolment,
            rules=shop.rules,
            sinks=shop.site.sinks,
        )
        work.commit()
    assert stores == {AMS}
    with shop.database.read() as work:
        ledger = work.ledger.entries([guest.person])[guest.person]
    assert active_purposes(ledger, shop.clock.now_ms()) == frozenset()
