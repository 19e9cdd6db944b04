"""Whether the daemon runs, and whether somebody restarts it.

Owns: what is left to look at while it runs: scanners and spool are its own then.
Never: asks systemd.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from shopbell_edge.core.doctor.hearing import OTHERWISE
from shopbell_edge.core.doctor.verdict import failed, passed, warned

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from shopbell_edge.core.doctor.verdict import Check
    from shopbell_wire.messages import Finding

MOST_WATCHDOG_S: Final = 120.0
"""A loop that stalls for longer than that is a customer who waits at the door."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """What systemd says of the daemon's unit; `loaded` is False where there is none, or no systemd."""

    loaded: bool
    active: bool = False
    watchdog_s: float = 0.0
    user: str = ""
    ambient: frozenset[str] = frozenset()
    """Capabilities, in lower case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """What the metrics page of a daemon that runs says; None where it has none or does not answer."""

    scanners: Mapping[str, float]
    """1 hearing, 0.5 suspect, 0 blind."""
    uplink: bool | None
    overflown: Mapping[str, float] = field(default_factory=dict)
    """Advertisements that a radio's kernel could not keep until they were read, since the daemon's start."""
    clock: str | None = None
    """`synced`, `holdover` or `unsynced`."""


def supervision(unit: Unit, *, running: bool, asked_as: str) -> Iterator[Finding]:
    """Yield whether the daemon runs, and is watched; `asked_as` is the user who asks."""
    yield _daemon(unit, running=running, asked_as=asked_as)
    if not unit.loaded:
        yield warned(
            "watchdog",
            "systemd knows no shopbell-edge.service: nobody restarts the daemon when it hangs",
            "install deploy/edge/shopbell-edge.service; in a container set a restart policy",
        )
    elif not 0 < unit.watchdog_s <= MOST_WATCHDOG_S:
        yield warned(
            "watchdog",
            "none" if unit.watchdog_s == 0 else f"bites after {unit.watchdog_s:.0f} s only",
            "`systemctl edit shopbell-edge`: [Service] WatchdogSec=30",
        )
    else:
        yield passed("watchdog", f"bites after {unit.watchdog_s:.0f} s")


def from_outside(check: Check, scanner: str, said: Running | None) -> Finding:
    """Return what can be told of a scanner without taking it from the daemon that runs."""
    state = None if said is None else said.scanners.get(scanner)
    if state is None:
        return passed(
            check, "the daemon has it: not touched. With [metrics] it would say more", scanner
        )
    if state == 1.0:
        return _hears(check, scanner, 0.0 if said is None else said.overflown.get(scanner, 0.0))
    remedy = f"{OTHERWISE}; the log says why"
    if state > 0:
        return warned(check, "the daemon has it, and may be deaf on it (suspect)", remedy, scanner)
    return failed(check, "the daemon has it, and is blind on it", remedy, scanner)


def _hears(check: Check, scanner: str, overflown: float) -> Finding:
    if not overflown:
        return passed(check, "the daemon has it, and hears", scanner)
    return warned(
        check,
        f"the daemon has it, and hears; {overflown:.0f} advertisements came faster than it read them",
        "what else keeps it busy: `top`? A Pi that is hot or underfed is slow: `vcgencmd get_throttled`",
        scanner,
    )


def uplink_from_outside(said: Running | None) -> Finding:
    """Return what can be told of the connection without taking its name from the daemon that runs."""
    if said is None or said.uplink is None:
        return passed("broker-login", "the daemon has the connection: not touched")
    if said.uplink:
        return passed("broker-login", "the daemon is connected")
    return failed(
        "broker-login",
        "the daemon is not connected",
        "`journalctl -u shopbell-edge | grep uplink_`: unreachable, refused, untrusted or unreadable",
    )


def _daemon(unit: Unit, *, running: bool, asked_as: str) -> Finding:
    if running:
        return passed(
            "daemon", "runs: its scanners and its connection are left alone, and asked less about"
        )
    if unit.loaded and unit.active:
        return failed(
            "daemon",
            "systemd runs it, and it has no spool",
            "`journalctl -u shopbell-edge`: it ends again and again; compare spool.path with the unit's file",
        )
    if unit.user not in {"", asked_as}:
        return warned(
            "daemon",
            f"does not run; its user is {unit.user}, and you are {asked_as}",
            f"ask with its rights: `sudo -u {unit.user} shopbell-edge doctor`",
        )
    return passed(
        "daemon", "does not run: its scanners and its place at the broker are free to try"
    )
