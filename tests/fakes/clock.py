"""A clock that is set by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from shopbell_edge.core.units import Boottime
from shopbell_wire.messages import Clock

if TYPE_CHECKING:
    from shopbell_wire.messages import ClockState

BOOT = "b0" * 16
NOON_MS = 1_795_262_400_000


class FakeClock:
    """Stands still until `forward`; synced at noon, ten minutes after boot, unless told otherwise."""

    def __init__(self, *, boot: str = BOOT, state: ClockState = "synced") -> None:
        self.clock = Clock(boot=boot, boottime_ms=600_000, wall_ms=NOON_MS, state=state, err_ms=10)
        self.learned: list[tuple[Boottime, Boottime, int]] = []
        """What the server said of the time, and between which moments: never believed."""

    def now(self) -> Clock:
        return self.clock

    def boottime(self) -> Boottime:
        return Boottime(self.clock.boottime_ms)

    def learn(self, asked: Boottime, answered: Boottime, server_ms: int) -> None:
        self.learned.append((asked, answered, server_ms))

    def forward(self, ms: int) -> None:
        self.clock = replace(
            self.clock,
            boottime_ms=self.clock.boottime_ms + ms,
            wall_ms=self.clock.wall_ms + ms,
        )

    def sync(self, state: ClockState = "synced", *, step_ms: int = 0) -> None:
        self.clock = replace(self.clock, state=state, wall_ms=self.clock.wall_ms + step_ms)
