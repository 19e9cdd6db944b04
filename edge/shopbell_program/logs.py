"""How a program speaks to its operator: one event name and its values per line.

JSON for a collector, coloured text on a terminal. Names of people, tokens, codes and addresses never
go into an event; ids of stores, edges, scanners and visits may.
"""

from __future__ import annotations

import sys

import structlog


def configure(*, as_json: bool | None = None) -> None:
    """Send events to standard error; as text if that is a terminal, unless told otherwise."""
    render = not sys.stderr.isatty() if as_json is None else as_json
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer() if render else structlog.dev.ConsoleRenderer(),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
