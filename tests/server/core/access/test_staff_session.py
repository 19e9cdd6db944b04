from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shopbell_server.core.access.staff_session import (
    IDLE_MS,
    SESSION_MS,
    WRITTEN_EVERY_MS,
    OpenSession,
    begun,
    prolonged,
)
from shopbell_server.core.ids import Millis, StaffId

NEW = begun(bytes(range(32)), StaffId("sam"), Millis(0))


def test_a_session_has_two_ends() -> None:
    assert (NEW.expires_ms, NEW.ends_ms) == (IDLE_MS, SESSION_MS)


def test_it_is_named_by_its_fingerprint_and_its_text_does_not_hold_it() -> None:
    assert NEW.id == "0001020304050607"
    assert "sha256" not in repr(NEW)


def test_use_is_written_down_once_in_five_minutes() -> None:
    assert prolonged(NEW, Millis(WRITTEN_EVERY_MS - 1)) is None
    assert prolonged(NEW, Millis(WRITTEN_EVERY_MS)) == IDLE_MS + WRITTEN_EVERY_MS


@given(
    expires_ms=st.integers(0, SESSION_MS),
    now_ms=st.integers(0, SESSION_MS),
)
def test_use_never_makes_it_shorter_or_outlive_its_end(expires_ms: int, now_ms: int) -> None:
    session = OpenSession(
        sha256=b"",
        staff=StaffId("sam"),
        opened_ms=Millis(0),
        expires_ms=Millis(expires_ms),
        ends_ms=Millis(SESSION_MS),
    )
    until_ms = prolonged(session, Millis(now_ms))
    if until_ms is None:
        assert expires_ms > min(SESSION_MS, now_ms + IDLE_MS) - WRITTEN_EVERY_MS
    else:
        assert expires_ms < until_ms <= SESSION_MS
