"""Which batches were taken in.

Owns: the rows behind the port `Batches`.
Never: what is in a batch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import and_, case, func, not_, or_, select

from shopbell_server.core.ids import EdgeId, Millis
from shopbell_server.db.statements import adding, by_keys, keeping, merging, replacing
from shopbell_server.db.tables import ANCHORS, BATCHES, QUARANTINED, STREAMS
from shopbell_server.db.transaction import ours
from shopbell_server.ports.batches import Anchor, BatchKey

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from shopbell_server.db.transaction import Transaction
    from shopbell_server.ports.batches import BatchRecord, Stream


class SqlBatches:
    """`Batches` in SQL."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def hashes(self, keys: Collection[BatchKey]) -> Mapping[BatchKey, bytes]:
        """Return the recorded SHA-256 of those keys that are known."""
        wanted = [(key.edge, key.stream, key.seq) for key in keys]
        return {
            BatchKey(edge=EdgeId(row.edge), stream=row.stream, seq=row.seq): row.sha256
            for row in self._transaction.rows_by_keys(_HASHES, wanted)
        }

    def record(self, records: Sequence[BatchRecord]) -> None:
        """Add new ones. Raises DatabaseBusyError if a key is known: another worker was quicker."""
        # In the order of the keys, as every lock: two workers with the same batches then wait for
        # each other in one direction only.
        rows = sorted((_row(record) for record in records), key=_place)
        self._transaction.insert(_RECORD, rows)

    def quarantine(self, record: BatchRecord, payload: bytes, reason: str) -> None:
        """Set a batch aside for a person to look at: it had no effect. The same bytes count once."""
        self._transaction.insert(
            _QUARANTINE, [{**_row(record), "payload": payload, "reason": reason}]
        )

    def ranges(self, streams: Collection[Stream], now_ms: Millis) -> Mapping[Stream, str]:
        """Return the ranges of sequence numbers of each stream, as `core.edges.stream_ranges` writes them.

        A new stream gets a row first: PostgreSQL holds rows, and one that is not there cannot be held.
        """
        wanted = sorted(streams)
        held = self._held(wanted)
        missing = [stream for stream in wanted if stream not in held]
        if not missing:
            return held
        self._transaction.insert(
            _ADD_STREAM,
            [
                {"edge": edge, "stream": stream, "ranges": "", "updated_ms": now_ms}
                for edge, stream in missing
            ],
        )
        # Once more: a new row may have become another worker's meanwhile.
        return self._held(wanted)

    def _held(self, wanted: Sequence[Stream]) -> dict[Stream, str]:
        """Return those that are there, and hold them, in one order as everybody does."""
        return {
            (EdgeId(row.edge), row.stream): row.ranges
            for row in self._transaction.rows_by_keys(_HOLD_RANGES, wanted)
        }

    def put_ranges(self, ranges: Mapping[Stream, str], now_ms: Millis) -> None:
        """Replace those of streams that `ranges` holds."""
        self._transaction.insert(
            _PUT_RANGES,
            [
                {"edge": edge, "stream": stream, "ranges": text, "updated_ms": now_ms}
                for (edge, stream), text in sorted(ranges.items())
            ],
        )

    def last_received(self) -> Mapping[EdgeId, Millis]:
        """Return when each edge's latest batch was taken in; edges that never sent one are left out."""
        return {EdgeId(row.edge): Millis(row.at_ms) for row in self._transaction.rows(_LAST)}

    def broken_streams(self) -> Mapping[Stream, str]:
        """Return the ranges of every stream in which something is missing."""
        return {
            (EdgeId(row.edge), row.stream): row.ranges for row in self._transaction.rows(_BROKEN)
        }

    def anchors(self, boots: Collection[tuple[EdgeId, str]]) -> Mapping[tuple[EdgeId, str], Anchor]:
        """Return the anchors of those boots that have one."""
        return {
            (EdgeId(row.edge), row.boot): Anchor(
                edge=EdgeId(row.edge),
                boot=row.boot,
                boottime_ms=row.boottime_ms,
                wall_ms=Millis(row.wall_ms),
                err_ms=row.err_ms,
            )
            for row in self._transaction.rows_by_keys(_ANCHORS, list(boots))
        }

    def put_anchor(self, anchor: Anchor) -> None:
        """Keep the best anchor of a boot: a later one is ignored unless it is off by less."""
        self._transaction.insert(
            _PUT_ANCHOR,
            [
                {
                    "edge": anchor.edge,
                    "boot": anchor.boot,
                    "boottime_ms": anchor.boottime_ms,
                    "wall_ms": anchor.wall_ms,
                    "err_ms": anchor.err_ms,
                }
            ],
        )


def _row(record: BatchRecord) -> dict[str, str | int | bytes]:
    return {
        "edge": record.key.edge,
        "stream": record.key.stream,
        "seq": record.key.seq,
        "sha256": record.sha256,
        "received_ms": record.received_ms,
    }


def _place(row: Mapping[str, str | int | bytes]) -> tuple[str, str, int]:
    return str(row["edge"]), str(row["stream"]), int(row["seq"])


_HASHES: Final = by_keys(
    select(BATCHES.c.edge, BATCHES.c.stream, BATCHES.c.seq, BATCHES.c.sha256).where(ours(BATCHES)),
    BATCHES.c.edge,
    BATCHES.c.stream,
    BATCHES.c.seq,
)
_RECORD: Final = adding(BATCHES)
_QUARANTINE: Final = keeping(QUARANTINED)
_ranges_of: Final = select(STREAMS.c.edge, STREAMS.c.stream, STREAMS.c.ranges).where(ours(STREAMS))
_HOLD_RANGES: Final = by_keys(
    _ranges_of.order_by(STREAMS.c.edge, STREAMS.c.stream).with_for_update(of=STREAMS),
    STREAMS.c.edge,
    STREAMS.c.stream,
)
# Whole is "1" or "1-9": one range, from 1 on.
_BROKEN: Final = _ranges_of.where(
    STREAMS.c.ranges != "",
    or_(
        STREAMS.c.ranges.contains(","),
        and_(STREAMS.c.ranges != "1", not_(STREAMS.c.ranges.startswith("1-"))),
    ),
)
_LAST: Final = (
    select(STREAMS.c.edge, func.max(STREAMS.c.updated_ms).label("at_ms"))
    .where(ours(STREAMS))
    .group_by(STREAMS.c.edge)
)
_ADD_STREAM: Final = keeping(STREAMS)
_PUT_RANGES: Final = replacing(STREAMS)
_ANCHORS: Final = by_keys(select(ANCHORS).where(ours(ANCHORS)), ANCHORS.c.edge, ANCHORS.c.boot)
_PUT_ANCHOR: Final = merging(
    ANCHORS,
    lambda old, new, _: {
        name: case((new.err_ms < old.err_ms, new[name]), else_=old[name])
        for name in ("boottime_ms", "wall_ms", "err_ms")
    },
)
