"""What is old goes in pieces, and nothing younger; the same in every database."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from shopbell_server.core.consent.ledger import Change
from shopbell_server.core.edges.deafness import Mark
from shopbell_server.core.edges.lineage import Heir, Start
from shopbell_server.core.identity.people import Issued
from shopbell_server.core.ids import CardRef, FactId, Millis, ReceiptId, VisitId, Window
from shopbell_server.core.keeping.retention import LEDGER_MS, What
from shopbell_server.core.recognition.code_uses import CodeUse
from shopbell_server.ports.batches import Anchor, BatchKey, BatchRecord
from shopbell_server.ports.database import DatabaseRefusedError
from shopbell_server.ports.receipts import TillReceipt
from shopbell_server.ports.told import Told
from shopbell_server.system import SystemClock
from tests.server.db.rows import (
    ANNA,
    BEN,
    EDGE,
    STORE,
    add_store,
    enrol,
    entry,
    fact,
    hashed,
    interval,
    visit,
)

if TYPE_CHECKING:
    from shopbell_server.db.unit_of_work import SqlDatabase
    from shopbell_server.ports.database import UnitOfWork

SINK = "cdp"
ALL = 100
BEFORE = Millis(1_000)


def record(seq: int, received_ms: int) -> BatchRecord:
    key = BatchKey(edge=EDGE, stream="5" * 32, seq=seq)
    return BatchRecord(key=key, sha256=hashed(seq), received_ms=Millis(received_ms))


def told(name: str, at_ms: int = 5, sink: str = SINK) -> Told:
    return Told(
        person=ANNA,
        sink=sink,
        fact=FactId(name),
        kind="shopbell.visit.ended.v1",
        at_ms=Millis(at_ms),
        delivered=True,
        answer="200",
    )


def remaining(work: UnitOfWork, what: What) -> dict[str, int]:
    """Remove all there is, and return how much it was."""
    return dict(work.retention.remove(what, Millis(10**15), ALL))


def test_batches_are_forgotten_in_pieces(work: UnitOfWork) -> None:
    work.batches.record([record(seq, seq) for seq in range(1, 8)])
    before = Millis(6)
    assert work.retention.remove(What.BATCHES, before, 3) == {"batches": 3}
    assert work.retention.remove(What.BATCHES, before, 3) == {"batches": 2}
    assert work.retention.remove(What.BATCHES, before, 3) == {}
    left = work.batches.hashes([record(seq, seq).key for seq in range(1, 8)])
    assert sorted(key.seq for key in left) == [6, 7]


def test_what_was_set_aside_loses_its_bytes_first_and_goes_later(work: UnitOfWork) -> None:
    for seq, received_ms in ((1, 999), (2, 1_000)):
        work.batches.quarantine(record(seq, received_ms), b"bytes", "internal_error")
    assert work.retention.remove(What.SET_ASIDE, BEFORE, ALL) == {"quarantined_batches": 1}
    assert work.retention.remove(What.SET_ASIDE, BEFORE, ALL) == {}
    assert work.retention.remove(What.REFUSED, BEFORE, ALL) == {"quarantined_batches": 1}
    assert remaining(work, What.REFUSED) == {"quarantined_batches": 1}


def test_used_codes_and_issued_windows_are_forgotten(work: UnitOfWork) -> None:
    enrol(work)
    for step, at_ms in ((1, 999), (2, 1_000)):
        work.intervals.put_code_use(
            CodeUse(
                card=CardRef("card-1"),
                step=step,
                at_ms=Millis(at_ms),
                store=STORE,
                edge=EDGE,
                scanner="cam0",
            )
        )
    assert work.retention.remove(What.CODES, BEFORE, ALL) == {"code_uses": 1}
    assert work.intervals.code_use(CardRef("card-1"), 1) is None
    assert work.intervals.code_use(CardRef("card-1"), 2) is not None
    for first in (0, 10):
        issued = Issued(person=ANNA, first=Window(first), last=Window(first + 8))
        work.people.add_issued(issued)
    before = Millis(10 * 900_000)  # windows up to 9 have ended
    assert work.retention.remove(What.ISSUED, before, ALL) == {"issued_windows": 1}
    assert [each.first for each in work.people.issued([ANNA])[ANNA]] == [10]


def test_receipts_and_tellings_are_forgotten(work: UnitOfWork) -> None:
    add_store(work)
    for name, at_ms in (("old", 999), ("new", 1_000)):
        work.receipts.keep(
            TillReceipt(
                receipt=ReceiptId(name),
                store=STORE,
                till="1",
                at_ms=Millis(at_ms),
                person=None,
                request_mac=hashed(1),
                joined=False,
            )
        )
    work.told.note([told("old", 999), told("new", 1_000)])
    assert work.retention.remove(What.RECEIPTS, BEFORE, ALL) == {"till_receipts": 1}
    assert work.receipts.recall(ReceiptId("old")) is None
    assert work.receipts.recall(ReceiptId("new")) is not None
    assert work.retention.remove(What.TOLD, BEFORE, ALL) == {"told": 1}
    assert work.told.of(ANNA) == [told("new", 1_000)]


def test_who_was_told_what_is_kept_and_forgotten_by_person(work: UnitOfWork) -> None:
    later = replace(told("a", 7), answer="503", delivered=False)
    work.told.note([told("b", 6), told("a")])
    work.told.note([later, replace(told("c"), person=BEN)])
    assert work.told.of(ANNA) == [told("b", 6), later]
    assert work.told.forget(ANNA) == 2
    assert work.told.of(ANNA) == []
    assert work.told.forget(BEN) == 1


def test_events_go_a_while_after_they_were_handed_over(work: UnitOfWork) -> None:
    work.outgoing.add([fact("done"), fact("dead"), fact("waits")], [SINK], Millis(0))
    work.outgoing.delivered(SINK, FactId("done"), Millis(999))
    work.outgoing.give_up(SINK, FactId("dead"), Millis(1_000), "403")
    gone = work.retention.remove(What.DELIVERIES, BEFORE, ALL)
    assert gone["deliveries"] == 1
    assert work.outgoing.waiting(SINK)[0] == 1
    assert remaining(work, What.DELIVERIES)["deliveries"] == 1
    assert work.outgoing.waiting(SINK)[0] == 1


def test_an_event_that_nobody_ever_took_goes_as_well(work: UnitOfWork) -> None:
    facts = [fact("old", recorded_ms=999), fact("new", recorded_ms=1_000)]
    work.outgoing.add(facts, [SINK, "other"], Millis(0))
    gone = work.retention.remove(What.WAITING, BEFORE, ALL)
    assert gone["deliveries"] == 2
    for sink in (SINK, "other"):
        due = work.outgoing.claim(sink, Millis(10), 0, 9)
        assert [each.fact.fact for each in due] == ["new"]


def test_what_is_left_of_events_is_their_text_as_well(sql: SqlDatabase) -> None:
    with sql.begin() as work:
        work.outgoing.add([fact("one"), fact("two")], [SINK], Millis(0))
        work.outgoing.delivered(SINK, FactId("one"), Millis(1))
        at_ms = Millis(6_000)
        assert work.retention.remove(What.DELIVERIES, at_ms, ALL) == {"deliveries": 1, "facts": 1}
        assert work.retention.remove(What.WAITING, at_ms, ALL) == {"deliveries": 1, "facts": 1}


def test_machines_are_forgotten_when_no_visit_follows_from_them(work: UnitOfWork) -> None:
    add_store(work)
    old, new = (EDGE, "a" * 32), (EDGE, "b" * 32)
    work.batches.ranges([old], Millis(1))
    work.batches.put_ranges({old: "1-3"}, Millis(999))
    work.batches.ranges([new], BEFORE)
    starts = [
        Start(edge=EDGE, previous="0" * 32, stream=old[1]),
        Start(edge=EDGE, previous=old[1], stream=new[1]),
    ]
    work.edge_records.heirs(starts)
    for boot, wall_ms in (("old", 999), ("new", 1_000)):
        work.batches.put_anchor(
            Anchor(edge=EDGE, boot=boot, boottime_ms=1, wall_ms=Millis(wall_ms), err_ms=1)
        )
    said = [Mark(EDGE, "hci0", Millis(at_ms), "hearing", "") for at_ms in (1, 500, 999, 1_000)]
    work.scanners.add(said)
    assert work.retention.remove(What.MACHINES, BEFORE, ALL) == {
        "streams": 1,
        "stream_heirs": 1,
        "anchors": 1,
        "scanner_marks": 2,
    }
    assert work.retention.remove(What.MACHINES, BEFORE, ALL) == {}
    assert set(work.batches.anchors([(EDGE, "old"), (EDGE, "new")])) == {(EDGE, "new")}
    # What was so when the time that counts began is still known.
    assert list(work.scanners.marks([(EDGE, "hci0")], BEFORE, Millis(2_000))) == said[3:]
    assert list(work.scanners.marks([(EDGE, "hci0")], Millis(999), Millis(999))) == said[2:3]


def test_who_was_found_twice_stays(work: UnitOfWork) -> None:
    key = (EDGE, "0" * 32)
    work.edge_records.put_heirs({key: Heir(stream="a" * 32, cloned_ms=Millis(5))})
    assert remaining(work, What.MACHINES) == {}
    assert work.edge_records.cloned() == {EDGE: 5}


def test_lines_of_the_ledger_go_when_they_are_due(work: UnitOfWork) -> None:
    due_ms = SystemClock().now_ms() - LEDGER_MS
    old = [entry(1, at_ms=5), entry(2, at_ms=due_ms - 60_000, change=Change.WITHDRAWN)]
    young = entry(3, at_ms=due_ms + 60_000)
    work.ledger.append([*old, young, entry(1, person=BEN, at_ms=6)])
    before = Millis(due_ms - 30_000)
    assert work.retention.remove(What.LEDGER, before, 2) == {"consent_entries": 2}
    assert work.retention.remove(What.LEDGER, before, 2) == {"consent_entries": 1}
    assert work.retention.remove(What.LEDGER, before, 2) == {}
    assert dict(work.ledger.entries([ANNA, BEN])) == {ANNA: [young]}


def test_no_line_of_the_ledger_goes_a_minute_early(sql: SqlDatabase) -> None:
    """Whatever the clock of a job says: the database has one of its own."""
    due_ms = SystemClock().now_ms() - LEDGER_MS
    with sql.begin() as work:
        work.ledger.append([entry(1, at_ms=due_ms + 60_000)])
        work.commit()
    with sql.begin() as work, pytest.raises(DatabaseRefusedError):
        work.retention.remove(What.LEDGER, Millis(10**15), ALL)
    with sql.read() as work:
        assert len(work.ledger.entries([ANNA])[ANNA]) == 1


def test_visits_are_found_by_their_end(work: UnitOfWork) -> None:
    add_store(work)
    enrol(work)
    work.ledger.append([entry()])
    long_day = 80_000_000
    work.visits.put(
        [
            visit("a", 1_000, 2_000, state="ended"),
            visit("b", 1_000, 2_000, state="ended"),
            visit("c", 1_500, long_day, state="ended"),
            visit("d", 1_600, 1_700, state="open"),
            visit("e", 3_000, 4_000, state="ended"),
        ]
    )
    keep = work.retention

    def names(found: object) -> list[str]:
        return [each.id for each in found]  # type: ignore[attr-defined]

    assert names(keep.ended_before(STORE, Millis(4_000), ALL)) == ["a", "b"]
    assert names(keep.ended_before(STORE, Millis(4_001), 2)) == ["a", "b"]
    assert names(keep.ended_before(STORE, Millis(long_day + 1), ALL)) == ["a", "b", "c", "e"]
    within = {"from_ms": Millis(2_000), "before_ms": Millis(long_day + 1)}
    assert names(keep.ended_within(STORE, **within, after=None, most=3)) == ["a", "b", "c"]
    after = (Millis(1_000), VisitId("a"))
    assert names(keep.ended_within(STORE, **within, after=after, most=2)) == ["b", "c"]
    within["from_ms"] = Millis(2_001)
    assert names(keep.ended_within(STORE, **within, after=None, most=9)) == ["c", "e"]


def test_evidence_loses_its_zone_and_goes(work: UnitOfWork) -> None:
    zoned = [interval(at, at + 10) for at in (100, 200, 300)]
    work.intervals.join([*zoned, interval(400, 410, zone=None)])
    everything = (ANNA, STORE, Millis(0), Millis(10_000))
    assert work.retention.clear_zones(STORE, Millis(110), Millis(310), ALL) == 2
    assert work.retention.clear_zones(STORE, Millis(110), Millis(310), ALL) == 0
    zones = [each.zone for each in work.intervals.within(*everything)]
    assert zones == [None, None, "shoes", None]
    assert work.retention.clear_zones(STORE, Millis(0), Millis(10_000), 9) == 1
    assert work.retention.remove_evidence(STORE, Millis(310), 1) == 1
    assert work.retention.remove_evidence(STORE, Millis(310), 9) == 1
    left = [each.key.first_ms for each in work.intervals.within(*everything)]
    assert left == [300, 400]


def test_how_far_it_came_never_goes_back(work: UnitOfWork) -> None:
    assert work.retention.done_until(What.ZONES) == 0
    for until_ms in (5, 9, 7):
        work.retention.done(What.ZONES, Millis(until_ms))
    assert work.retention.done_until(What.ZONES) == 9
