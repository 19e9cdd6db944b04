"""What a loop makes of a database that is busy or away."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from shopbell_server.patience import attempt
from shopbell_server.ports.database import (
    DatabaseBusyError,
    DatabaseLostError,
    DatabaseRefusedError,
)


def failing(error: Exception) -> int:
    raise error


def test_what_the_work_gives_is_given_on() -> None:
    assert attempt(lambda: 7) == 7


def test_a_database_that_is_busy_is_nothing_to_speak_of() -> None:
    with capture_logs() as said:
        assert attempt(lambda: failing(DatabaseBusyError("another"))) is None
    assert said == []


def test_a_database_that_is_away_is_told() -> None:
    with capture_logs() as said:
        assert attempt(lambda: failing(DatabaseLostError("no answer"))) is None
    assert said == [{"event": "database_lost", "log_level": "error", "error": "no answer"}]


def test_a_fault_of_the_program_ends_it() -> None:
    with pytest.raises(DatabaseRefusedError):
        attempt(lambda: failing(DatabaseRefusedError("a rule")))
