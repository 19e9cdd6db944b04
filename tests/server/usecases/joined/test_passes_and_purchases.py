"""Passes, purchases and old candidates of people who are joined."""

from __future__ import annotations

from shopbell_server.core.facts import PassScanned
from shopbell_server.core.ids import Millis
from shopbell_server.usecases.intake.receipts import Booked
from shopbell_server.usecases.visits.passing_by import forget_passing_by
from shopbell_server.usecases.visits.sweep import sweep
from tests.fakes.server import MemoryDatabase
from tests.server.usecases.floor import (
    DAY,
    EDGES,
    FAR_EDGE,
    MINUTE,
    NOW,
    OTHER_STORE,
    RULES,
    STORE,
    Floor,
    Someone,
)
from tests.server.usecases.joined.doing import (
    HOUR,
    TERMS,
    bought,
    joined,
    parted,
    says,
    spans,
    told,
    was_heard,
)


def test_a_pass_is_scanned_under_the_name_of_all(floor: Floor, old: Someone, new: Someone) -> None:
    joined(floor, old, new)
    taken = floor.hear(floor.shows_pass(new))
    assert taken.changed == {STORE: {old.person}}
    (scanned,) = [each for each in told(floor) if isinstance(each, PassScanned)]
    (visit,) = floor.visits(old)
    assert (scanned.person, scanned.visit) == (old.person, visit.id)
    says(floor, old, given=False)
    told(floor)
    taken = floor.hear(floor.shows_pass(new, NOW + MINUTE), now_ms=NOW + MINUTE)
    assert taken.events["pass_accepted"] == 1
    assert told(floor) == []
    assert floor.visits(old) == [floor.visits(old)[0]]


def test_the_card_of_one_converts_the_visit_of_both(
    floor: Floor, old: Someone, new: Someone
) -> None:
    joined(floor, old, new)
    was_heard(floor, old, 30, 20)
    booked = bought(floor, new, "r1", NOW - 25 * MINUTE)
    assert (booked.joined, booked.person) == (True, old.person)
    assert floor.visits(old)[0].converted
    parted(floor, old)
    assert not floor.visits(old)[0].converted
    was_heard(floor, new, 28, 22)
    assert floor.visits(new)[0].converted


def test_what_one_of_them_forbade_converts_nothing(
    floor: Floor, old: Someone, new: Someone
) -> None:
    joined(floor, old, new)
    was_heard(floor, new, 30, 20)
    says(floor, old, given=False, now_ms=NOW - 15 * MINUTE)
    assert bought(floor, new, "r1", NOW - 14 * MINUTE) == Booked(joined=False)
    assert not floor.visits(old)[0].converted
    parted(floor, old)
    assert floor.visits(new)[0].converted


def test_a_candidate_of_all_is_forgotten_as_it_is_of_each(
    floor: Floor, old: Someone, new: Someone
) -> None:
    joined(floor, old, new)
    was_heard(floor, old, 31, 30)
    says(floor, new, given=False, now_ms=NOW - 29 * MINUTE)
    was_heard(floor, old, 29, 20, edge=EDGES[1])
    (candidate,) = floor.visits(old)
    assert candidate.state == "candidate"
    sweep(floor.database, floor.entropy, TERMS, Millis(NOW + 2 * DAY))
    assert floor.visits(old) == []
    parted(floor, old, now_ms=NOW + 2 * DAY)
    assert spans(floor.visits(old)) == [(31, 20)]
    again = Floor(MemoryDatabase())
    both = [again.enrol("old", 1), again.enrol("new", 2)]
    joined(again, *both)
    was_heard(again, both[1], 31, 30)
    sweep(again.database, again.entropy, TERMS, Millis(NOW + 2 * DAY))
    assert again.has_forgotten(both[1])


def test_what_one_gave_in_passing_while_another_forbade_it_is_forgotten_a_day_later(
    floor: Floor, old: Someone, new: Someone
) -> None:
    joined(floor, old, new)
    was_heard(floor, old, 300, 299)
    was_heard(floor, new, 298, 297)
    was_heard(floor, old, 200, 199, edge=FAR_EDGE)
    says(floor, new, given=False, now_ms=NOW - 190 * MINUTE)
    was_heard(floor, old, 100, 99, edge=FAR_EDGE)
    was_heard(floor, old, 50, 40, edge=FAR_EDGE)
    later_ms = Millis(NOW + DAY)
    assert forget_passing_by(floor.database, RULES, Millis(NOW + 22 * HOUR)) == 0
    assert forget_passing_by(floor.database, RULES, later_ms) == 1
    assert forget_passing_by(floor.database, RULES, later_ms) == 0
    with floor.database.read() as work:
        left = [
            (NOW - each.key.first_ms) // MINUTE
            for store in (STORE, OTHER_STORE)
            for each in work.intervals.within(old.person, store, Millis(0), Millis(NOW))
        ]
    # Her candidates fall due by themselves; what would be a visit is there for when they are parted.
    assert {300, 200, *range(41, 51)} == set(left)
    parted(floor, old, now_ms=later_ms)
    assert forget_passing_by(floor.database, RULES, later_ms) == 0


def test_two_phones_in_two_stores_at_once_contradict_each_other(
    floor: Floor, old: Someone, new: Someone
) -> None:
    joined(floor, old, new)
    was_heard(floor, old, 10, 5)
    taken = was_heard(floor, new, 9, 1, edge=FAR_EDGE)
    assert taken.conflicts == [(STORE, OTHER_STORE)]
    assert taken.changed == {STORE: {old.person}, OTHER_STORE: {old.person}}
