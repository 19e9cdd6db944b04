"""Which waiting events go into the next batch, and whether it is time.

Owns: what may share a batch (one boot, one clock state), how large it may grow, how long it may wait.
Never: bytes, sequence numbers or storage; a spool keeps those.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from shopbell_edge.core.telling import LASTED
from shopbell_edge.core.units import Boottime
from shopbell_wire.messages import MAX_EVENTS, Presence, Scan

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shopbell_wire.messages import Clock, Event

Lane = Literal["live", "backlog"]
"""`backlog` is what waited for more than 30 s; the server must not ring a bell for it."""

Wanted = Literal["live", "backlog", "scans", "any"]
"""What to choose from. `scans` while a reconnect is waited out, `any` for the first of a stream."""

BACKLOG_AFTER_MS: Final = 30_000
"""What is half a minute old may not ring a bell: the customer stands elsewhere by now."""

Group = tuple[str, str, int | None]
"""Boot, clock state and, where nobody knows the time, the offset that an anchor will correct."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchLimits:
    """How large a batch may grow, and how long it may wait for company."""

    events: int = MAX_EVENTS
    """The wire's own limit."""
    payload_bytes: int = 60 * 1024
    """Under the wire's 64 KiB by 4 KiB: the header takes 300 bytes, every reason for drops 30."""
    present_wait_ms: int = 1_000
    """Nobody waits for a `present`: a second gathers those of a whole shop into one commit."""
    backlog_after_ms: int = BACKLOG_AFTER_MS


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """An event in the spool: `row` is its place, `clock` what the clock said when it was appended."""

    row: int
    urgent: bool
    scan: bool
    size_bytes: int
    clock: Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """The next batch: the rows that it takes, and the clock that dates it."""

    rows: tuple[int, ...]
    clock: Clock
    scans: bool
    oldest: Boottime | None
    """When its oldest event was appended; None in an earlier boot, so long ago."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unripe:
    """No batch yet: ask again in `in_ms` milliseconds, or (None) when something was appended."""

    in_ms: int | None


def urgent(event: Event) -> bool:
    """Return whether `event` leaves at once; only a phase that nobody acts on may wait."""
    if isinstance(event, Presence) and event.phase in {"present", "inactive"}:
        return event.reason == LASTED
    return True


def is_scan(event: Event) -> bool:
    """Return whether a person stands at a scanner for `event`."""
    return isinstance(event, Scan)


def group(clock: Clock) -> Group:
    """Return what all events of a batch must share, so that one clock speaks for all of them."""
    offset = clock.wall_ms - clock.boottime_ms if clock.state == "unsynced" else None
    return (clock.boot, clock.state, offset)


def lane(oldest: Boottime | None, now: Boottime, backlog_after_ms: int) -> Lane:
    """Return the lane of a batch whose oldest event was appended at `oldest` (None: earlier boot)."""
    if oldest is None or now - oldest > backlog_after_ms:
        return "backlog"
    return "live"


def choose(
    waiting: Sequence[Waiting], wanted: Wanted, now: Clock, limits: BatchLimits
) -> Chosen | Unripe:
    """Return the next batch out of `waiting` (in the order of appending), or when to ask again.

    The batch is of the group of the oldest event that is wanted; what has a date goes before what has none,
    for the anchor that dates it is among the former. Its clock is `now` where that is of the same group,
    else what the clock said at its last event.
    """
    candidates = [one for one in waiting if _is_wanted(one, wanted, now, limits)]
    if not candidates:
        return Unripe(in_ms=None)
    dated = (one for one in candidates if one.clock.state != "unsynced")
    kind = group(next(dated, candidates[0]).clock)
    candidates = [one for one in candidates if group(one.clock) == kind]
    taken = _as_many_as_fit(candidates, limits)
    full = len(taken) < len(candidates) or len(taken) == limits.events
    oldest = _appended(taken[0], now)
    if not full and oldest is not None and not any(one.urgent for one in taken):
        left_ms = oldest + limits.present_wait_ms - now.boottime_ms
        if left_ms > 0:
            return Unripe(in_ms=left_ms)
    return Chosen(
        rows=tuple(one.row for one in taken),
        clock=now if group(now) == kind else taken[-1].clock,
        scans=any(one.scan for one in taken),
        oldest=oldest,
    )


def _is_wanted(one: Waiting, wanted: Wanted, now: Clock, limits: BatchLimits) -> bool:
    if wanted == "any":
        return True
    if wanted == "scans":
        return one.scan
    at = Boottime(now.boottime_ms)
    return lane(_appended(one, now), at, limits.backlog_after_ms) == wanted


def _appended(one: Waiting, now: Clock) -> Boottime | None:
    return Boottime(one.clock.boottime_ms) if one.clock.boot == now.boot else None


def _as_many_as_fit(candidates: Sequence[Waiting], limits: BatchLimits) -> list[Waiting]:
    taken = [candidates[0]]
    room_bytes = limits.payload_bytes - candidates[0].size_bytes
    for one in candidates[1 : limits.events]:
        room_bytes -= one.size_bytes + len(",")
        if room_bytes < 0:
            break
        taken.append(one)
    return taken
