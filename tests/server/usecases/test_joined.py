"""Several enrolments are one human: one visit, the more restrictive consent, and a way back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from shopbell_server.core.audit.chain import Act, Actor, What
from shopbell_server.core.consent.ledger import Change, Purpose
from shopbell_server.core.facts import (
    ConsentChanged,
    CustomerRecognized,
    PassScanned,
    VisitCancelled,
    VisitEnded,
    VisitRevised,
    VisitStarted,
)
from shopbell_server.core.ids import Millis, PersonId, ReceiptId
from shopbell_server.core.visits.intervals import reassigned
from shopbell_server.usecases import joined as joining
from shopbell_server.usecases.consents import Said, change_consents, leave
from shopbell_server.usecases.expired_consents import record_expired
from shopbell_server.usecases.groups import groups_of, ledgers
from shopbell_server.usecases.joined import MOST_MEMBERS, NotJoined, Regrouped, join, part
from shopbell_server.usecases.own import own_looks, own_visits
from shopbell_server.usecases.passing_by import forget_passing_by
from shopbell_server.usecases.receipts import Booked, Sale, book
from shopbell_server.usecases.recompute import Terms
from shopbell_server.usecases.sweep import sweep
from shopbell_server.usecases.visits_list import list_visits
from shopbell_server.usecases.who_is_here import some, who_is_here
from tests.fakes.server import MemoryDatabase
from tests.server.core.stays import heard
from tests.server.usecases.floor import (
    DAY,
    EDGES,
    FAR_EDGE,
    MINUTE,
    NOW,
    OTHER_STORE,
    RULES,
    SINK,
    STORE,
    Floor,
    stays,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from shopbell_server.core.evidence import Interval
    from shopbell_server.core.visits.stored import Visit
    from shopbell_server.ports.database import UnitOfWork
    from tests.server.usecases.floor import Someone

TERMS = Terms(rules=RULES, sinks=(SINK,))
HOUR = 60 * MINUTE


def done(floor: Floor, change: Callable[[UnitOfWork], Any]) -> Any:
    with floor.database.begin() as work:
        result = change(work)
        work.commit()
    return result


def joined(floor: Floor, *people: Someone, now_ms: int = NOW) -> Any:
    persons = [each.person for each in people]
    now = Millis(now_ms)
    return done(floor, lambda work: join(work, floor.entropy, now, persons=persons, terms=TERMS))


def parted(floor: Floor, *people: Someone, now_ms: int = NOW) -> Any:
    persons = [each.person for each in people]
    now = Millis(now_ms)
    return done(floor, lambda work: part(work, floor.entropy, now, persons=persons, terms=TERMS))


def says(
    floor: Floor,
    someone: Someone,
    *,
    given: bool,
    purpose: Purpose = Purpose.RECOGNISE_IN_STORE,
    now_ms: int = NOW,
) -> frozenset[str]:
    said = Said(
        purpose=purpose,
        given=given,
        text_version="1",
        text_sha256="00" * 32,
        language="nl",
        until_ms=None,
    )

    def change(work: UnitOfWork) -> frozenset[str]:
        enrolment = work.people.enrolments([someone.person])[someone.person]
        return change_consents(
            work,
            floor.entropy,
            Millis(now_ms),
            enrolment=enrolment,
            said=[said],
            rules=RULES,
            sinks=(SINK,),
        ).stores

    result: frozenset[str] = done(floor, change)
    return result


def leaves(floor: Floor, someone: Someone, now_ms: int = NOW) -> None:
    def change(work: UnitOfWork) -> None:
        enrolment = work.people.enrolments([someone.person])[someone.person]
        leave(
            work,
            floor.entropy,
            Millis(now_ms),
            enrolment=enrolment,
            rules=RULES,
            sinks=(SINK,),
        )

    done(floor, change)


def spans(visits: Sequence[Visit]) -> list[tuple[int, int]]:
    """Return from when to when visits were, in minutes before now."""
    return [
        ((NOW - each.session.start_ms) // MINUTE, (NOW - each.session.end_ms) // MINUTE)
        for each in visits
    ]


def was_heard(
    floor: Floor,
    someone: Someone,
    from_min: int,
    to_min: int,
    *,
    edge: str = EDGES[0],
    now_ms: int = NOW,
) -> Any:
    """Let an edge say that she was heard, from and until so many minutes before now: a report a minute."""
    said = [
        floor.presence(someone, NOW - ago * MINUTE, NOW - (ago - 1) * MINUTE)
        for ago in range(from_min, to_min, -1)
    ]
    return floor.hear(*said, edge=edge, now_ms=now_ms)


def told(floor: Floor) -> list[Any]:
    """Return what the sink is told that it was not told before."""

    def tell(work: UnitOfWork) -> list[Any]:
        facts: list[Any] = []
        while claimed := work.outgoing.claim(SINK, Millis(NOW + DAY), DAY, 100):
            for each in claimed:
                facts.append(each.fact)
                work.outgoing.delivered(SINK, each.fact.fact, Millis(NOW + DAY))
        return facts

    facts: list[Any] = done(floor, tell)
    return facts


@pytest.fixture
def old(floor: Floor) -> Someone:
    return floor.enrol("old", 1, created_ms=NOW - 300 * DAY)


@pytest.fixture
def new(floor: Floor) -> Someone:
    return floor.enrol("new", 2)


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


# ---------------------------------------------------------------- consent


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


# ---------------------------------------------------------------- passes, purchases, time


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


def bought(floor: Floor, someone: Someone, name: str, at_ms: int) -> Booked:
    sale = Sale(
        receipt=ReceiptId(name),
        store=STORE,
        till="till",
        at_ms=Millis(at_ms),
        card=someone.card.ref,
        is_return=False,
        request_mac=bytes(32),
    )
    result = done(
        floor, lambda work: book(work, floor.entropy, Millis(NOW), sale=sale, terms=TERMS)
    )
    assert isinstance(result, Booked)
    return result


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


# ---------------------------------------------------------------- what is shown


def shown(floor: Floor) -> list[tuple[str, str | None]]:
    board = who_is_here(
        floor.database, Millis(NOW), RULES, store=STORE, viewer="advisor", before=None
    )
    assert board is not None
    return [(board.persons[each.visit], each.person.first_name) for each in board.rows]


def allows_to_be_seen(floor: Floor, *people: Someone) -> None:
    for each in people:
        for purpose in (Purpose.SHOW_TO_STAFF, Purpose.GREET_BY_NAME):
            floor.consents(each, Change.GIVEN, NOW - 20 * DAY, purpose)


def test_staff_see_one_row_and_what_all_of_them_allow(
    floor: Floor, old: Someone, new: Someone
) -> None:
    allows_to_be_seen(floor, old)
    floor.consents(new, Change.GIVEN, NOW - 20 * DAY, Purpose.SHOW_TO_STAFF)
    was_heard(floor, old, 5, 0)
    was_heard(floor, new, 5, 0)
    assert set(shown(floor)) == {(new.person, None), (old.person, "First-old")}
    joined(floor, old, new)
    assert shown(floor) == [(old.person, None)]
    says(floor, new, given=True, purpose=Purpose.GREET_BY_NAME)
    assert shown(floor) == [(old.person, "First-old")]
    leaves(floor, old)
    assert shown(floor) == []


def test_who_has_not_left_gives_the_group_its_name(
    floor: Floor, old: Someone, new: Someone
) -> None:
    allows_to_be_seen(floor, old, new)
    joined(floor, old, new)
    leaves(floor, old, NOW - HOUR)
    for purpose in (
        Purpose.RECOGNISE_IN_STORE,
        Purpose.SHOW_TO_STAFF,
        Purpose.GREET_BY_NAME,
    ):
        says(floor, new, given=True, purpose=purpose, now_ms=NOW - HOUR + 1)
    was_heard(floor, new, 5, 0)
    assert shown(floor) == [(old.person, "First-new")]
    leaves(floor, new)
    assert shown(floor) == []


def test_whoever_changed_the_row_of_all_is_looked_at_again(
    floor: Floor, old: Someone, new: Someone
) -> None:
    joined(floor, old, new)
    was_heard(floor, new, 5, 0)
    found = some(floor.database, Millis(NOW), RULES, store=STORE, persons=[new.person])
    assert found[new.person].visits == ()
    (visit,) = found[old.person].visits
    assert {each.key.person for each in found[old.person].heard} == {old.person}
    assert visit == floor.visits(old)[0]


def test_the_list_shows_the_visit_of_both_as_all_of_them_allow(
    floor: Floor, old: Someone, new: Someone
) -> None:
    allows_to_be_seen(floor, old, new)
    joined(floor, old, new)
    was_heard(floor, new, 60, 50)

    def listed() -> list[str | None]:
        page = list_visits(
            floor.database, Millis(NOW), stores=[STORE], viewer="manager", after=None, size=9
        )
        return [each.person.first_name for each in page.visits]

    assert listed() == ["First-old"]
    says(floor, new, given=False, purpose=Purpose.SHOW_TO_STAFF)
    assert listed() == []


# ---------------------------------------------------------------- what she herself is told


def test_each_is_told_of_her_own_device_and_of_no_other(
    floor: Floor, old: Someone, new: Someone
) -> None:
    was_heard(floor, old, 120, 110)
    joined(floor, old, new)
    was_heard(floor, new, 60, 50)
    was_heard(floor, old, 55, 54)
    was_heard(floor, new, 20, 10, edge=FAR_EDGE)
    bought(floor, new, "r1", NOW - 52 * MINUTE)
    with floor.database.read() as work:
        hers = own_visits(work, old.person, RULES)
        his = own_visits(work, new.person, RULES)
        all_ = work.visits.of_person(old.person)
    assert spans(all_) == [(120, 110), (60, 50), (20, 10)]
    assert spans(hers) == [(120, 110), (55, 54)]
    assert [each.id for each in hers] == [all_[0].id, all_[1].id]
    assert [each.reported for each in hers] == [True, True]
    assert [each.converted for each in hers] == [False, False]
    assert spans(his) == [(60, 50), (20, 10)]
    assert [each.converted for each in his] == [True, False]
    assert {each.person for each in his} == {new.person}
    parted(floor, old)
    with floor.database.read() as work:
        assert own_visits(work, new.person, RULES) == floor.visits(new)


def test_each_is_told_of_looks_at_where_she_was(floor: Floor, old: Someone, new: Someone) -> None:
    joined(floor, old, new)
    was_heard(floor, old, 120, 110)
    was_heard(floor, new, 20, 10, edge=FAR_EDGE)
    first, second = floor.visits(old)

    def looked(work: UnitOfWork) -> None:
        actor = Actor(kind="staff", name="sam", role="advisor")
        for number, (what, store, about) in enumerate(
            [
                (What.BOARD_READ, STORE, first.id),
                (What.BOARD_READ, OTHER_STORE, second.id),
                (What.BOARD_READ, STORE, "a visit that is gone"),
                (What.PROFILE_READ, None, ""),
            ]
        ):
            act = Act(
                at_ms=Millis(NOW + number),
                actor=actor,
                what=what,
                person=old.person,
                store=store,
                about=about,
                why="serve",
            )
            work.audit.note([act])

    done(floor, looked)
    with floor.database.read() as work:
        assert [each.store for each in own_looks(work, old.person)] == [None, STORE]
        assert [each.store for each in own_looks(work, new.person)] == [OTHER_STORE]
    parted(floor, new)
    with floor.database.read() as work:
        assert len(own_looks(work, old.person)) == 4
