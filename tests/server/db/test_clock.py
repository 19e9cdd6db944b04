from __future__ import annotations

import pytest

from shopbell_server.core.ids import Millis
from shopbell_server.db.clock import ahead_ms
from shopbell_server.ports.database import DatabaseLostError
from shopbell_server.system import SystemClock
from tests.rigs.ports import free_port

HOUR_MS = 3_600_000


def test_a_file_has_the_clock_of_its_machine(sqlite_url: str) -> None:
    assert ahead_ms(sqlite_url, None, SystemClock().now_ms) is None


def test_how_far_a_databases_clock_is_ahead_is_told(empty_postgres_url: str) -> None:
    def behind() -> Millis:
        return Millis(SystemClock().now_ms() - HOUR_MS)

    here = ahead_ms(empty_postgres_url, None, SystemClock().now_ms)
    there = ahead_ms(empty_postgres_url, None, behind)
    assert here is not None
    assert there is not None
    # Of one machine: what is between them is the hour, give or take what asking takes.
    assert abs(there - here - HOUR_MS) < HOUR_MS / 2


def test_a_database_that_does_not_answer_has_no_clock() -> None:
    with pytest.raises(DatabaseLostError):
        ahead_ms(f"postgresql://x@127.0.0.1:{free_port()}/x", None, SystemClock().now_ms)
