"""How far the clock may be trusted, and what it says where it may not.

Owns: synced, holdover, unsynced: when each holds, and the error of each; who is believed of two.
Never: reads a clock. What the machine says arrives as a Reading, what the server says with its answers.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from shopbell_wire.messages import MAX_MS

if TYPE_CHECKING:
    from shopbell_edge.core.units import Boottime
    from shopbell_wire.messages import ClockState

SYNCED_MS = 250
"""A token's window is 900 s and a pass lives 30 s: a quarter of a second moves neither."""

HOLDOVER_MS = 72 * 3_600_000
"""After three days a crystal of 50 ppm is 13 s off, about what a pass of 30 s can bear."""

KNOWN_MS = 16_000
"""A worse bound says nothing that may be called the time: the middle of an hour's wait for an answer is half
an hour off. The kernel gives its own clock up at 16 s too; 13 s of it are the drift of three days, and a pass
is still read right 30 s off."""

DRIFT_PPM = 50
"""What the crystal of a Raspberry Pi is good for over its range of temperature."""

DISPUTE_MS = 2_000
"""So far apart, NTP and the server cannot both be right: a wrong time server, or a wrong one of ours."""

NO_BOUND_MS = MAX_MS
"""The error of a clock that nobody has set: any."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What the machine says at one moment."""

    boottime_ms: Boottime
    wall_ms: int
    disciplined: bool
    """Whether whoever sets the clock has done so and not given up."""
    err_ms: int
    """The bound that it states; means nothing unless `disciplined`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sync:
    """That wall time was boottime + `offset_ms` to within `err_ms`, when boottime was `at`."""

    offset_ms: int
    err_ms: int
    at: Boottime

    def bound_ms(self, now: Boottime) -> int:
        """Return the error by `now`: the crystal has drifted since."""
        return self.err_ms + -(-max(0, now - self.at) * DRIFT_PPM // 1_000_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """What is remembered: the best that NTP and the server said, and the offset to fall back on."""

    offset_ms: int
    """wall - boottime: of the process start, or of the last time that was known."""
    ntp: Sync | None = None
    server: Sync | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """The time, its quality, and the bound of its error.

    `disputed`: NTP vouches for a time that the server contradicts; somebody should look.
    """

    wall_ms: int
    state: ClockState
    err_ms: int
    disputed: bool = False


def begin(reading: Reading) -> Trust:
    """Return what a process knows when it starts: nothing but an offset to count on from."""
    return Trust(offset_ms=reading.wall_ms - reading.boottime_ms)


def learn(trust: Trust, asked: Boottime, answered: Boottime, server_ms: int) -> Trust:
    """Return what to remember after the server said that it is `server_ms`.

    It said so at some moment from `asked` to `answered`, so the middle is at most half of that wrong.
    The better of two opinions stays, and grows worse by itself until the next is better. One that is worse
    than KNOWN_MS is no opinion: whoever asked has to ask again.
    """
    heard = Sync(
        offset_ms=server_ms - (asked + answered) // 2,
        err_ms=-(-(answered - asked) // 2),
        at=answered,
    )
    before = trust.server
    if before is not None and before.bound_ms(answered) < heard.err_ms:
        return trust
    return replace(trust, server=heard)


def tell(trust: Trust, reading: Reading) -> tuple[Trust, Told]:
    """Return what to remember after `reading`, and the time that may be told.

    Where NTP is not to be had the server's word serves. Only a disciplined clock is read: whatever else
    sets it would step the time. Unsynced time is boottime plus a fixed offset: it may be wrong, but it
    never steps, so one anchor puts all of it right.
    """
    now = reading.boottime_ms
    if reading.disciplined and reading.err_ms <= SYNCED_MS:
        ntp = Sync(offset_ms=reading.wall_ms - now, err_ms=reading.err_ms, at=now)
        apart_ms = _apart_ms(ntp, _fresh(trust.server, now), now)
        if apart_ms:
            return trust, Told(
                wall_ms=reading.wall_ms, state="holdover", err_ms=apart_ms, disputed=True
            )
        trust = replace(trust, offset_ms=ntp.offset_ms, ntp=ntp)
        return trust, Told(wall_ms=reading.wall_ms, state="synced", err_ms=reading.err_ms)
    return _without_ntp(trust, reading)


def _without_ntp(trust: Trust, reading: Reading) -> tuple[Trust, Told]:
    now = reading.boottime_ms
    server = _fresh(trust.server, now)
    if server is not None and server.bound_ms(now) <= SYNCED_MS:
        told = Told(
            wall_ms=_wall_ms(now, server.offset_ms), state="synced", err_ms=server.bound_ms(now)
        )
        return replace(trust, offset_ms=server.offset_ms), told
    known = [each for each in (_fresh(trust.ntp, now), server) if each is not None]
    if reading.disciplined:
        # The kernel lets its bound grow by 500 ppm between two polls, ten times what a crystal
        # drifts, so a wide one says "some hours ago" rather than "wrong".
        known.append(Sync(offset_ms=reading.wall_ms - now, err_ms=reading.err_ms, at=now))
    known = [each for each in known if each.bound_ms(now) <= KNOWN_MS]
    if known:
        best = min(known, key=lambda each: each.bound_ms(now))
        return trust, Told(
            wall_ms=_wall_ms(now, best.offset_ms), state="holdover", err_ms=best.bound_ms(now)
        )
    return trust, Told(wall_ms=_wall_ms(now, trust.offset_ms), state="unsynced", err_ms=NO_BOUND_MS)


def _fresh(sync: Sync | None, now: Boottime) -> Sync | None:
    return sync if sync is not None and now - sync.at <= HOLDOVER_MS else None


def _apart_ms(ntp: Sync, server: Sync | None, now: Boottime) -> int:
    """Return how wrong one of the two is at the most, 0 if they agree."""
    if server is None:
        return 0
    apart_ms = abs(ntp.offset_ms - server.offset_ms)
    doubt_ms = server.bound_ms(now)
    return apart_ms + doubt_ms if apart_ms > DISPUTE_MS + doubt_ms else 0


def _wall_ms(now: Boottime, offset_ms: int) -> int:
    # A server that says that it is 9999 would have us say 10000 a moment later, which nobody takes.
    return min(max(now + offset_ms, 0), MAX_MS)
