"""Whether the machine under the server has the time and the room.

Owns: what each figure means, and the remedy.
Never: asks for the time, or looks at a disk.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from shopbell_server.core.doctor.verdict import failed, passed, warned

if TYPE_CHECKING:
    from shopbell_wire.messages import Finding

OFF_MS: Final = 2_000
"""A pass code is good for 30 s either way; edges that are 2 s off from the server say that it is disputed."""

LEAST_BYTES: Final = 256 * 1024 * 1024
"""Less, and the next checkpoint of a write-ahead log may not fit: the server stops taking anything in."""

LOW_SHARE: Final = 0.10
"""A tenth is weeks of growth: time to order a disk."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """A file system: `what` of ours lies there, `path` is one of its places."""

    what: str
    path: str
    free_bytes: int
    total_bytes: int


def clock(*, kept: bool | None, database_off_ms: int | None) -> Finding:
    """Return whether the time is right.

    `kept` is whether the kernel says that somebody keeps it (None: it says nothing); `database_off_ms` is how
    far the database's clock is ahead, None where that is this machine's.
    """
    if database_off_ms is not None and abs(database_off_ms) > OFF_MS:
        which = "ahead" if database_off_ms > 0 else "behind"
        return failed(
            "clock",
            f"the database's is {abs(database_off_ms) / 1000:.1f} s {which}",
            "`date -u` here and there; whichever is wrong: `chronyc tracking` or "
            "`timedatectl timesync-status`",
        )
    if kept is None:
        return passed("clock", "this system does not say whether it is kept")
    if not kept:
        return warned(
            "clock",
            "no program keeps it: passes are refused when it is 30 s off",
            "`apt install chrony`, or `timedatectl set-ntp true`; in a container the host's is meant",
        )
    return passed("clock", "kept by a time server")


def room(seen: Room) -> Finding:
    """Return whether there is room where something of ours grows."""
    free = (
        f"{seen.free_bytes / 2**30:.1f} GiB free of {seen.total_bytes / 2**30:.1f} at {seen.path}"
    )
    remedy = f"make room there (`du -x -d1 {seen.path} | sort -n`), or move it to a larger disk"
    if seen.free_bytes < LEAST_BYTES:
        return failed("disk", free, remedy, seen.what)
    if seen.free_bytes < LOW_SHARE * seen.total_bytes:
        return warned("disk", free, remedy, seen.what)
    return passed("disk", free, seen.what)
