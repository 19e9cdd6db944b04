"""A session of the staff: how long it lasts, by itself and while nobody uses it.

Owns: its two ends, and when a use is written down.
Never: its secret. It is known by its fingerprint.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from shopbell_server.core.access.credentials import credential_id
from shopbell_server.core.ids import Millis

if TYPE_CHECKING:
    from shopbell_server.core.ids import StaffId

SESSION_MS: Final = 12 * 3_600_000
"""12 h absolute: one sign-in per working day, and nobody is still signed in the next morning."""

IDLE_MS: Final = 3_600_000
"""An hour without a request and without an open board: longer than lunch. A tablet that was off for so long
is in a drawer, or in somebody else's bag. (Locking the screen after five minutes is the tablet's part.)"""

WRITTEN_EVERY_MS: Final = 5 * 60_000
"""A use is written down once in five minutes: a session so ends up to five minutes before its hour is over,
and 200 tablets cost a write every 1.5 s."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSession:
    """Somebody is signed in: until `expires_ms` if nobody uses it, and never beyond `ends_ms`."""

    sha256: bytes = field(repr=False)
    staff: StaffId
    opened_ms: Millis
    expires_ms: Millis
    ends_ms: Millis

    @property
    def id(self) -> str:
        """Return by what this session is told from others, in the audit too; nothing is opened with it."""
        return credential_id(self.sha256)


def begun(sha256: bytes, staff: StaffId, now_ms: Millis) -> OpenSession:
    """Return a session that begins now."""
    return OpenSession(
        sha256=sha256,
        staff=staff,
        opened_ms=now_ms,
        expires_ms=Millis(now_ms + IDLE_MS),
        ends_ms=Millis(now_ms + SESSION_MS),
    )


def prolonged(session: OpenSession, now_ms: Millis) -> Millis | None:
    """Return until when it lasts now that it is used; None if that need not be written down yet."""
    until_ms = min(session.ends_ms, Millis(now_ms + IDLE_MS))
    return until_ms if until_ms - session.expires_ms >= WRITTEN_EVERY_MS else None
