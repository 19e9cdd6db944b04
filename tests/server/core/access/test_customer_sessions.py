from __future__ import annotations

import pytest

from shopbell_server.core.access.customer_sessions import (
    FRESH_MS,
    IDLE_MS,
    NOTED_MS,
    CustomerSession,
    is_fresh,
    is_open,
    is_worth_noting,
)
from shopbell_server.core.ids import Millis, PersonId


def session(opened_ms: int = 0, used_ms: int = 0, expires_ms: int = 2**40) -> CustomerSession:
    return CustomerSession(
        person=PersonId("ada"),
        opened_ms=Millis(opened_ms),
        used_ms=Millis(used_ms),
        expires_ms=Millis(expires_ms),
    )


@pytest.mark.parametrize(
    ("at_ms", "is_it"),
    [(0, True), (IDLE_MS - 1, True), (IDLE_MS, False), (-5_000, True)],
)
def test_a_session_ends_half_an_hour_after_its_last_use(at_ms: int, *, is_it: bool) -> None:
    """It stays open too where another process's clock is a little ahead of ours."""
    assert is_open(session(), Millis(at_ms)) is is_it


def test_a_session_ends_at_its_end_however_it_is_used() -> None:
    used = session(used_ms=100, expires_ms=200)
    assert is_open(used, Millis(199))
    assert not is_open(used, Millis(200))


def test_only_having_come_in_lately_is_fresh_not_using_it() -> None:
    used = session(opened_ms=0, used_ms=FRESH_MS)
    assert is_fresh(used, Millis(FRESH_MS - 1))
    assert not is_fresh(used, Millis(FRESH_MS))


def test_a_use_is_noted_once_a_minute() -> None:
    assert not is_worth_noting(session(used_ms=100), Millis(100 + NOTED_MS - 1))
    assert is_worth_noting(session(used_ms=100), Millis(100 + NOTED_MS))
