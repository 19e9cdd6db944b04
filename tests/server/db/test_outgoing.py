from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from shopbell_server.core.ids import FactId, Millis
from shopbell_server.ports.database import DatabaseBusyError
from shopbell_server.ports.outgoing import DeadLetter, Delivery
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


def dead(work: UnitOfWork, *facts: str, sink: str = "crm") -> None:
    for number, each in enumerate(facts):
        work.outgoing.give_up(sink, FactId(each), Millis(number), f"HTTP {400 + number}")


def test_dead_letters_are_counted_and_listed_latest_first(work: UnitOfWork) -> None:
    work.outgoing.add([fact("f1"), fact("f2"), fact("b1", BEN)], ["crm", "file"], Millis(0))
    assert claimed(work, "crm", 0) == ["b1", "f1"]
    dead(work, "f1", "b1")
    assert dict(work.outgoing.dead()) == {"crm": 2}
    latest, first = work.outgoing.dead_letters("crm", 10)
    assert latest == work.outgoing.dead_letter("crm", FactId("b1"))
    assert first == DeadLetter(
        delivery=Delivery(sink="crm", fact=fact("f1"), attempt=1, sequence=1),
        dead_ms=Millis(0),
        reason="HTTP 400",
    )
    assert work.outgoing.dead_letters("crm", 1) == [latest]
    assert work.outgoing.dead_letters("file", 10) == []
    for sink, name in (("file", "f1"), ("crm", "f2"), ("crm", "nobody's")):
        assert work.outgoing.dead_letter(sink, FactId(name)) is None


def test_a_dead_letter_is_revived_before_what_waits_of_the_same_person(work: UnitOfWork) -> None:
    work.outgoing.add([fact("f1"), fact("f2"), fact("b1", BEN)], ["crm"], Millis(0))
    claimed(work, "crm", 0)
    dead(work, "f1", "b1")
    assert work.outgoing.revive("crm", FactId("f1"), Millis(50)) == 1
    assert work.outgoing.revive("crm", FactId("f1"), Millis(50)) == 0
    assert claimed(work, "crm", 49) == []
    (again,) = work.outgoing.claim("crm", Millis(50), LEASE_MS, 10)
    assert (again.fact.fact, again.attempt, again.sequence) == ("f1", 1, 1)
    assert dict(work.outgoing.dead()) == {"crm": 1}
    assert work.outgoing.revive("file", None, Millis(50)) == 0
    assert work.outgoing.revive("crm", None, Millis(60)) == 1
    assert claimed(work, "crm", 60) == ["b1"]
    assert dict(work.outgoing.dead()) == {}


def test_what_waits_or_was_delivered_is_neither_revived_nor_discarded(work: UnitOfWork) -> None:
    work.outgoing.add([fact("f1"), fact("b1", BEN)], ["crm"], Millis(0))
    work.outgoing.delivered("crm", FactId("f1"), Millis(1))
    for each in ("f1", "b1", "nobody's"):
        assert work.outgoing.revive("crm", FactId(each), Millis(9)) == 0
        assert work.outgoing.discard("crm", FactId(each)) == 0
    assert claimed(work, "crm", 0) == ["b1"]


def test_a_dead_letter_is_discarded_for_one_sink(work: UnitOfWork) -> None:
    work.outgoing.add([fact("f1")], ["crm", "file"], Millis(0))
    dead(work, "f1")
    assert work.outgoing.discard("crm", FactId("f1")) == 1
    assert work.outgoing.discard("crm", FactId("f1")) == 0
    assert work.outgoing.dead_letters("crm", 10) == []
    assert claimed(work, "file", 0) == ["f1"]
