"""Time passes: what is due is closed, once, and those who share are told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shopbell_server.core.facts import CustomerRecognized, VisitEnded, VisitStarted
from shopbell_server.core.ids import Millis
from shopbell_server.usecases.visits.recompute import Terms
from shopbell_server.usecases.visits.sweep import sweep, sweeps
from tests.server.usecases.floor import (
    DAY,
    MINUTE,
    NOW,
    RULES,
    SECOND,
    SINK,
    STORE,
    batch,
)

if TYPE_CHECKING:
    from shopbell_server.usecases.visits.sweep import Swept
    from tests.server.usecases.floor import Floor


def swept(floor: Floor, now_ms: int) -> Swept:
    return sweep(floor.database, floor.entropy, Terms(rules=RULES, sinks=(SINK,)), Millis(now_ms))


def test_a_visit_ends_when_the_gap_has_passed(floor: Floor) -> None:
    ada, eve = floor.enrol("ada", 1), floor.enrol("eve", 2, share=False)
    floor.take(batch(floor.presence(ada), floor.presence(eve)))
    last_ms = NOW - SECOND
    assert swept(floor, last_ms + 30 * MINUTE).closed == 0
    done = swept(floor, last_ms + 30 * MINUTE + 1)
    assert (done.closed, done.last) == (2, None)
    assert done.changed == {STORE: {ada.person, eve.person}}
    assert swept(floor, last_ms + 31 * MINUTE).closed == 0
    assert floor.visits(ada)[0].state == floor.visits(eve)[0].state == "ended"
    facts = floor.facts()
    assert [type(fact) for fact in facts] == [VisitStarted, CustomerRecognized, VisitEnded]
    assert {fact.person for fact in facts} == {ada.person}
    assert facts[-1].at_ms == last_ms


def test_a_candidate_is_forgotten_with_its_evidence(floor: Floor) -> None:
    ada = floor.enrol("ada", 1)
    floor.hear(floor.presence(ada, NOW - 9 * SECOND, NOW - SECOND))
    assert floor.visits(ada)[0].state == "candidate"
    swept(floor, NOW + DAY + 31 * MINUTE)
    assert floor.has_forgotten(ada)


def test_what_is_late_after_an_end_opens_or_revises_it(floor: Floor) -> None:
    ada = floor.enrol("ada", 1)
    floor.hear(floor.presence(ada, NOW - 5 * MINUTE, NOW - 3 * MINUTE))
    swept(floor, NOW + 40 * MINUTE)
    floor.hear(floor.presence(ada, NOW - 2 * MINUTE, NOW - SECOND), now_ms=NOW + 41 * MINUTE)
    (visit,) = floor.visits(ada)
    assert (visit.state, visit.revision) == ("ended", 2)


def test_more_than_one_transaction_takes_is_more_to_do(floor: Floor) -> None:
    people = [floor.enrol(f"p{number}", number) for number in (1, 2, 3)]
    floor.take(batch(*(floor.presence(each) for each in people)))
    terms, over = Terms(rules=RULES, sinks=(SINK,)), Millis(NOW + 40 * MINUTE)
    done = list(sweeps(floor.database, floor.entropy, terms, over, limit=2))
    assert [each.closed for each in done] == [2, 1]
    assert done[-1].last is None
