"""Whether the time is right, and who keeps it.

Owns: what each state of the clock means for passes and visits, and the remedy.
Never: asks for the time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from shopbell_edge.core.clock_state import DISPUTE_MS
from shopbell_edge.core.doctor.verdict import failed, passed, warned

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shopbell_wire.messages import ClockState, Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Timekeeping:
    """What is known of the clock; `source` is that of the settings, `keepers` are programs that run."""

    source: Literal["ntp", "system"]
    state: ClockState
    err_ms: int
    keepers: tuple[str, ...]
    server_off_ms: int | None
    """How far the server's clock is ahead, beyond what the way to it explains; None if it was not heard."""
    daemon: str | None = None
    """The state of the clock of the daemon that runs, as its metrics page says it."""
    pi: bool
    """Whether this is a Raspberry Pi, which forgets the time when it is switched off."""


def timekeeping(seen: Timekeeping) -> Iterator[Finding]:
    """Yield what is to be said of the clock and of who keeps it."""
    yield _clock(seen)
    yield _source(seen)


def _clock(seen: Timekeeping) -> Finding:
    off_ms = seen.server_off_ms
    if off_ms is not None and abs(off_ms) > DISPUTE_MS:
        return failed(
            "clock",
            f"the server's is {abs(off_ms) / 1000:.1f} s {'ahead' if off_ms > 0 else 'behind'}",
            "`date -u` here and on the server; whichever is wrong: `chronyc tracking` or "
            "`timedatectl timesync-status`",
        )
    if seen.state == "synced":
        return passed("clock", f"right within {seen.err_ms} ms")
    if seen.state == "holdover":
        return warned(
            "clock",
            f"nobody has set it for long; it may be {seen.err_ms} ms off",
            "see `time-source`; open UDP port 123 to a time server",
        )
    if off_ms is not None or seen.daemon == "synced":
        return warned(
            "clock",
            "no time server has set it; the server's answers do, and they agree",
            "see `time-source`; open UDP port 123 to a time server: without one, what is heard before the "
            "first answer waits for it",
        )
    return failed(
        "clock",
        "nobody has set it: passes cannot be judged until the server answers",
        "see `time-source`; open UDP port 123 to a time server. Where none may be reached the daemon learns "
        "it from the server",
    )


def _source(seen: Timekeeping) -> Finding:
    if seen.source == "system":
        if seen.pi:
            return warned(
                "time-source",
                'source = "system": trusted blindly, on a machine that forgets the time without power',
                '[clock] source = "ntp"',
            )
        return passed("time-source", 'source = "system": trusted, as of a virtual machine')
    if not seen.keepers:
        return failed(
            "time-source",
            "no program keeps the time",
            "`apt install chrony`, or `timedatectl set-ntp true`",
        )
    if len(seen.keepers) > 1:
        return warned(
            "time-source",
            f"{' and '.join(seen.keepers)} set the clock against each other",
            f"`systemctl disable --now` all but one; keep {seen.keepers[0]}",
        )
    return passed("time-source", seen.keepers[0])
