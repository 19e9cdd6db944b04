"""What is well with an edge, and what is not, as far as its daemon knows.

Owns: the verdict on each thing, and the remedy.
Never: asks anything; all that is judged is in Vitals.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from shopbell_edge.core.shedding import COALESCE_SHARE, PRESENT_SHARE
from shopbell_edge.core.wellbeing import CLOSED
from shopbell_wire.messages import MAX_FINDINGS, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from shopbell_wire.messages import Clock, Hearing

FULL_WARN: Final = COALESCE_SHARE
"""Of the spool's room: from here on presence is told less often."""

FULL_FAIL: Final = PRESENT_SHARE
"""From here on presence is given up."""

OLD_MS: Final = 3_600_000
"""What has waited for an hour is no matter of a connection that comes and goes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vitals:
    """What the daemon knows of itself at one moment."""

    clock: Clock
    connection: int
    """Number of the connection to the broker that there is, or was."""
    online: bool
    waiting: int
    """Events in the spool, sealed or not: a sealed batch counts once."""
    oldest_ms: int | None
    """When the oldest of them was appended, by the clock of that moment."""
    used_bytes: int
    room_bytes: int
    hearing: Mapping[str, tuple[Hearing, str]]
    """By scanner: how it hears, and why it thinks so."""
    in_force: int | None
    """Number of the server's settings; None where the file alone is in force."""
    on_trial: bool


def findings(vitals: Vitals) -> tuple[Finding, ...]:
    """Return what is to be said of `vitals`: of scanners only as many as there is room for."""
    found = [*_machine(vitals), *_scanners(vitals.hearing)]
    return tuple(found[:MAX_FINDINGS])


def _machine(vitals: Vitals) -> Iterator[Finding]:
    yield _uplink(vitals)
    yield _clock(vitals.clock)
    yield _spool(vitals)
    yield Finding(check="settings", verdict="PASS", found=_in_force(vitals))


def _uplink(vitals: Vitals) -> Finding:
    if vitals.online:
        return Finding(
            check="uplink", verdict="PASS", found=f"connected, for the {vitals.connection}. time"
        )
    return Finding(
        check="uplink",
        verdict="FAIL",
        found="no connection to the broker",
        remedy="see the log for uplink_unreachable, uplink_refused or uplink_untrusted",
    )


def _clock(clock: Clock) -> Finding:
    match clock.state:
        case "synced":
            return Finding(check="clock", verdict="PASS", found=f"right within {clock.err_ms} ms")
        case "holdover":
            return Finding(
                check="clock",
                verdict="WARN",
                found=f"nobody sets it any more; it may be {clock.err_ms} ms off",
                remedy="let this machine reach a time server",
            )
        case _:
            return Finding(
                check="clock",
                verdict="FAIL",
                found="nobody has set it",
                remedy="let this machine reach a time server; passes cannot be judged until then",
            )


def _spool(vitals: Vitals) -> Finding:
    share = vitals.used_bytes / vitals.room_bytes
    old_ms = 0 if vitals.oldest_ms is None else vitals.clock.wall_ms - vitals.oldest_ms
    age = "" if vitals.oldest_ms is None else f", the oldest for {max(0, old_ms) // 1000} s"
    found = f"{vitals.waiting} wait{age}; {share:.0%} of its room is used"
    if share >= FULL_WARN:
        return Finding(
            check="spool",
            verdict="FAIL" if share >= FULL_FAIL else "WARN",
            found=found,
            remedy="bring the server back, which empties it, or give it more room: spool.size_mib",
        )
    if old_ms >= OLD_MS:
        return Finding(
            check="spool",
            verdict="WARN",
            found=found,
            remedy="see whether the server takes batches in, and knows this edge",
        )
    return Finding(check="spool", verdict="PASS", found=found)


def _in_force(vitals: Vitals) -> str:
    if vitals.in_force is None:
        return "the file alone is in force"
    trial = ", on trial" if vitals.on_trial else ""
    return f"the server's number {vitals.in_force} is in force{trial}"


def _scanners(hearing: Mapping[str, tuple[Hearing, str]]) -> Iterator[Finding]:
    verdicts: dict[Hearing, Literal["PASS", "WARN", "FAIL"]] = {
        "hearing": "PASS",
        "suspect": "WARN",
        "blind": "FAIL",
    }
    for scanner, (state, reason) in sorted(hearing.items()):
        if reason == CLOSED:
            yield Finding(
                check=f"scanner {scanner}", verdict="PASS", found="asleep: the store is closed"
            )
            continue
        remedy = (
            "" if state == "hearing" else "see the reason in the runbook; it recovers by itself"
        )
        yield Finding(
            check=f"scanner {scanner}",
            verdict=verdicts[state],
            found=f"{state}: {reason}",
            remedy=remedy,
        )
