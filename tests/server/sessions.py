"""Sessions of the staff, for tests that need one and not how it came about."""

from __future__ import annotations

from shopbell_server.core.access.staff_session import OpenSession
from shopbell_server.core.ids import Millis, StaffId


def a_session(sha256: bytes, staff: str, expires_ms: int) -> OpenSession:
    """Return one that has been open for a while, and is in use until `expires_ms`."""
    return OpenSession(
        sha256=sha256,
        staff=StaffId(staff),
        opened_ms=Millis(expires_ms - 1000),
        expires_ms=Millis(expires_ms),
        ends_ms=Millis(expires_ms + 1000),
    )
