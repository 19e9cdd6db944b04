from __future__ import annotations

from typing import TYPE_CHECKING

from shopbell_server.core.visits.neighbourhood import (
    Neighbourhood,
    neighbourhood,
    neighbourhoods,
    overlapping,
)
from tests.server.core.stays import MINUTE, RULES, acted, at, heard
from tests.server.core.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from shopbell_server.core.ids import Millis
    from shopbell_server.core.visits.stored import Visit

REACH = RULES.widest_reach_ms


def around_noon(worker: Worker, *, from_ms: int = 0, to_ms: int = MINUTE) -> Neighbourhood:
    return neighbourhood([heard(from_ms, to_ms)], worker.touching, REACH)


def test_alone_it_is_the_evidence_itself() -> None:
    assert around_noon(Worker(rules=RULES)) == (at(0), at(MINUTE), ())


def test_visits_within_reach_belong_to_it_whole() -> None:
    worker = Worker(rules=RULES)
    worker.take([heard(46 * MINUTE, 90 * MINUTE)], 0)
    near = around_noon(worker)
    assert (near.from_ms, near.to_ms) == (at(0), at(90 * MINUTE))
    assert near.visits == tuple(worker.visits.values())


def test_visits_out_of_reach_do_not() -> None:
    worker = Worker(rules=RULES)
    worker.take([acted(76 * MINUTE + 1)], 0)
    worker.take([acted(-75 * MINUTE - 1)], 0)
    assert around_noon(worker).visits == ()


def test_what_is_near_what_is_near_belongs_to_it() -> None:
    worker = Worker(rules=RULES)
    for begin in (80, 40, -35, -70):
        worker.take([heard(begin * MINUTE, begin * MINUTE + 1)], 0)
    near = around_noon(worker)
    assert len(near.visits) == 4
    assert (near.from_ms, near.to_ms) == (at(-70 * MINUTE), at(80 * MINUTE + 1))


def test_many_are_asked_for_at_once_and_again_only_those_whose_visits_reach_out() -> None:
    workers = {
        "alone": Worker(rules=RULES),
        "long": Worker(rules=RULES),
        "far": Worker(rules=RULES),
    }
    workers["long"].take([heard(-40 * MINUTE, -1)], 0)
    workers["far"].take([heard(300 * MINUTE, 301 * MINUTE)], 0)
    asked: list[list[str]] = []

    def touching(
        people: Collection[str], from_ms: Millis, to_ms: Millis
    ) -> Mapping[str, Sequence[Visit]]:
        asked.append(sorted(people))
        stored = {who: workers[who].touching(from_ms, to_ms) for who in people}
        return {who: visits for who, visits in stored.items() if visits}

    # Wide enough that the first question covers a visit that is out of everybody's own reach.
    touched = {
        "alone": [heard(0, MINUTE)],
        "long": [heard(0, MINUTE)],
        "far": [heard(0, MINUTE)],
        "late": [heard(600 * MINUTE, 601 * MINUTE)],
    }
    workers["late"] = Worker(rules=RULES)
    near = neighbourhoods(touched, touching, REACH)
    assert asked == [["alone", "far", "late", "long"], ["long"]]
    assert near == {
        who: neighbourhood(touched[who], workers[who].touching, REACH) for who in touched
    }
    assert near["far"].visits == ()


def test_people_are_together_whose_time_overlaps() -> None:
    def span(from_ms: int, to_ms: int) -> Neighbourhood:
        return Neighbourhood(at(from_ms), at(to_ms), ())

    around = {"a": span(0, 10), "z": span(100, 110), "b": span(5, 50), "c": span(50, 60)}
    assert overlapping(around) == [((at(0), at(60)), ["a", "b", "c"]), ((at(100), at(110)), ["z"])]
    assert overlapping({}) == []
