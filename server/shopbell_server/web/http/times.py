"""Times as APIs write them: RFC 3339, UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from shopbell_server.core.ids import Millis


def moment(at_ms: Millis) -> datetime:
    """Return a time of ours for a body."""
    return datetime.fromtimestamp(at_ms / 1000, UTC)


def millis(at: datetime) -> Millis:
    """Return a time that an API was told; it must have a zone."""
    return Millis((at - moment(Millis(0))) // timedelta(milliseconds=1))


def time_json(at_ms: Millis) -> bytes:
    """Return a time as JSON."""
    return f'"{moment(at_ms).isoformat(timespec="milliseconds").replace("+00:00", "Z")}"'.encode()
