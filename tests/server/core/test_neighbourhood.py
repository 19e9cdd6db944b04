from __future__ import annotations

from typing import TYPE_CHECKING

from shopbell_server.core.neighbourhood import neighbourhood
from tests.server.core.stays import MINUTE, RULES, acted, at, heard
from tests.server.core.worker import Worker

if TYPE_CHECKING:
    from shopbell_server.core.neighbourhood import Neighbourhood

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
    worker.take([acted(46 * MINUTE + 1)], 0)
    worker.take([acted(-45 * MINUTE - 1)], 0)
    assert around_noon(worker).visits == ()


def test_what_is_near_what_is_near_belongs_to_it() -> None:
    worker = Worker(rules=RULES)
    for begin in (80, 40, -35, -70):
        worker.take([heard(begin * MINUTE, begin * MINUTE + 1)], 0)
    near = around_noon(worker)
    assert len(near.visits) == 4
    assert (near.from_ms, near.to_ms) == (at(-70 * MINUTE), at(80 * MINUTE + 1))
