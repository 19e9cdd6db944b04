"""Which remedies may be tried now: what cures one radio must not harm the others, nor be tried all day.

Owns: the limits over all radios of a machine, and the memory of what was tried.
Never: what would help (`recovery`), a clock, or the remedy itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from shopbell_edge.core.recovery import LADDER

if TYPE_CHECKING:
    from shopbell_edge.core.recovery import Step
    from shopbell_edge.core.units import Boottime

POWER_EVERY_MS: Final = 300_000
"""Of one adapter: switching it ends every connection and scan on it, a speaker's too. What it cures it cures
at once; five minutes are three silences of 90 s, in which the other remedies have their turn."""

BLUETOOTHD_EVERY_MS: Final = 600_000
"""It ends the scans of all adapters, and whatever else uses Bluetooth: ten seconds of deafness in ten
minutes are less than 2 %."""

EXIT_EVERY_MS: Final = 900_000
"""A new process forgets who is here, and a start takes a Pi ten seconds. It cures what is stuck in this one,
which is rare; a quarter of an hour is as long as the ladder takes to its end."""


@dataclass(slots=True)
class _Tried:
    at: Boottime

    def again(self, now: Boottime, every_ms: int) -> bool:
        return now - self.at >= every_ms


class Restraint:
    """Of the radios of one machine, by name. Boottimes must not run backwards."""

    __slots__ = ("_bluetoothd", "_exited", "_hearing", "_powered")

    def __init__(self, *, exited: Boottime | None = None) -> None:
        """Begin with nothing tried; a process of this boot ended over a radio at `exited`."""
        self._hearing: set[str] = set()
        self._powered: dict[str, _Tried] = {}
        self._bluetoothd: _Tried | None = None
        self._exited = None if exited is None else _Tried(exited)

    def note(self, radio: str, *, hears: bool) -> None:
        """Note whether `radio` hears: then nothing is tried that would make it deaf."""
        (self._hearing.add if hears else self._hearing.discard)(radio)

    def permitted(self, wanted: Step, radio: str, now: Boottime, *, stuck: bool) -> Step:
        """Return the strongest remedy for `radio` up to `wanted` that may be tried now; count it as tried.

        A new scanner may always be. Where `radio` is not `stuck` nothing stands between that and `wanted`.
        """
        ladder: tuple[Step, ...] = (*LADDER, "give_up")
        for step in reversed(ladder[: ladder.index(wanted) + 1]):
            if (stuck or step == wanted) and self._may(step, radio, now):
                self._count(step, radio, now)
                return step
        return "new_scanner"

    def _may(self, step: Step, radio: str, now: Boottime) -> bool:
        if step == "new_scanner":
            return True
        if step == "power_cycle":
            powered = self._powered.get(radio)
            return powered is None or powered.again(now, POWER_EVERY_MS)
        if self._hearing - {radio}:
            return False
        if step == "restart_bluetoothd":
            return self._bluetoothd is None or self._bluetoothd.again(now, BLUETOOTHD_EVERY_MS)
        return self._exited is None or self._exited.again(now, EXIT_EVERY_MS)

    def _count(self, step: Step, radio: str, now: Boottime) -> None:
        if step == "power_cycle":
            self._powered[radio] = _Tried(now)
        elif step == "restart_bluetoothd":
            self._bluetoothd = _Tried(now)
        elif step == "give_up":
            self._exited = _Tried(now)
