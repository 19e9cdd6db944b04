"""What a check says: its name, its verdict, what was found, and what to do.

Owns: the names of all checks (each stands in edge/OPERATING.md with its remedies), and the three verdicts.
Never: a judgement of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from shopbell_wire.messages import MAX_TEXT, Finding

if TYPE_CHECKING:
    from collections.abc import Iterable

Check = Literal[
    "settings",
    "daemon",
    "watchdog",
    "version",
    "kernel",
    "temperature",
    "memory",
    "bluez",
    "bluez-mode",
    "bluez-experimental",
    "capabilities",
    "adapter",
    "hearing",
    "heartbeat",
    "camera",
    "usb-scanner",
    "clock",
    "time-source",
    "disk",
    "disk-write",
    "spool",
    "broker-name",
    "broker-port",
    "broker-tls",
    "certificate",
    "broker-login",
    "broker-rights",
    "server",
]
"""In the order in which they are shown: what is said further down often follows from what is above it."""


def passed(check: Check, found: str, of: str = "") -> Finding:
    """Return that all is well with `check`, of a scanner or file where there are several."""
    return Finding(check=_named(check, of), verdict="PASS", found=found[:MAX_TEXT])


def warned(check: Check, found: str, remedy: str, of: str = "") -> Finding:
    """Return that it works, but not as it should."""
    return Finding(
        check=_named(check, of), verdict="WARN", found=found[:MAX_TEXT], remedy=remedy[:MAX_TEXT]
    )


def failed(check: Check, found: str, remedy: str, of: str = "") -> Finding:
    """Return that it does not work."""
    return Finding(
        check=_named(check, of), verdict="FAIL", found=found[:MAX_TEXT], remedy=remedy[:MAX_TEXT]
    )


def has_failed(findings: Iterable[Finding]) -> bool:
    """Return whether there is a FAIL among them."""
    return any(each.verdict == "FAIL" for each in findings)


def _named(check: Check, of: str) -> str:
    return f"{check} {of}"[:MAX_TEXT] if of else check
