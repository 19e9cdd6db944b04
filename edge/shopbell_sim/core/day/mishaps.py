"""What goes wrong in a day: scanners that die, power that fails, clocks that are wrong.

Owns: when, and for whom; which receptions are lost by it, and what an edge's clock says then.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from shopbell_sim.core.site.site import Receiver

EVERYBODY: Final = "*"
"""Every edge, or every scanner."""

BOOT_S: Final = 40.0
"""From power to a daemon that listens, on a Raspberry Pi."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """For `for_s` from `from_s` on `of` does not hear: `deaf` scanners by name, or edges without `power`.

    `deaf` is a radio that hangs: its edge lives, and notices or does not. Without power the edge is gone,
    and begins to listen BOOT_S after it is back.
    """

    kind: Literal["deaf", "power"]
    of: tuple[str, ...]
    from_s: float
    for_s: float

    @property
    def until_s(self) -> float:
        """When it hears again."""
        return self.from_s + self.for_s + (BOOT_S if self.kind == "power" else 0.0)

    def befalls(self, receiver: Receiver) -> bool:
        """Return whether `receiver` is one of those that do not hear."""
        name = receiver.name if self.kind == "deaf" else receiver.edge
        return EVERYBODY in self.of or name in self.of


@dataclass(frozen=True, slots=True, kw_only=True)
class WrongClock:
    """The clock of `edge` is off by `error_ms`; with `from_1970` it knows no date until `set_s`.

    A Raspberry Pi has no clock of its own: after a cold start it counts from 1970 until somebody tells
    it the time.
    """

    edge: str
    error_ms: int = 0
    from_1970: bool = False
    set_s: float = 0.0


def unheard(
    outages: Iterable[Outage],
    receivers: Sequence[Receiver],
    times_s: NDArray[np.float64],
    which: NDArray[np.int64],
) -> NDArray[np.bool_]:
    """Return which receptions never happened; `which` is the number of the receiver of each."""
    lost = np.zeros(len(times_s), dtype=np.bool_)
    for outage in outages:
        struck = np.array([outage.befalls(each) for each in receivers], dtype=np.bool_)
        within = (times_s >= outage.from_s) & (times_s < outage.until_s)
        lost |= struck[which] & within
    return lost


def wall_ms(clocks: Iterable[WrongClock], edge: str, at_s: float, opens_ms: int) -> int:
    """Return what the clock of `edge` says `at_s` after the day began, which was at `opens_ms`."""
    true_ms = opens_ms + round(at_s * 1000)
    for clock in clocks:
        if clock.edge in (edge, EVERYBODY):
            if clock.from_1970 and at_s < clock.set_s:
                # It counts on from its boot, which was an hour before the doors opened.
                return round((at_s + HOUR_S) * 1000)
            return true_ms + clock.error_ms
    return true_ms


HOUR_S: Final = 3600.0
