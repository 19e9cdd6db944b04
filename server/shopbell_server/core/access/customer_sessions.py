"""A customer on her own page: for how long she is let in, and when she has just proved who she is.

Owns: the times, and what follows from them.
Never: the secrets (`credentials`), or where sessions are kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from shopbell_server.core.ids import Millis, PersonId

LINK_MS: Final = 5 * 60_000
"""From the app to the browser takes seconds; five minutes are for a phone that asks which browser."""

SESSION_MS: Final = 12 * 3_600_000
"""12 h at the most, however often she comes back: a day of shopping. By one tap the app opens the page
again."""

IDLE_MS: Final = 30 * 60_000
"""Half an hour without doing anything: longer than the page shows a pass by itself (ten minutes), short
enough that a borrowed phone shows nothing the next day."""

FRESH_MS: Final = 5 * 60_000
"""Taking everything along and being forgotten want to know that it is still she: she came in by a link of
her app so short a time ago. As long as a ticket lives, which is the app's way to prove the same."""

NOTED_MS: Final = 60_000
"""That a session was used is written down once a minute: each look at the page would be a write otherwise,
and half an hour need not be told to the second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerSession:
    """Somebody is signed in at `/me`; or a link with which she may be, which is used when it is followed."""

    person: PersonId
    opened_ms: Millis
    used_ms: Millis
    expires_ms: Millis


def is_open(session: CustomerSession, now_ms: Millis) -> bool:
    """Return whether it lets her in: before its end, and used in the last half hour."""
    return now_ms < session.expires_ms and now_ms - session.used_ms < IDLE_MS


def is_fresh(session: CustomerSession, now_ms: Millis) -> bool:
    """Return whether she came in a moment ago; using it since does not count."""
    return now_ms - session.opened_ms < FRESH_MS


def is_worth_noting(session: CustomerSession, now_ms: Millis) -> bool:
    """Return whether it has to be written down that it is used."""
    return now_ms - session.used_ms >= NOTED_MS
