"""Room in the tables by giving up events, in the order of `core.shedding`.

Owns: which rows are looked at, how far, and that what goes is counted in the same commit.
Never: begins or ends a transaction.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from shopbell_edge.core.shedding import COALESCE_SHARE, Ended, Thinning, passing
from shopbell_wire.messages import Event

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shopbell_edge.adapters.spool.disk import Disk
    from shopbell_edge.adapters.spool.rows import Row

_STEP_BYTES: Final = 256 * 1024
"""Freed at once beyond what is needed, so that a full spool does not look for each event: a thousand."""

_ROWS: Final = 1_000
"""Looked at in one go: 5 ms here, ten times that on a Pi."""

_EVENT: Final[msgspec.json.Decoder[Event]] = msgspec.json.Decoder(Event)


class Sifted(NamedTuple):
    """A group of newcomers: what is to be stored, what is not, and how many a later report replaces."""

    wanted: list[Row]
    dropped: list[Row]
    coalesced: int


class Shedding:
    """Of one open spool. For one thread."""

    def __init__(self, disk: Disk) -> None:
        """Give up events of the tables in `disk`."""
        self._disk = disk
        self._thinning = Thinning()
        self.begin_again()

    def begin_again(self) -> None:
        """Look at the oldest first, the next time: what was given up may be there after all, or others."""
        self._seen = {"spool_full": 0, "spool_full_stay": 0}
        self._ended = Ended()

    def sift(self, group: Sequence[Row], share: float) -> Sifted:
        """Return what of `group` shall be stored while such a share of the room is used."""
        if share < COALESCE_SHARE and any(self._seen.values()):
            self.begin_again()
        verdicts = [(one, self._thinning.verdict(one.event, share)) for one in group]
        return Sifted(
            wanted=[one for one, verdict in verdicts if verdict == "keep"],
            dropped=[one for one, verdict in verdicts if verdict == "drop"],
            coalesced=sum(verdict == "coalesce" for _, verdict in verdicts),
        )

    def shed(self, short_bytes: int) -> Counter[str]:
        """Give up stored events until `short_bytes` more are free, or none is left that may go.

        Within the caller's transaction; returns how many went, by the reason under which they are counted.
        """
        down_to_bytes = self._disk.used_bytes() - short_bytes - _STEP_BYTES
        shed: Counter[str] = Counter()
        for reason in self._seen:
            while self._disk.used_bytes() > down_to_bytes:
                looked_at, gone = self._next(reason)
                if not looked_at:
                    break
                shed[reason] += gone
        self._disk.db.executemany(
            "UPDATE dropped SET count = count + ? WHERE reason = ?",
            [(count, reason) for reason, count in shed.items()],
        )
        return +shed

    def _next(self, reason: str) -> tuple[int, int]:
        """Look at the next rows; return how many those were, and how many of them, or before, are gone."""
        db = self._disk.db
        rows = db.execute(
            "SELECT id, body FROM events WHERE id > ? AND scan = 0 ORDER BY id LIMIT ?",
            (self._seen[reason], _ROWS),
        ).fetchall()
        if not rows:
            return 0, 0
        self._seen[reason] = rows[-1][0]
        events = [(place, event) for place, body in rows if (event := _event(body)) is not None]
        gone = passing(events) if reason == "spool_full" else self._ended.look(events)
        before = db.total_changes
        db.executemany("DELETE FROM events WHERE id = ?", [(place,) for place in gone])
        return len(rows), db.total_changes - before


def _event(body: bytes) -> Event | None:
    """Return an event; None for one of a version that knows more, which stays."""
    try:
        return _EVENT.decode(body)
    except msgspec.ValidationError:
        return None
