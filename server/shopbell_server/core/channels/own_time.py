"""When something happened in another channel, by clocks that are not ours.

Owns: the correction that Segment makes, and what is too far from now to be believed.
Never: the clock.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from shopbell_server.core.dating import AHEAD_MS
from shopbell_server.core.ids import Millis

LINE_MS: Final = 10_000
"""Up to here the difference between `sentAt` and now is taken for the time on the line, and nothing is
corrected: by the line alone, a message that went fast would overtake an earlier one that went slowly."""


def own_time(
    happened: object, original: object, sent: object, received_ms: Millis
) -> Millis | None:
    """Return when it happened by our clock; None: it says a time that is in the future, or none that is one.

    As Segment does: its own time (`originalTimestamp`, else `timestamp`), moved by as much as the sender's
    clock (`sentAt`) was off when it was sent. Without a time of its own: now.
    """
    said = original if original is not None else happened
    if said is None:
        return received_ms
    at_ms = parsed(said)
    if at_ms is None:
        return None
    sent_ms = parsed(sent)
    if sent_ms is not None and abs(received_ms - sent_ms) > LINE_MS:
        at_ms = Millis(at_ms + received_ms - sent_ms)
    return None if at_ms > received_ms + AHEAD_MS or at_ms < 0 else at_ms


def parsed(text: object) -> Millis | None:
    """Return the moment of an ISO 8601 text; one without a zone is UTC. None: it is none."""
    if not isinstance(text, str) or len(text) > _MOST:
        return None
    try:
        at = datetime.fromisoformat(text)
        known = at.replace(tzinfo=UTC) if at.tzinfo is None else at
        return Millis((known - _EPOCH) // timedelta(milliseconds=1))
    except (ValueError, OverflowError):
        return None


_MOST: Final = 40
"""`2026-11-21T13:00:00.123456789+01:00` has 35 characters."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
