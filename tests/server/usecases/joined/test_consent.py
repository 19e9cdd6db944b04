"""What one of those who are joined allows, forbids or ends holds for all of them."""

from __future__ import annotations

from shopbell_server.core.consent.ledger import Change, Purpose
from shopbell_server.core.facts import ConsentChanged, VisitStarted
from shopbell_server.core.ids import Millis
from shopbell_server.usecases.consent.expired_consents import record_expired
from shopbell_server.usecases.groups import groups_of, ledgers
from tests.server.usecases.floor import DAY, FAR_EDGE, MINUTE, NOW, SINK, STORE, Floor, Someone
from tests.server.usecases.joined.doing import joined, leaves, parted, says, spans, told, was_heard


def test_one_who_withdraws_ends_the_presence_of_both(
    floor: Floor, old: Someone, new: Someone
) -> None:
    joined(floor, old, new)
    was_heard(floor, old, 30, 20)
    was_heard(floor, new, 20, 10)
    told(floor)
    assert says(floor, new, given=False, now_ms=NOW - 5 * MINUTE) == {STORE}
    (visit,) = floor.visits(old)
    assert (visit.state, spans([visit])) == ("ended", [(30, 10)])
    was_heard(floor, old, 4, 1)
    assert spans(floor.visits(old)) == [(30, 10)]
    with floor.database.read() as work:
        persons = [old.person, new.person]
        groups = groups_of(work, work.people.enrolments(persons).values())
        assert ledgers(work, persons, groups)[old.person] == groups[new.person].ledger
        hers = work.intervals.within(old.person, STORE, Millis(0), Millis(NOW))
    assert max(each.last_ms for each in hers) == NOW - MINUTE
    parted(floor, old)
    assert spans(floor.visits(old)) == [(30, 1)]
    assert spans(floor.visits(new)) == [(20, 10)]


def test_what_both_allow_again_counts_from_then_on(
    floor: Floor, old: Someone, new: Someone
) -> None:
    joined(floor, old, new)
    says(floor, new, given=False, now_ms=NOW - 60 * MINUTE)
    was_heard(floor, old, 50, 12, now_ms=NOW - 16 * MINUTE)
    assert floor.visits(old) == []
    # An edge whose clock is ahead: some of it is of after she said so.
    assert says(floor, new, given=True, now_ms=NOW - 15 * MINUTE) == {STORE}
    assert spans(floor.visits(old)) == [(15, 12)]
    started = [each for each in told(floor) if isinstance(each, VisitStarted)]
    assert [each.person for each in started] == [old.person]


def test_a_withdrawal_before_any_visit_tells_and_ends_nothing(
    floor: Floor, old: Someone, new: Someone
) -> None:
    joined(floor, old, new)
    assert says(floor, new, given=False) == frozenset()
    assert says(floor, old, given=False) == frozenset()
    assert floor.visits(old) == []


def test_of_one_who_withdraws_what_was_no_visit_is_forgotten(
    floor: Floor, old: Someone, new: Someone
) -> None:
    joined(floor, old, new)
    was_heard(floor, old, 31, 30)
    was_heard(floor, new, 29, 28)
    was_heard(floor, new, 20, 19, edge=FAR_EDGE)
    assert [each.state for each in floor.visits(old)] == ["open", "candidate"]
    says(floor, new, given=False)
    assert [(each.state, each.store) for each in floor.visits(old)] == [("candidate", STORE)]
    assert spans(floor.visits(old)) == [(31, 30)]


def test_a_visit_that_falls_in_two_by_a_withdrawal_is_two(
    floor: Floor, old: Someone, new: Someone
) -> None:
    joined(floor, old, new)
    was_heard(floor, old, 90, 80)
    was_heard(floor, new, 56, 55)
    was_heard(floor, old, 28, 20)
    assert spans(floor.visits(old)) == [(90, 20)]
    says(floor, new, given=False)
    visits = floor.visits(old)
    assert spans(visits) == [(90, 80), (28, 20)]
    assert {each.state for each in visits} == {"ended"}


def test_who_leaves_silences_the_others_until_they_say_yes_again(
    floor: Floor, old: Someone, new: Someone
) -> None:
    joined(floor, old, new)
    was_heard(floor, new, 60, 50)
    leaves(floor, old, NOW - 40 * MINUTE)
    was_heard(floor, new, 30, 20)
    assert spans(floor.visits(old)) == [(60, 50)]
    says(floor, new, given=True, now_ms=NOW - 15 * MINUTE)
    was_heard(floor, new, 10, 1)
    assert spans(floor.visits(old)) == [(60, 50), (10, 1)]
    parted(floor, old)
    assert spans(floor.visits(new)) == [(60, 1)]
    assert floor.visits(old) == []


def test_sinks_are_told_what_is_so_of_all(floor: Floor, old: Someone, new: Someone) -> None:
    joined(floor, old, new)
    was_heard(floor, new, 60, 50)
    assert says(floor, old, given=False, purpose=Purpose.SHARE_WITH_CDP) == frozenset()
    (changed,) = told(floor)
    assert isinstance(changed, ConsentChanged)
    assert (changed.person, changed.change) == (old.person, Change.WITHDRAWN)
    was_heard(floor, new, 5, 1)
    says(floor, new, given=True, purpose=Purpose.SHARE_WITH_CDP)
    assert told(floor) == []
    says(floor, old, given=True, purpose=Purpose.SHARE_WITH_CDP, now_ms=NOW + 1)
    says(floor, new, given=False, purpose=Purpose.MESSAGES, now_ms=NOW + 2)
    assert [(each.person, each.change) for each in told(floor)] == [
        (old.person, Change.GIVEN),
        (old.person, Change.WITHDRAWN),
    ]


def test_that_a_consent_ended_by_itself_is_told_by_the_name_that_sinks_know(
    floor: Floor, old: Someone
) -> None:
    end_ms = NOW + 335 * DAY
    new = floor.enrol("new", 2)
    joined(floor, old, new)
    record_expired(floor.database, floor.entropy, Millis(0), Millis(end_ms + DAY), sinks=(SINK,))
    with floor.database.begin() as work:
        claimed = work.outgoing.claim(SINK, Millis(end_ms + 2 * DAY), 1, 10)
    assert {(each.fact.person, each.fact.change) for each in claimed} == {  # type: ignore[union-attr]
        (old.person, Change.EXPIRED)
    }
