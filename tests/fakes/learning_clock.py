"""A clock that learns as the real one does, on a machine whose time passes as a test says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shopbell_edge.core import clock_state
from shopbell_edge.core.clock_state import Reading
from shopbell_edge.core.units import Boottime
from shopbell_wire.messages import Clock

if TYPE_CHECKING:
    from shopbell_edge.core.clock_state import Trust


class LearningClock:
    """Begins with `boot` at `wall_ms` by a clock that nobody has set; `true_ms` is what time it really is."""

    def __init__(self, *, boot: str, wall_ms: int, true_ms: int, boottime_ms: int = 20_000) -> None:
        self._boot = boot
        self._boottime_ms = boottime_ms
        self._wall_offset_ms = wall_ms - boottime_ms
        self._true_offset_ms = true_ms - boottime_ms
        self._disciplined = False
        self._trust: Trust = clock_state.begin(self._reading())

    @property
    def true_ms(self) -> int:
        return self._boottime_ms + self._true_offset_ms

    def now(self) -> Clock:
        self._trust, told = clock_state.tell(self._trust, self._reading())
        return Clock(
            boot=self._boot,
            boottime_ms=self._boottime_ms,
            wall_ms=told.wall_ms,
            state=told.state,
            err_ms=told.err_ms,
        )

    def boottime(self) -> Boottime:
        return Boottime(self._boottime_ms)

    def learn(self, asked: Boottime, answered: Boottime, server_ms: int) -> None:
        self._trust = clock_state.learn(self._trust, asked, answered, server_ms)

    def forward(self, ms: int) -> None:
        self._boottime_ms += ms

    def jump(self, ms: int) -> None:
        """Let somebody set the machine's wall clock by so much, whatever is right."""
        self._wall_offset_ms += ms

    def discipline(self) -> None:
        """Let NTP find the time: the machine's clock is right from here on."""
        self._wall_offset_ms = self._true_offset_ms
        self._disciplined = True

    def lose_discipline(self) -> None:
        self._disciplined = False

    def _reading(self) -> Reading:
        return Reading(
            boottime_ms=self.boottime(),
            wall_ms=self._boottime_ms + self._wall_offset_ms,
            disciplined=self._disciplined,
            err_ms=10,
        )
