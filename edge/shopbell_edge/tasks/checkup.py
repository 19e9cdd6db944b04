"""The daemon looks at itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shopbell_edge.core.checkup import Vitals, findings
from shopbell_wire.messages import MAX_FINDINGS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from shopbell_edge.core.tally import Tally
    from shopbell_edge.ports import EdgeClock, Spool, Uplink
    from shopbell_wire.messages import Finding


class OwnCheckup:
    """A Checkup by what the daemon knows anyway: nothing is tried, so nothing is disturbed."""

    def __init__(  # noqa: PLR0913  (what it looks at, each by name)
        self,
        *,
        spool: Spool,
        uplink: Uplink,
        clock: EdgeClock,
        tally: Tally,
        room_bytes: int,
        in_force: int | None,
        on_trial: Callable[[], bool],
        machine: Callable[[], Iterable[Finding]],
    ) -> None:
        """Look at all this; `machine` is what `doctor` finds of the machine without trying anything."""
        self._spool = spool
        self._uplink = uplink
        self._clock = clock
        self._tally = tally
        self._room_bytes = room_bytes
        self._in_force = in_force
        self._on_trial = on_trial
        self._machine = machine

    async def findings(self) -> Sequence[Finding]:
        """Return the verdicts on uplink, clock, spool, settings, each scanner, and the machine."""
        depth = await self._spool.depth()
        own = findings(
            Vitals(
                clock=self._clock.now(),
                connection=self._uplink.connection,
                online=self._uplink.online,
                waiting=depth.unsealed + depth.sealed,
                oldest_ms=depth.oldest_ms,
                used_bytes=depth.size_bytes,
                room_bytes=self._room_bytes,
                hearing=dict(self._tally.hearing),
                in_force=self._in_force,
                on_trial=self._on_trial(),
            )
        )
        return (*own, *self._machine())[:MAX_FINDINGS]
