"""What a check of the server says: its name, its verdict, what was found, and what to do.

Owns: the names of all checks (each stands in deploy/README.md, "What the doctor looks at"), and the verdicts.
Never: a judgement of its own.
"""

from __future__ import annotations

from typing import Literal

from shopbell_wire.messages import MAX_TEXT, Finding

Check = Literal[
    "settings",
    "roles",
    "files",
    "server",
    "clock",
    "disk",
    "accounts",
    "database",
    "tables",
    "tenants",
    "keys",
    "day-keys",
    "erasures",
    "visits",
    "broker",
    "edges",
    "audit",
    "checkpoints",
    "receiver",
    "report",
    "sink",
]
"""In the order in which they are shown: what is said further down often follows from what is above it."""


def passed(check: Check, found: str, of: str = "") -> Finding:
    """Return that all is well with `check`, of a sink or folder where there are several."""
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


def _named(check: Check, of: str) -> str:
    return f"{check} {of}"[:MAX_TEXT] if of else check
