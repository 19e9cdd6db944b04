from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from shopbell_server.core.ids import FactId, Millis
from shopbell_server.ports.database import DatabaseBusyError
from shopbell_server.ports.outgoing import Delivery
from tests.server.db.rows import ANNA, BEN, fact

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shopbell_server.ports.database import UnitOfWork

LEASE_MS = 1_000


def claimed(work: UnitOfWork, sink: str, now_ms: int, limit: int = 10) -> list[str]:
    return names(work.outgoing.claim(sink, Millis(now_ms), LEASE_MS, limit))


def names(deliveries: Sequence[Delivery]) -> list[str]:
    return [each.fact.fact for each in deliveries]


def test_a_fact_is_queued_for_every_sink(work: UnitOfWork) -> None:
    work.outgoing.add([fact("f1")], ["crm", "file"], Millis(0))
    for sink in ("crm", "file"):
        assert work.outgoing.claim(sink, Millis(0), LEASE_MS, 10) == [
            Delivery(sink=sink, fact=fact("f1"), attempt=1, sequence=1)
        ]
    assert claimed(work, "other", 0) == []


def test_without_a_sink_or_a_fact_nothing_waits(work: UnitOfWork) -> None:
    work.outgoing.add([fact("f1")], [], Millis(0))
    work.outgoing.add([], ["crm"], Millis(0))
    assert work.outgoing.waiting("crm") == (0, None)


def test_one_per_person_and_her_oldest(work: UnitOfWork) -> None:
    work.outgoing.add([fact("z"), fact("y"), fact("b", BEN)], ["crm"], Millis(0))
    work.outgoing.add([fact("x")], ["crm"], Millis(0))
    for expected in ("z", "y", "x"):
        assert expected in claimed(work, "crm", 5)
        assert claimed(work, "crm", 5) == []
        work.outgoing.delivered("crm", FactId(expected), Millis(6))
    work.outgoing.delivered("crm", FactId("b"), Millis(6))
    assert claimed(work, "crm", 10_000) == []


def test_the_longest_due_come_first_and_no_more_than_asked(work: UnitOfWork) -> None:
    work.outgoing.add([fact("late", ANNA)], ["crm"], Millis(20))
    work.outgoing.add([fact("early", BEN)], ["crm"], Millis(10))
    assert claimed(work, "crm", 9) == []
    assert claimed(work, "crm", 20, 1) == ["early"]
    assert claimed(work, "crm", 20, 1) == ["late"]


def test_a_lease_that_runs_out_makes_it_due_again_and_counts(work: UnitOfWork) -> None:
    work.outgoing.add([fact("f1")], ["crm"], Millis(0))
    assert claimed(work, "crm", 0) == ["f1"]
    assert claimed(work, "crm", LEASE_MS - 1) == []
    assert work.outgoing.claim("crm", Millis(LEASE_MS), LEASE_MS, 10)[0].attempt == 2


def test_what_is_tried_again_holds_back_what_follows(work: UnitOfWork) -> None:
    work.outgoing.add([fact("f1"), fact("f2")], ["crm"], Millis(0))
    claimed(work, "crm", 0)
    work.outgoing.retry("crm", FactId("f1"), Millis(5_000))
    assert claimed(work, "crm", 4_999) == []
    assert claimed(work, "crm", 5_000) == ["f1"]


def test_a_dead_letter_lets_the_next_one_go(work: UnitOfWork) -> None:
    work.outgoing.add([fact("f1"), fact("f2")], ["crm"], Millis(0))
    claimed(work, "crm", 0)
    work.outgoing.give_up("crm", FactId("f1"), Millis(1), "refused: 400")
    assert claimed(work, "crm", 2) == ["f2"]
    work.outgoing.retry("crm", FactId("f1"), Millis(0))
    assert claimed(work, "crm", 3) == []


def test_one_sink_does_not_wait_for_another(work: UnitOfWork) -> None:
    work.outgoing.add([fact("f1"), fact("f2")], ["crm", "file"], Millis(0))
    claimed(work, "crm", 0)
    claimed(work, "file", 0)
    work.outgoing.delivered("file", FactId("f1"), Millis(1))
    assert claimed(work, "file", 1) == ["f2"]
    assert claimed(work, "crm", 1) == []


def test_cancelling_drops_what_waits_of_one_person_and_counts_it(work: UnitOfWork) -> None:
    work.outgoing.add([fact("f1"), fact("f2"), fact("b1", BEN)], ["crm", "file"], Millis(0))
    claimed(work, "crm", 0)
    work.outgoing.delivered("crm", FactId("f1"), Millis(1))
    assert work.outgoing.cancel(ANNA) == 3
    assert work.outgoing.cancel(ANNA) == 0
    assert claimed(work, "file", 10_000) == ["b1"]
    work.outgoing.delivered("file", FactId("f1"), Millis(2))
    assert work.outgoing.waiting("file") == (1, 5_000)


def test_after_cancelling_new_facts_go_out(work: UnitOfWork) -> None:
    work.outgoing.add([fact("f1"), fact("f2")], ["crm"], Millis(0))
    work.outgoing.cancel(ANNA)
    work.outgoing.add([fact("f3"), fact("f4")], ["crm"], Millis(0))
    assert claimed(work, "crm", 1) == ["f3"]


def test_dropping_forgets_one_for_one_sink(work: UnitOfWork) -> None:
    work.outgoing.add([fact("f1"), fact("f2")], ["crm", "file"], Millis(0))
    claimed(work, "crm", 0)
    work.outgoing.drop("crm", FactId("f1"))
    work.outgoing.drop("crm", FactId("f1"))
    assert claimed(work, "crm", 1) == ["f2"]
    assert claimed(work, "file", 1) == ["f1"]


def test_what_was_delivered_cannot_be_dropped(work: UnitOfWork) -> None:
    work.outgoing.add([fact("f1")], ["crm"], Millis(0))
    work.outgoing.delivered("crm", FactId("f1"), Millis(1))
    work.outgoing.drop("crm", FactId("f1"))
    with pytest.raises(DatabaseBusyError):
        work.outgoing.add([fact("f1")], ["crm"], Millis(0))


def test_a_place_is_never_given_twice(work: UnitOfWork) -> None:
    work.outgoing.add([fact("f1"), fact("f2")], ["crm"], Millis(0))
    work.outgoing.drop("crm", FactId("f2"))
    work.outgoing.cancel(ANNA)
    work.outgoing.add([fact("f3"), fact("b1", BEN)], ["crm"], Millis(0))
    deliveries = work.outgoing.claim("crm", Millis(0), LEASE_MS, 10)
    assert {each.fact.fact: each.sequence for each in deliveries} == {"f3": 3, "b1": 1}


def test_how_many_wait_and_since_when(work: UnitOfWork) -> None:
    work.outgoing.add(
        [fact("f1", recorded_ms=700), fact("f2", recorded_ms=900)], ["crm"], Millis(0)
    )
    claimed(work, "crm", 0)
    assert work.outgoing.waiting("crm") == (2, 700)
    work.outgoing.delivered("crm", FactId("f1"), Millis(1))
    assert work.outgoing.waiting("crm") == (1, 900)
    assert work.outgoing.waiting("file") == (0, None)


def test_a_fact_is_told_once(work: UnitOfWork) -> None:
    work.outgoing.add([fact("f1")], ["crm"], Millis(0))
    with pytest.raises(DatabaseBusyError):
        work.outgoing.add([fact("f1")], ["crm"], Millis(0))
