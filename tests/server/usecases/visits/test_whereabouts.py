"""Zones of a visit in a store with a floor plan: found from all that was heard, when it is over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shopbell_server.core.facts import VisitEnded, VisitRevised
from shopbell_server.core.ids import Millis
from shopbell_server.core.keeping.retention import Limits, What, rules
from shopbell_server.usecases.consent.withdrawal import end_presence
from shopbell_server.usecases.keeping.retain import let_go, total
from shopbell_server.usecases.visits.joined import join, part
from shopbell_server.usecases.visits.recompute import Terms
from shopbell_server.usecases.visits.sweep import sweep, sweeps
from shopbell_server.usecases.visits.whereabouts import Sites, find_places
from tests.server.usecases.floor import DAY, EDGES, MINUTE, NOW, RULES, SECOND, SINK, STORE
from tests.server.usecases.plans import has_a_plan, walks

if TYPE_CHECKING:
    from shopbell_server.usecases.visits.sweep import Swept
    from shopbell_server.usecases.visits.whereabouts import Settled
    from tests.server.usecases.floor import Floor, Someone

TERMS = Terms(rules=RULES, sinks=(SINK,))
BEGAN = NOW - 10 * MINUTE
MIDDLE = NOW - 5 * MINUTE
OVER = NOW + 31 * MINUTE


def halfway(at_ms: int) -> float:
    """Five minutes at the door, then at the till."""
    return 1.0 if at_ms < MIDDLE else 11.0


def at_the_till(_at_ms: int) -> float:
    return 11.0


def swept(floor: Floor, now_ms: int = OVER) -> Swept:
    return sweep(floor.database, floor.entropy, TERMS, Millis(now_ms))


def located(floor: Floor, now_ms: int = OVER) -> Settled:
    return find_places(floor.database, floor.entropy, TERMS, Sites(), Millis(now_ms))


def minutes(floor: Floor, someone: Someone) -> dict[str, int]:
    (visit,) = floor.visits(someone)
    return {time.zone: round(time.dwell_ms / MINUTE) for time in visit.session.zones}


def test_without_a_plan_a_zone_is_that_of_its_scanners(floor: Floor) -> None:
    ada = floor.enrol("ada", 1)
    walks(floor, ada, halfway)
    assert located(floor).people == 0
    assert swept(floor).closed == 1
    assert minutes(floor, ada) == {"entrance": 10}


def test_a_visit_is_told_with_the_zones_in_which_she_was(floor: Floor) -> None:
    has_a_plan(floor)
    ada = floor.enrol("ada", 1)
    walks(floor, ada, halfway)
    assert located(floor, NOW).people == 0, "she may still be here"
    done = located(floor)
    assert (done.people, done.more) == (1, False)
    assert done.changed == {STORE: {ada.person}}
    assert swept(floor).closed == 1
    assert minutes(floor, ada) == {"entrance": 5, "till": 5}
    (ended,) = [fact for fact in floor.facts() if isinstance(fact, VisitEnded | VisitRevised)]
    assert [(stay.zone, round(stay.dwell_s / 60)) for stay in ended.account.zones] == [
        ("entrance", 5),
        ("till", 5),
    ]


def test_a_visit_is_not_closed_before_it_is_known_where_she_was(floor: Floor) -> None:
    has_a_plan(floor)
    ada = floor.enrol("ada", 1)
    walks(floor, ada, halfway)
    done = swept(floor)
    assert (done.closed, done.last) == (0, None)
    located(floor)
    assert swept(floor).closed == 1


def test_visits_that_wait_for_their_zones_hide_no_others(floor: Floor) -> None:
    has_a_plan(floor)
    ada, eve = floor.enrol("ada", 1), floor.enrol("eve", 2)
    walks(floor, ada, halfway)
    floor.hear(floor.presence(eve, NOW - 9 * SECOND, NOW - SECOND))
    later = Millis(NOW + DAY + 31 * MINUTE)
    list(sweeps(floor.database, floor.entropy, TERMS, later, limit=1))
    assert floor.visits(ada)[0].state == "open"
    assert floor.has_forgotten(eve)


def test_what_comes_late_is_looked_at_with_the_rest(floor: Floor) -> None:
    has_a_plan(floor)
    ada = floor.enrol("ada", 1)
    walks(floor, ada, at_the_till, edges=EDGES[:1])
    located(floor)
    swept(floor)
    walks(floor, ada, at_the_till, edges=EDGES[1:])
    assert located(floor).people == 1
    assert minutes(floor, ada) == {"till": 10}
    assert located(floor).people == 0


def test_zones_stay_when_reports_are_gone(floor: Floor) -> None:
    has_a_plan(floor)
    ada = floor.enrol("ada", 1)
    walks(floor, ada, halfway)
    located(floor)
    swept(floor)
    with floor.database.begin() as work:
        work.observations.remove_within(ada.person, STORE, Millis(0), Millis(NOW + DAY))
        work.commit()
    # Evidence without reports: a code, which says where she stood, and a longer visit.
    floor.hear(floor.shows_pass(ada, NOW + MINUTE), edge=EDGES[0], now_ms=OVER)
    assert minutes(floor, ada) == {"entrance": 5, "till": 5}
    assert floor.visits(ada)[0].session.end_ms == NOW + MINUTE


def test_order_and_repetition_change_nothing(floor: Floor) -> None:
    has_a_plan(floor)
    ada, eve = floor.enrol("ada", 1), floor.enrol("eve", 2)
    walks(floor, ada, halfway)
    walks(floor, eve, halfway, edges=EDGES[::-1])
    walks(floor, eve, halfway, from_ms=BEGAN, edges=EDGES[:2])
    located(floor)
    swept(floor)
    assert floor.visits(ada)[0].session.zones == floor.visits(eve)[0].session.zones


def test_nothing_is_left_after_a_withdrawal(floor: Floor) -> None:
    has_a_plan(floor)
    ada = floor.enrol("ada", 1)
    walks(floor, ada, halfway)
    located(floor)
    swept(floor)
    at_ms = Millis(MIDDLE + MINUTE)
    with floor.database.begin() as work:
        work.people.lock([ada.person])
        end_presence(work, ada.person, at_ms, RULES)
        places = work.places.within_each([ada.person], STORE, Millis(0), Millis(NOW + DAY))
        work.commit()
    assert max(place.last_ms for place in places[ada.person]) < at_ms
    assert minutes(floor, ada) == {"entrance": 5, "till": 1}


def test_a_plan_that_does_not_hear_her_changes_nothing(floor: Floor) -> None:
    ada = floor.enrol("ada", 1)
    has_a_plan(floor)
    floor.hear(floor.presence(ada, scanner="hci9"))
    assert located(floor).people == 1
    assert swept(floor).closed == 1
    assert minutes(floor, ada) == {"entrance": 3}


def test_joining_and_parting_give_the_zones_that_each_had(floor: Floor) -> None:
    has_a_plan(floor)
    ada, bee = floor.enrol("ada", 1), floor.enrol("bee", 2)
    walks(floor, ada, halfway)
    walks(floor, bee, at_the_till, from_ms=NOW + 2 * MINUTE, to_ms=NOW + 8 * MINUTE)
    later = OVER + 10 * MINUTE
    located(floor, later)
    swept(floor, later)
    before = [floor.visits(each)[0].session for each in (ada, bee)]
    for act in (join, part):
        with floor.database.begin() as work:
            persons = [ada.person, bee.person] if act is join else [bee.person]
            act(work, floor.entropy, Millis(later), persons=persons, terms=TERMS)
            work.commit()
        if act is join:
            assert minutes(floor, ada) == {"entrance": 5, "till": 11}
            assert floor.visits(bee) == []
    assert [floor.visits(each)[0].session for each in (ada, bee)] == before


def test_reports_of_joined_people_are_found_under_each(floor: Floor) -> None:
    has_a_plan(floor)
    ada, bee = floor.enrol("ada", 1), floor.enrol("bee", 2)
    with floor.database.begin() as work:
        persons = [ada.person, bee.person]
        join(work, floor.entropy, Millis(NOW), persons=persons, terms=TERMS)
        work.commit()
    walks(floor, ada, halfway)
    walks(floor, bee, halfway)
    assert located(floor, NOW).people == 0
    assert swept(floor).closed == 0
    assert located(floor).people == 2
    assert swept(floor).closed == 1
    assert minutes(floor, ada) == {"entrance": 5, "till": 5}


def test_who_is_erased_leaves_no_places(floor: Floor) -> None:
    has_a_plan(floor)
    ada = floor.enrol("ada", 1)
    walks(floor, ada, halfway)
    located(floor)
    walks(floor, ada, at_the_till, from_ms=NOW, to_ms=NOW + MINUTE)
    with floor.database.begin() as work:
        gone = work.erasures.remove_rows(ada.person)
        work.commit()
    assert gone["places"] == 2
    assert gone["unsettled_places"] == 1


def test_places_go_when_zones_do(floor: Floor) -> None:
    has_a_plan(floor)
    walks(floor, floor.enrol("ada", 1), halfway)
    located(floor)
    (rule,) = [each for each in rules(Limits()) if each.what is What.PLACES]
    assert not total(let_go(floor.database, rule, Millis(NOW + 29 * DAY)))
    assert total(let_go(floor.database, rule, Millis(NOW + 31 * DAY))) == {"places": 2}


def test_candidates_are_forgotten_with_what_was_found(floor: Floor) -> None:
    has_a_plan(floor)
    ada = floor.enrol("ada", 1)
    floor.hear(floor.presence(ada, NOW - 9 * SECOND, NOW - SECOND))
    located(floor, NOW + DAY + 31 * MINUTE)
    swept(floor, NOW + DAY + 31 * MINUTE)
    assert floor.has_forgotten(ada)
