"""How a program speaks to its operator: one event name and its values per line.

JSON for a collector, coloured text on a terminal; with its priority before it where the journal reads,
so that `journalctl -p warning` finds what wants looking at. Names of people, tokens, codes and addresses
never go into an event; ids of stores, edges, scanners and visits may.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Final

import structlog

if TYPE_CHECKING:
    from structlog.typing import EventDict, WrappedLogger

PRIORITIES: Final = {
    "debug": 7,
    "info": 6,
    "warning": 4,
    "error": 3,
    "exception": 3,
    "critical": 2,
}
"""syslog's levels by what structlog's methods are called; sd-daemon(3) says how they stand before a line."""

STANDARD_ERROR: Final = 2


def configure(*, as_json: bool | None = None) -> None:
    """Send events to standard error; as text if that is a terminal, unless told otherwise."""
    render = not sys.stderr.isatty() if as_json is None else as_json
    as_lines = structlog.processors.JSONRenderer() if render else structlog.dev.ConsoleRenderer()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *([as_lines, _with_priority] if _journal_reads() else [as_lines]),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )


def _journal_reads() -> bool:
    """Return whether standard error is the journal's: systemd names device and inode of what it opened."""
    stands = os.fstat(STANDARD_ERROR)
    here = f"{stands.st_dev}:{stands.st_ino}"
    return os.environ.get("JOURNAL_STREAM") == here  # noqa: TID251  systemd's own way to say so


def _with_priority(_logger: WrappedLogger, method: str, line: EventDict | str) -> str:
    return f"<{PRIORITIES.get(method, PRIORITIES['info'])}>{line}"
