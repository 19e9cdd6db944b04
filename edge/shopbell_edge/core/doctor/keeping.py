"""Whether what was heard can be kept: the disk under the spool, its speed, and the spool itself.

Owns: how much room there must be, how slow is too slow, and from when on waiting is a fault.
Never: touches a file.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from shopbell_edge.core.checkup import FULL_FAIL, FULL_WARN, OLD_MS
from shopbell_edge.core.doctor.verdict import failed, passed, warned
from shopbell_edge.core.spool_room import day_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shopbell_wire.messages import Finding

SLOW_MS: Final = 100.0
"""Of a synced write. The answer to a pass waits for one, and within a second it shall be on the board; a good
card takes 5 to 20 ms."""

LEAST_FREE_BYTES: Final = 32 * 1024 * 1024
"""Room for the ballast twice. With less the spool works without one, and the next log fills the disk."""

SCARCE: Final = 0.95
"""Of the room that the spool is to have: what the file system counts in blocks differs by a few."""

MIB: Final = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Disk:
    """The place of the spool. `problem` says why nothing can be written there, "" if it can."""

    folder: str
    problem: Literal["", "absent", "denied", "read_only", "full", "broken"]
    free_bytes: int = 0
    card: bool = False
    """Whether it is an SD card or eMMC."""
    synced_ms: tuple[float, ...] = ()
    """How long each of several synced writes of 4 KiB took; at least one where there is no `problem`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpoolSeen:
    """What is in the spool; `problem` says why it cannot be read."""

    problem: str = ""
    there: bool = True
    sound: bool = True
    set_aside: int = 0
    """Corrupt ones that lie beside it."""
    waiting: int = 0
    refused: int = 0
    oldest_ms: int | None = None
    """For how long the oldest has waited."""
    used_bytes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """What the settings give the spool, and how often a stay is reported."""

    spool_bytes: int
    ballast_bytes: int
    steady_ms: int

    @property
    def days(self) -> float:
        """Return for how long a busy store may be without its server."""
        return self.spool_bytes / day_bytes(self.steady_ms)


def disk(seen: Disk, room: Room, used_bytes: int) -> Iterator[Finding]:
    """Yield what is to be said of the disk, of which the spool has `used_bytes` already."""
    if seen.problem:
        yield failed("disk", *_REFUSED[seen.problem])
        return
    needed = room.spool_bytes + room.ballast_bytes - used_bytes
    free = f"{seen.free_bytes // MIB} MiB free"
    if seen.free_bytes < LEAST_FREE_BYTES:
        yield failed(
            "disk", f"full: {free}", "`du -xh / | sort -h | tail`; `journalctl --vacuum-size=100M`"
        )
    elif seen.free_bytes < SCARCE * needed:
        yield warned(
            "disk",
            f"{free}; the spool may want {needed // MIB} MiB more: {room.spool_bytes // MIB} of size_mib, "
            f"{room.ballast_bytes // MIB} of ballast, less {used_bytes // MIB} in use",
            "make room, or set spool.size_mib lower",
        )
    else:
        yield passed("disk", f"{free}, enough for {room.days:.0f} days without a server")
    yield _writes(seen)


def _writes(seen: Disk) -> Finding:
    middle_ms, worst_ms = sorted(seen.synced_ms)[len(seen.synced_ms) // 2], max(seen.synced_ms)
    card = " (an SD card: it wears out, keep one at hand)" if seen.card else ""
    found = f"a synced write takes {middle_ms:.0f} ms, {worst_ms:.0f} at worst{card}"
    if middle_ms > SLOW_MS:
        return warned(
            "disk-write",
            f"{found}; the answer to a pass waits for it",
            "a card of class A1 or better, or an SSD; see who else writes: `apt install iotop`, `iotop -o`",
        )
    return passed("disk-write", found)


def spool(seen: SpoolSeen, room: Room) -> Iterator[Finding]:
    """Yield what is to be said of the spool: how full and old it is, and what was wrong with it."""
    if seen.problem:
        yield failed(
            "spool",
            seen.problem,
            "as the daemon's user: `sudo -u shopbell-edge shopbell-edge doctor`",
        )
        return
    if not seen.there:
        yield passed("spool", "none yet; the daemon makes it when it is first started")
        return
    if not seen.sound:
        yield failed(
            "spool",
            "broken; the daemon will set it aside and begin anew",
            "`dmesg`: is the card dying? Keep the file for whoever looks into it",
        )
        return
    yield _waiting(seen, room)
    if seen.set_aside:
        yield warned(
            "spool",
            "a broken one was set aside beside it",
            "what it held never came to the server; look at the card: `dmesg`; then delete `….bad-…`",
            "set-aside",
        )
    if seen.refused:
        yield warned(
            "spool",
            f"the server has refused {seen.refused} batches or events",
            "`shopbell-edge spool --refused` says why",
            "refused",
        )


def _waiting(seen: SpoolSeen, room: Room) -> Finding:
    share = seen.used_bytes / room.spool_bytes
    found = f"{seen.waiting} events wait{_age(seen.oldest_ms)}; {share:.0%} of its room is used"
    full = "bring the server back, which empties it, or set spool.size_mib higher"
    if share >= FULL_FAIL:
        return failed("spool", f"{found}: presence is given up", full)
    if share >= FULL_WARN:
        return warned("spool", found, full)
    if seen.oldest_ms is not None and seen.oldest_ms >= OLD_MS:
        return warned("spool", found, "see `daemon`, `server` and the broker's lines")
    return passed("spool", found)


def _age(oldest_ms: int | None) -> str:
    if oldest_ms is None:
        return ""
    seconds = max(0, oldest_ms) // 1000
    for unit, size in (("days", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f", the oldest for {seconds // size} {unit}"
    return f", the oldest for {seconds} s"


_REFUSED: Final = {
    "absent": (
        "the folder of spool.path is not there",
        "`mkdir -p`, and give it to the daemon's user; the shipped unit does (StateDirectory)",
    ),
    "denied": (
        "this user may not write there",
        "ask as the daemon's user: `sudo -u shopbell-edge shopbell-edge doctor`; else `chown`",
    ),
    "read_only": (
        "the file system is read-only",
        "`dmesg`: a card that is dying is mounted so; replace it. On purpose? Then spool.path elsewhere",
    ),
    "full": ("not one block is free", "`du -xh / | sort -h | tail`"),
    "broken": ("the disk gives errors", "`dmesg`; replace the card"),
}
