from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from shopbell_server.core.facts import VisitEnded, VisitRevised
from shopbell_server.core.visits.ending import converted, swept
from shopbell_server.core.visits.reconcile import Reconciled
from tests.server.core.stays import MINUTE, RULES, acted, around, at, heard
from tests.server.core.worker import Worker

if TYPE_CHECKING:
    from shopbell_server.core.evidence import Interval
    from shopbell_server.core.visits.stored import Visit


def visit_of(*evidence: Interval) -> Visit:
    worker = Worker(rules=RULES)
    worker.take(evidence, 0)
    (visit,) = worker.visits.values()
    return visit


STAYED = visit_of(heard(0, 5 * MINUTE))
PASSED = visit_of(heard(0, 0))


def test_a_visit_ends_when_the_gap_has_passed() -> None:
    assert swept(STAYED, RULES, around(35 * MINUTE)) == Reconciled()
    change = swept(STAYED, RULES, around(35 * MINUTE + 1))
    (visit,), (ended,) = change.put, change.facts
    assert visit.state == "ended"
    assert isinstance(ended, VisitEnded)
    assert ended.at_ms == at(5 * MINUTE)
    assert ended.account.duration_s == 300
    assert not ended.late


def test_after_a_code_a_visit_ends_when_the_expected_stay_has_passed() -> None:
    visit = visit_of(acted(0))
    assert swept(visit, RULES, around(45 * MINUTE)) == Reconciled()
    (ended,) = swept(visit, RULES, around(45 * MINUTE + 1)).facts
    assert isinstance(ended, VisitEnded)
    assert ended.at_ms == at(0)
    assert not ended.account.duration_known


def test_a_visit_ends_once() -> None:
    ended = replace(STAYED, state="ended")
    assert swept(ended, RULES, around(90 * MINUTE)) == Reconciled()


def test_an_end_that_is_told_long_after_is_late() -> None:
    (in_time,) = swept(STAYED, RULES, around(45 * MINUTE)).facts
    (late,) = swept(STAYED, RULES, around(45 * MINUTE + 1)).facts
    (backlog,) = swept(STAYED, RULES, around(36 * MINUTE, live=False)).facts
    assert [in_time.late, late.late, backlog.late] == [False, True, True]


def test_a_candidate_is_forgotten_in_silence_after_a_day() -> None:
    day = 24 * 60 * MINUTE
    assert swept(PASSED, RULES, around(30 * MINUTE + day)) == Reconciled()
    assert swept(PASSED, RULES, around(30 * MINUTE + day + 1)) == Reconciled(removed=(PASSED.id,))


def test_a_purchase_is_told_when_the_visit_ends() -> None:
    change = converted(STAYED, around(0))
    (visit,) = change.put
    assert visit.converted
    assert change.facts == ()


def test_a_purchase_that_is_known_late_revises_the_visit() -> None:
    change = converted(replace(STAYED, state="ended"), around(90 * MINUTE))
    (revised,) = change.facts
    assert isinstance(revised, VisitRevised)
    assert revised.revision == 2
    assert revised.ended
    assert revised.account.converted


def test_buying_twice_is_told_once() -> None:
    assert converted(replace(STAYED, converted=True), around(0)) == Reconciled()
