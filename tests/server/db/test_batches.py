from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from shopbell_server.core.ids import EdgeId, Millis
from shopbell_server.ports.batches import Anchor, BatchKey, BatchRecord
from shopbell_server.ports.database import DatabaseBusyError
from tests.server.db.rows import EDGE, hashed

if TYPE_CHECKING:
    from shopbell_server.ports.database import UnitOfWork


def key(seq: int, stream: str = "s1", edge: EdgeId = EDGE) -> BatchKey:
    return BatchKey(edge=edge, stream=stream, seq=seq)


def record(seq: int, stream: str = "s1", *, sha: int = 1) -> BatchRecord:
    return BatchRecord(key=key(seq, stream), sha256=hashed(sha), received_ms=Millis(5))


def anchor(boot: str, wall_ms: int, err_ms: int = 250) -> Anchor:
    return Anchor(edge=EDGE, boot=boot, boottime_ms=100, wall_ms=Millis(wall_ms), err_ms=err_ms)


def test_streams_in_which_something_is_missing_are_found(work: UnitOfWork) -> None:
    ranges = {"a": "1", "b": "1-9", "c": "2-9", "d": "1-4,6", "e": "10-12", "f": "1,3"}
    streams = {stream: (EDGE, stream) for stream in [*ranges, "new"]}
    work.batches.ranges(list(streams.values()), Millis(1))
    work.batches.put_ranges({streams[name]: text for name, text in ranges.items()}, Millis(1))
    assert work.batches.broken_streams() == {
        (EDGE, name): ranges[name] for name in ("c", "d", "e", "f")
    }


def test_hashes_of_known_batches_are_returned(work: UnitOfWork) -> None:
    work.batches.record([record(2, sha=2), record(1), record(1, "s2", sha=3)])
    asked = [key(1), key(2), key(3), key(1, "s2"), key(1, "s1", EdgeId("other"))]
    assert work.batches.hashes(asked) == {
        key(1): hashed(1),
        key(2): hashed(2),
        key(1, "s2"): hashed(3),
    }


def test_nothing_asked_nothing_answered(work: UnitOfWork) -> None:
    work.batches.record([])
    assert work.batches.hashes([]) == {}
    assert work.batches.anchors([]) == {}


def test_more_batches_than_one_statement_takes_are_found(work: UnitOfWork) -> None:
    work.batches.record([record(7_000)])
    assert work.batches.hashes([key(seq) for seq in range(12_000)]) == {key(7_000): hashed(1)}


def test_a_known_key_is_busy_whatever_stands_beside_it(work: UnitOfWork) -> None:
    work.batches.record([record(2)])
    with pytest.raises(DatabaseBusyError):
        work.batches.record([record(1), record(2, sha=9), record(3)])


def test_quarantined_bytes_count_once_and_are_never_taken_for_a_duplicate(work: UnitOfWork) -> None:
    work.batches.quarantine(record(1), b"payload", "other bytes under a known key")
    work.batches.quarantine(record(1), b"payload", "other bytes under a known key")
    work.batches.quarantine(record(1, sha=2), b"other", "other bytes under a known key")
    assert work.batches.hashes([key(1)]) == {}


def test_ranges_are_kept_per_stream_and_replaced(work: UnitOfWork) -> None:
    one, two, other = (EDGE, "s1"), (EDGE, "s2"), (EdgeId("other"), "s1")
    assert work.batches.ranges([one, two], Millis(1)) == {one: "", two: ""}
    work.batches.put_ranges({one: "1-4", two: "7"}, Millis(1))
    work.batches.put_ranges({one: "1-9"}, Millis(2))
    assert work.batches.ranges([two, other, one], Millis(3)) == {one: "1-9", two: "7", other: ""}
    assert work.batches.ranges([], Millis(3)) == {}


def test_a_better_anchor_of_a_boot_replaces_a_worse_one_and_no_other(work: UnitOfWork) -> None:
    for err_ms, wall_ms in ((2_000, 1_000), (4_000, 2_000), (2_000, 3_000)):
        work.batches.put_anchor(anchor("b1", wall_ms, err_ms))
        assert work.batches.anchors([(EDGE, "b1")]) == {(EDGE, "b1"): anchor("b1", 1_000, 2_000)}
    work.batches.put_anchor(anchor("b1", 4_000, 80))
    assert work.batches.anchors([(EDGE, "b1")]) == {(EDGE, "b1"): anchor("b1", 4_000, 80)}


def test_the_first_anchor_of_a_boot_stays(work: UnitOfWork) -> None:
    work.batches.put_anchor(anchor("b1", 1_000))
    work.batches.put_anchor(anchor("b1", 2_000))
    work.batches.put_anchor(anchor("b2", 3_000))
    asked = [(EDGE, "b1"), (EDGE, "b2"), (EDGE, "b3"), (EdgeId("other"), "b1")]
    assert work.batches.anchors(asked) == {
        (EDGE, "b1"): anchor("b1", 1_000),
        (EDGE, "b2"): anchor("b2", 3_000),
    }


def test_when_the_latest_batch_of_each_edge_came(work: UnitOfWork) -> None:
    assert dict(work.batches.last_received()) == {}
    old, new = (EDGE, "old"), (EDGE, "new")
    work.batches.ranges([old, new], Millis(1))
    work.batches.put_ranges({new: "1-2"}, Millis(70))
    work.batches.put_ranges({old: "1-9"}, Millis(50))
    assert dict(work.batches.last_received()) == {EDGE: 70}
