from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from shopbell_server.core.evidence import Evidence
from shopbell_server.core.facts import (
    CustomerRecognized,
    VisitCancelled,
    VisitEnded,
    VisitRevised,
    VisitStarted,
)
from shopbell_server.core.ids import VisitId, ZoneId
from shopbell_server.core.visits.reconcile import Reconciled, left_behind, reconcile
from shopbell_server.core.visits.sessions import sessions
from tests.server.core.stays import (
    ADA,
    MINUTE,
    RULES,
    SECOND,
    STORE,
    acted,
    around,
    at,
    heard,
)
from tests.server.core.worker import Worker

if TYPE_CHECKING:
    from shopbell_server.core.evidence import Interval
    from shopbell_server.core.facts import VisitFact
    from shopbell_server.core.visits.rules import VisitRules
    from shopbell_server.core.visits.stored import Visit


def kinds(facts: list[VisitFact]) -> list[str]:
    return [type(fact).__name__ for fact in facts]


def a_worker() -> Worker:
    return Worker(rules=RULES)


def the_visit(worker: Worker) -> Visit:
    (visit,) = worker.visits.values()
    return visit


def recomputed(
    worker: Worker, *evidence: Interval, rules: VisitRules = RULES, now_ms: int = 0
) -> Reconciled:
    """Return what becomes of the worker's visits if `evidence` is all there is."""
    circumstances = around(now_ms, names=worker.names)
    stored = list(worker.visits.values())
    return reconcile(ADA, STORE, stored, sessions(evidence, rules), (), circumstances)


def test_nobody_is_told_of_a_candidate() -> None:
    worker = a_worker()
    worker.take([heard(0, 90 * SECOND)], 90 * SECOND)
    assert the_visit(worker).state == "candidate"
    assert the_visit(worker).revision == 0
    assert worker.facts == []


def test_a_candidate_that_stays_becomes_a_visit_and_keeps_its_name() -> None:
    worker = a_worker()
    worker.take([heard(0, 90 * SECOND)], 90 * SECOND)
    candidate = the_visit(worker)
    worker.take([heard(0, 120 * SECOND)], 121 * SECOND)

    visit = the_visit(worker)
    assert (visit.id, visit.handle) == (candidate.id, candidate.handle)
    assert (visit.state, visit.revision) == ("open", 1)
    started, recognised = worker.facts
    assert isinstance(started, VisitStarted)
    assert (started.at_ms, started.recorded_ms) == (at(0), at(121 * SECOND))
    assert not started.late
    assert isinstance(recognised, CustomerRecognized)
    assert recognised.at_ms == at(60 * SECOND)
    assert (recognised.evidence, recognised.zone) == (Evidence.SIGNAL, ZoneId("entrance"))


def test_a_code_is_a_visit_and_a_recognition_at_once() -> None:
    worker = a_worker()
    worker.take([acted(0)], 50)
    assert kinds(worker.facts) == ["VisitStarted", "CustomerRecognized"]


def test_that_she_stays_is_no_news() -> None:
    worker = a_worker()
    worker.take([acted(0)], 0)
    worker.take([heard(1, 9 * MINUTE)], 9 * MINUTE)
    assert len(worker.facts) == 2
    assert the_visit(worker).session.end_ms == at(9 * MINUTE)
    assert the_visit(worker).revision == 1


def test_recognition_can_follow_the_start() -> None:
    worker = a_worker()
    worker.take([heard(0, 3 * MINUTE, n=4)], 3 * MINUTE)
    assert kinds(worker.facts) == ["VisitStarted"]
    worker.take([heard(0, 4 * MINUTE, n=5)], 4 * MINUTE)
    assert kinds(worker.facts) == ["VisitStarted", "CustomerRecognized"]


def test_an_earlier_start_revises_an_open_visit() -> None:
    worker = a_worker()
    worker.take([heard(10 * MINUTE, 15 * MINUTE)], 15 * MINUTE)
    worker.take([heard(0, 5 * MINUTE, scanner="till")], 16 * MINUTE)

    revised = worker.facts[-1]
    assert isinstance(revised, VisitRevised)
    assert (revised.revision, revised.supersedes, revised.ended) == (2, (), False)
    assert revised.account.began_ms == at(0)
    assert revised.late


def test_backlog_is_told_and_rings_no_bell() -> None:
    worker = a_worker()
    change = reconcile(ADA, STORE, [], sessions([acted(0)], RULES), (), around(5, live=False))
    assert all(fact.late for fact in change.facts)
    worker.take([acted(0)], 46 * MINUTE)  # live, but over before we knew
    assert all(fact.late for fact in worker.facts)


def test_late_evidence_revises_an_ended_visit_and_leaves_it_ended() -> None:
    worker = a_worker()
    worker.take([heard(0, 5 * MINUTE)], 5 * MINUTE)
    worker.sweep(36 * MINUTE)
    worker.take([heard(0, 8 * MINUTE, scanner="till", zone="till")], 50 * MINUTE)

    assert kinds(worker.facts[-2:]) == ["VisitEnded", "VisitRevised"]
    revised = worker.facts[-1]
    assert isinstance(revised, VisitRevised)
    assert revised.ended
    assert revised.account.last_ms == at(8 * MINUTE)
    assert the_visit(worker).state == "ended"


def test_late_evidence_that_she_may_still_be_here_opens_the_visit_again() -> None:
    worker = a_worker()
    worker.take([heard(0, 5 * MINUTE)], 5 * MINUTE)
    worker.sweep(36 * MINUTE)
    worker.take([heard(0, 20 * MINUTE, scanner="till")], 37 * MINUTE)
    assert the_visit(worker).state == "open"
    worker.sweep(51 * MINUTE)

    assert kinds(worker.facts[-3:]) == ["VisitEnded", "VisitRevised", "VisitEnded"]
    ended = worker.facts[-1]
    assert isinstance(ended, VisitEnded)
    assert ended.revision == 2
    assert ended.account.last_ms == at(20 * MINUTE)


def test_a_clock_a_little_behind_does_not_open_what_another_worker_ended() -> None:
    worker = a_worker()
    worker.take([heard(0, 5 * MINUTE)], 5 * MINUTE)
    worker.sweep(35 * MINUTE + 1)
    told = len(worker.facts)
    worker.take([heard(0, 5 * MINUTE)], 35 * MINUTE)
    assert the_visit(worker).state == "ended"
    assert len(worker.facts) == told


def test_late_evidence_that_changes_nothing_told_is_no_revision() -> None:
    worker = a_worker()
    worker.take([heard(0, 5 * MINUTE)], 5 * MINUTE)
    worker.sweep(36 * MINUTE)
    told = len(worker.facts)
    worker.take([heard(0, 5 * MINUTE, n=30)], 50 * MINUTE)
    assert the_visit(worker).session.n == 30
    assert the_visit(worker).revision == 1
    assert len(worker.facts) == told


def test_a_bridge_between_two_visits_makes_them_the_older_one() -> None:
    worker = a_worker()
    worker.take([heard(0, 5 * MINUTE)], 5 * MINUTE)
    worker.take([heard(40 * MINUTE, 45 * MINUTE)], 45 * MINUTE)
    older, newer = sorted(worker.visits)
    worker.sell(at(44 * MINUTE), 45 * MINUTE)
    assert worker.visits[newer].converted
    worker.take([heard(20 * MINUTE, 21 * MINUTE, scanner="till")], 46 * MINUTE)

    visit = the_visit(worker)
    assert visit.id == older
    assert visit.converted
    assert kinds(worker.facts[-2:]) == ["VisitRevised", "VisitCancelled"]
    revised, cancelled = worker.facts[-2:]
    assert isinstance(revised, VisitRevised)
    assert revised.supersedes == (newer,)
    assert isinstance(cancelled, VisitCancelled)
    assert (cancelled.visit, cancelled.absorbed_by) == (newer, older)
    assert cancelled.revision == 2


def test_a_visit_that_was_told_of_absorbs_an_older_candidate() -> None:
    worker = a_worker()
    worker.take([heard(0, 10 * SECOND)], 10 * SECOND)
    candidate = the_visit(worker).id
    worker.take([acted(40 * MINUTE)], 40 * MINUTE)
    (told,) = worker.visits.keys() - {candidate}
    worker.take([heard(20 * MINUTE, 20 * MINUTE + 1, scanner="till")], 41 * MINUTE)

    assert the_visit(worker).id == told
    assert kinds(worker.facts[2:]) == ["VisitRevised"]
    revised = worker.facts[-1]
    assert isinstance(revised, VisitRevised)
    assert revised.supersedes == ()


def test_who_was_recognised_before_is_not_recognised_again() -> None:
    worker = a_worker()
    worker.take([heard(0, 3 * MINUTE, n=1)], 3 * MINUTE)  # told, never shown
    worker.take([acted(40 * MINUTE)], 40 * MINUTE)
    worker.take([heard(20 * MINUTE, 21 * MINUTE, n=1, scanner="till")], 41 * MINUTE)
    assert kinds(worker.facts) == [
        "VisitStarted",
        "VisitStarted",
        "CustomerRecognized",
        "VisitRevised",
        "VisitCancelled",
    ]


def test_whose_recognition_goes_and_comes_back_is_not_recognised_again() -> None:
    worker = a_worker()
    seldom = heard(0, 3 * MINUTE, n=1)
    worker.take([acted(0), seldom], 3 * MINUTE)
    # Without the pass it is a visit still, but none that would have been shown: so it is with the pieces of
    # an overlong stay too, which shift.
    without = recomputed(worker, seldom, now_ms=4 * MINUTE)
    (unshown,) = without.put
    assert unshown.session.shown is None
    worker.visits[unshown.id] = unshown
    again = recomputed(worker, acted(0), seldom, now_ms=5 * MINUTE)
    (shown,) = again.put
    assert shown.session.shown is not None
    assert "CustomerRecognized" not in kinds([*without.facts, *again.facts])


def test_a_visit_without_evidence_is_cancelled_and_absorbed_by_none() -> None:
    worker = a_worker()
    worker.take([acted(0)], 0)
    change = recomputed(worker)
    (cancelled,) = change.facts
    assert isinstance(cancelled, VisitCancelled)
    assert cancelled.absorbed_by is None
    assert change.removed == (the_visit(worker).id,)


def test_a_candidate_without_evidence_goes_in_silence() -> None:
    worker = a_worker()
    worker.take([heard(0, 1)], 1)
    assert recomputed(worker) == Reconciled(removed=(the_visit(worker).id,))


def test_a_visit_that_shrinks_to_a_candidate_is_cancelled() -> None:
    worker = a_worker()
    worker.take([heard(0, 5 * MINUTE)], 0)
    told = the_visit(worker).id
    change = recomputed(worker, heard(0, MINUTE))
    (candidate,) = change.put
    assert candidate.state == "candidate"
    assert candidate.id != told
    assert change.removed == (told,)
    assert kinds(list(change.facts)) == ["VisitCancelled"]


def test_where_a_visit_falls_in_two_the_earlier_part_keeps_its_name() -> None:
    worker = a_worker()
    worker.take([heard(0, 50 * MINUTE)], 50 * MINUTE)
    told = the_visit(worker).id
    change = recomputed(
        worker, heard(0, 5 * MINUTE), heard(45 * MINUTE, 50 * MINUTE), now_ms=51 * MINUTE
    )
    early, late = change.put
    assert early.id == told
    assert early.session.end_ms == at(5 * MINUTE)
    assert late.session.start_ms == at(45 * MINUTE)
    assert kinds(list(change.facts)) == ["VisitStarted", "CustomerRecognized"]


def test_other_rules_that_change_nothing_leave_a_visit_as_it_was() -> None:
    worker = a_worker()
    worker.take([heard(0, 5 * MINUTE)], 5 * MINUTE)
    other = replace(RULES, gap_ms=20 * MINUTE)
    assert recomputed(worker, heard(0, 5 * MINUTE), rules=other) == Reconciled()


def test_other_rules_that_change_a_visit_are_named_in_it() -> None:
    worker = a_worker()
    worker.take([heard(0, 5 * MINUTE), heard(25 * MINUTE, 30 * MINUTE)], 30 * MINUTE)
    other = replace(RULES, gap_ms=15 * MINUTE)
    change = recomputed(worker, heard(0, 5 * MINUTE), heard(25 * MINUTE, 30 * MINUTE), rules=other)
    assert {visit.session.rule_version for visit in change.put} == {other.rule_version}
    assert len(change.put) == 2


def test_two_candidates_that_turn_out_one_are_one() -> None:
    worker = a_worker()
    worker.take([heard(0, 1)], 1)
    worker.take([heard(40 * MINUTE, 40 * MINUTE + 1)], 40 * MINUTE)
    worker.take([heard(20 * MINUTE, 20 * MINUTE + 1, scanner="till")], 41 * MINUTE)
    assert the_visit(worker).state == "candidate"
    assert worker.facts == []


def test_visits_of_whom_others_are_the_head_are_gone_into_hers() -> None:
    worker = a_worker()
    worker.take([acted(0)], 0)
    worker.take([acted(5 * 60 * MINUTE)], 0)
    worker.take([heard(9 * 60 * MINUTE, 9 * 60 * MINUTE + 30 * SECOND)], 0)
    hers, his_later, his_candidate = worker.visits.values()
    his = replace(hers, id=VisitId("his"), revision=4)
    made = left_behind([his, his_later, his_candidate], [hers], around(0))
    assert made.put == ()
    assert made.removed == (his.id, his_later.id, his_candidate.id)
    cancelled = [fact for fact in made.facts if isinstance(fact, VisitCancelled)]
    assert len(cancelled) == len(made.facts) == 2
    assert [(each.visit, each.absorbed_by) for each in cancelled] == [
        (his.id, hers.id),
        (his_later.id, None),
    ]
    assert (cancelled[0].revision, cancelled[0].late) == (5, True)


def test_nobody_is_told_of_a_candidate_that_absorbed_a_visit() -> None:
    worker = a_worker()
    worker.take([heard(0, 30 * SECOND)], 0)
    (candidate,) = worker.visits.values()
    worker.take([acted(10 * SECOND)], 0)
    (visit,) = worker.visits.values()
    (cancelled,) = left_behind([visit], [candidate], around(0)).facts
    assert isinstance(cancelled, VisitCancelled)
    assert cancelled.absorbed_by is None
