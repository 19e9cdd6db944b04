"""Several enrolments are one human: one visit, and a way back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shopbell_server.core.facts import (
    CustomerRecognized,
    VisitCancelled,
    VisitEnded,
    VisitRevised,
    VisitStarted,
)
from shopbell_server.core.ids import Millis, PersonId
from shopbell_server.core.visits.intervals import reassigned
from shopbell_server.usecases.visits import joined as joining
from shopbell_server.usecases.visits.joined import MOST_MEMBERS, NotJoined, Regrouped, join, part
from shopbell_server.usecases.visits.sweep import sweep
from tests.fakes.server import MemoryDatabase
from tests.server.core.stays import heard
from tests.server.usecases.floor import DAY, FAR_EDGE, MINUTE, NOW, STORE, Floor, stays
from tests.server.usecases.joined.doing import TERMS, done, joined, parted, spans, told, was_heard

if TYPE_CHECKING:
    from shopbell_server.core.evidence import Interval
    from shopbell_server.ports.database import UnitOfWork
    from tests.server.usecases.floor import Someone


def test_two_phones_in_one_pocket_are_one_visit(floor: Floor, old: Someone, new: Someone) -> None:
    was_heard(floor, old, 60, 50)
    was_heard(floor, new, 58, 40)
    regrouped = joined(floor, new, old)
    assert regrouped == Regrouped(changed={STORE: frozenset({old.person, new.person})})
    assert spans(floor.visits(old)) == [(60, 40)]
    assert floor.visits(new) == []
    was_heard(floor, new, 20, 15)
    assert spans(floor.visits(old)) == [(60, 15)]


def test_what_was_told_of_the_other_is_taken_back_and_nothing_rings(
    floor: Floor, old: Someone, new: Someone
) -> None:
    was_heard(floor, old, 60, 50)
    was_heard(floor, new, 58, 40)
    (hers,), (his,) = floor.visits(old), floor.visits(new)
    told(floor)
    joined(floor, old, new)
    facts = told(floor)
    assert {(type(each), each.person, each.late) for each in facts} == {
        (VisitCancelled, new.person, True)
    }
    assert [(each.visit, each.absorbed_by) for each in facts] == [(his.id, hers.id)]
    sweep(floor.database, floor.entropy, TERMS, Millis(NOW))
    (ended,) = told(floor)
    assert isinstance(ended, VisitEnded)
    parted(floor, new)
    later = told(floor)
    assert {(type(each), each.person) for each in later} == {
        (VisitRevised, old.person),
        (VisitStarted, new.person),
        (CustomerRecognized, new.person),
    }
    assert all(each.late for each in later)


def test_parting_brings_back_what_there_would_have_been(
    floor: Floor, old: Someone, new: Someone
) -> None:
    alone = Floor(MemoryDatabase())
    others = [alone.enrol("old", 1, created_ms=NOW - 300 * DAY), alone.enrol("new", 2)]
    joined(floor, old, new)
    for here, (one, two) in ((floor, (old, new)), (alone, others)):
        was_heard(here, one, 60, 50)
        was_heard(here, two, 58, 40)
        was_heard(here, two, 100, 95, edge=FAR_EDGE)
    assert spans(floor.visits(old)) == [(100, 95), (60, 40)]
    parted(floor, old)
    assert stays([*floor.visits(old), *floor.visits(new)]) == stays(
        [*alone.visits(others[0]), *alone.visits(others[1])]
    )
    with floor.database.read() as work:
        assert work.joined.under([old.person, new.person]) == {}


def test_doing_it_again_changes_and_tells_nothing(floor: Floor, old: Someone, new: Someone) -> None:
    was_heard(floor, old, 60, 50)
    was_heard(floor, new, 58, 40)
    assert joined(floor, old) == parted(floor, old) == Regrouped()
    joined(floor, old, new)
    told(floor)
    assert joined(floor, new, old) == Regrouped()
    assert parted(floor, new, old) == Regrouped()
    assert told(floor) == []
    parted(floor, new)
    told(floor)
    assert parted(floor, new) == parted(floor, new, old) == Regrouped()
    assert told(floor) == []


def test_those_who_are_parted_together_stay_together(floor: Floor) -> None:
    a, b, c, d = (floor.enrol(name, number) for number, name in enumerate("abcd", 1))
    joined(floor, a, b)
    joined(floor, c, d)
    joined(floor, b, d)
    with floor.database.read() as work:
        assert work.joined.under([a.person]) == {"a": ["a", "b", "c", "d"]}
    parted(floor, c, d)
    with floor.database.read() as work:
        assert work.joined.under([a.person, c.person]) == {"a": ["a", "b"], "c": ["c", "d"]}
    parted(floor, a)
    with floor.database.read() as work:
        assert work.joined.under(["a", "b", "c"]) == {"c": ["c", "d"]}  # type: ignore[list-item]


def test_somebody_who_is_not_there_is_not_joined(floor: Floor, old: Someone) -> None:
    was_heard(floor, old, 60, 50)
    nobody = PersonId("nobody")

    def tried(work: UnitOfWork) -> object:
        both = [old.person, nobody]
        return join(work, floor.entropy, Millis(NOW), persons=both, terms=TERMS)

    assert done(floor, tried) is NotJoined.UNKNOWN
    gone = done(
        floor,
        lambda work: part(work, floor.entropy, Millis(NOW), persons=[nobody], terms=TERMS),
    )
    assert gone == Regrouped()


def test_too_many_are_no_human() -> None:
    floor = Floor(MemoryDatabase())
    people = [floor.enrol(f"p{number}", number) for number in range(1, MOST_MEMBERS + 2)]
    joined(floor, *people[:-1])
    assert joined(floor, people[0], people[-1]) is NotJoined.TOO_MANY


def test_a_long_past_is_computed_anew_piece_by_piece() -> None:
    """More stays than are read at once, hours apart."""
    began = NOW - 290 * DAY
    many = joining.SPANS + 100

    def evidence(person: PersonId, number: int) -> Interval:
        first_ms = Millis(began + number * (280 * DAY // many))
        (stay,) = reassigned([heard(0, 1)], person)
        key = stay.key._replace(store=STORE, first_ms=first_ms)
        return stay._replace(key=key, last_ms=Millis(first_ms + 3 * MINUTE))

    floor = Floor(MemoryDatabase(), sinks=())
    old, new = (
        floor.enrol(name, number, created_ms=began - 2, given_ms=began - 1)
        for name, number in (("a", 1), ("b", 2))
    )
    rows = [evidence((old if number % 3 else new).person, number) for number in range(many)]
    done(floor, lambda work: work.intervals.join(rows))
    joined(floor, old, new)
    visits = floor.visits(old)
    assert [each.session.start_ms for each in visits] == [each.key.first_ms for each in rows]
    assert {(each.session.n, each.session.kind) for each in visits} == {(20, "visit")}
    parted(floor, new)
    assert len(floor.visits(new)) == len(rows[::3])
