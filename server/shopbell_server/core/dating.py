"""When an event really happened, by the clock of an edge that may not have known the time.

Owns: re-dating by an anchor, and what time is believable.
Never: what the event was. Tokens that prove their own time are dated by `tokens`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from shopbell_server.core.ids import Millis

if TYPE_CHECKING:
    from shopbell_wire.messages import Clock

OLDEST_MS: Final = 8 * 86_400_000
"""An edge keeps events for seven days, and one is for the work: what is older was dated wrongly."""

LATEST: Final = Millis(2**53)
"""After everything that an edge's clock can say: evidence of a moment ago may be dated ahead."""

AHEAD_MS: Final = 5 * 60_000
"""An edge in holdover for 72 h is 13 s wrong (50 ppm); 5 min ahead is a broken clock."""


ANCHOR_ERR_MS: Final = 250
"""What an edge calls synchronized: the most by which an anchor is off that does not say it."""

ANCHOR_MOST_ERR_MS: Final = 450_000
"""Half a token's window: who knows the time no better is told it better by the tokens that it heard."""


class Anchored(Protocol):
    """A moment at which a boot knew the time."""

    @property
    def boot(self) -> str:
        """Name of the boot."""
        ...

    @property
    def boottime_ms(self) -> int:
        """Time since the boot began."""
        ...

    @property
    def wall_ms(self) -> int:
        """The true time then."""
        ...

    @property
    def err_ms(self) -> int:
        """By how much that is off at most."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """Add `by_ms` to every wall time of the batch, and it is true to `err_ms`."""

    by_ms: int
    err_ms: int

    def dated(self, wall_ms: int) -> Millis:
        """Return the true time of what the edge says happened at `wall_ms`."""
        return Millis(wall_ms + self.by_ms)


@dataclass(frozen=True, slots=True)
class Undated:
    """The edge did not know the time and no anchor tells it: only an id64 dates itself, by trial."""


Dating = Shift | Undated


def dating_of(clock: Clock, anchor: Anchored | None) -> Dating:
    """Return how the wall times of a batch that was sealed under `clock` become true.

    `anchor` is the moment at which the edge knew the time best in this boot, if it has; one of
    another boot is a mistake of the caller. A clock that was set keeps its times: the anchor is no
    better than what it was set from.
    """
    if anchor is not None and anchor.boot != clock.boot:
        raise ValueError("an anchor dates its own boot only")
    if clock.state != "unsynced":
        return Shift(by_ms=0, err_ms=clock.err_ms)
    if anchor is None:
        return Undated()
    # Both sides are "wall time when this boot's clock stood at 0": their difference is the error of
    # the unset clock. Boot time counts through suspension, so it is exact over any distance.
    began_ms = anchor.wall_ms - anchor.boottime_ms
    claimed_ms = clock.wall_ms - clock.boottime_ms
    return Shift(by_ms=began_ms - claimed_ms, err_ms=anchor.err_ms)


def is_plausible(first_ms: int, last_ms: int, now_ms: Millis) -> bool:
    """Return whether something may have lasted from `first_ms` to `last_ms`, by true times.

    A moment is both. The limits belong to the range.
    """
    return now_ms - OLDEST_MS <= first_ms and last_ms <= now_ms + AHEAD_MS
