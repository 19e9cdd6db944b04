"""Which looks of staff at customers are written down already.

Owns: that one session's look at one visit is written once, before anything of it is shown.
Never: what is written (`usecases.staff.looks`).

A tablet whose board changes twenty times a second looks at a customer for as long as she is there: that
is one look. So a store with four tablets and six hundred visits a day writes 2400 records, whatever
happens on its boards. A server that starts anew writes the looks that go on once more.
"""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Final

from shopbell_server.usecases.staff.looks import Look, record_looks

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Set as AbstractSet

    from shopbell_server.core.audit.chain import What
    from shopbell_server.core.ids import VisitId
    from shopbell_server.ports.database import Database
    from shopbell_server.ports.world import ServerClock

SESSIONS: Final = 2_000
"""Remembered, four times as many as may look at once: of one that is forgotten the looks are written again,
once. With a day's six hundred visits each: 100 MB at the very worst, 5 MB for fifty tablets."""

VISITS: Final = 10_000
"""Remembered of one session, two weeks of the busiest store: keys of other systems live for years."""


class Looks:
    """Remembers, and writes to the database. Safe to use from several threads."""

    def __init__(self, database: Database, clock: ServerClock) -> None:
        self._database = database
        self._clock = clock
        self._lock = Lock()
        self._written: dict[tuple[bytes, What], set[VisitId]] = {}

    def unwritten(
        self, session: bytes, what: What, visits: AbstractSet[VisitId]
    ) -> AbstractSet[VisitId]:
        """Return those of `visits` that must be written down before `session` sees them. Never blocks."""
        return visits - self._written.get((session, what), _NOTHING)

    def write(self, looks: Iterable[Look]) -> frozenset[bytes]:
        """Write down those that are not yet; return the sessions that are over. Blocks.

        Raises DatabaseLostError and DatabaseBusyError: then nothing may be shown.
        """
        new = [each for each in looks if self.unwritten(each.session, each.what, {each.visit})]
        if not new:
            return frozenset()
        over = record_looks(self._database, self._clock.now_ms(), new)
        with self._lock:
            for each in new:
                if each.session not in over:
                    self._remember(each)
        return over

    def _remember(self, look: Look) -> None:
        key = (look.session, look.what)
        if key not in self._written and len(self._written) >= SESSIONS:
            del self._written[next(iter(self._written))]
        seen = self._written.setdefault(key, set())
        if len(seen) >= VISITS:
            seen.clear()
        seen.add(look.visit)


_NOTHING: Final[AbstractSet[VisitId]] = frozenset()
