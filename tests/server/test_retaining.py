from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from shopbell_server.core.ids import EdgeId, Millis
from shopbell_server.core.keeping.retention import BATCHES_MS, Limits
from shopbell_server.core.units import HOUR_MS
from shopbell_server.ports.batches import BatchKey, BatchRecord
from shopbell_server.ports.database import DatabaseBusyError, DatabaseLostError
from shopbell_server.retaining import Retaining
from tests.fakes.server import MemoryDatabase
from tests.rigs.waiting import until

if TYPE_CHECKING:
    from tests.fakes.server import MemoryUnitOfWork

NOW = Millis(1_795_262_400_000)
KEY = BatchKey(edge=EdgeId("door"), stream="5" * 32, seq=1)


class SetClock:
    def __init__(self) -> None:
        self.at = NOW

    def now_ms(self) -> Millis:
        return self.at


class Failing(MemoryDatabase):
    """Fails a number of times, then works."""

    def __init__(self, *errors: Exception) -> None:
        super().__init__()
        self.errors = list(errors)

    def begin(self) -> MemoryUnitOfWork:
        if self.errors:
            raise self.errors.pop(0)
        return super().begin()


def a_batch(database: MemoryDatabase) -> None:
    with database.begin() as work:
        work.batches.record([BatchRecord(key=KEY, sha256=bytes(32), received_ms=NOW)])
        work.commit()


def known(database: MemoryDatabase) -> bool:
    with database.read() as work:
        return KEY in work.batches.hashes([KEY])


def rows_gone() -> float:
    return REGISTRY.get_sample_value("shopbell_retention_rows_total", {"table": "batches"}) or 0.0


def test_what_is_due_goes_is_counted_and_told() -> None:
    database, clock = MemoryDatabase(), SetClock()
    a_batch(database)
    retaining = Retaining(database=database, clock=clock, limits=Limits())
    before = rows_gone()
    with capture_logs() as said:
        assert retaining.once(threading.Event())
        assert said == []
        clock.at = Millis(NOW + BATCHES_MS + 1)
        assert retaining.once(threading.Event())
    assert said == [{"event": "let_go", "log_level": "info", "what": "batches", "rows": 1}]
    assert not known(database)
    assert rows_gone() == before + 1
    done = REGISTRY.get_sample_value("shopbell_retention_done_seconds")
    assert done == clock.at / 1000


def test_a_database_that_is_away_or_busy_is_asked_again() -> None:
    database = Failing(DatabaseBusyError("busy"), DatabaseLostError("away"))
    retaining = Retaining(database=database, clock=SetClock(), limits=Limits())
    stop = threading.Event()
    with capture_logs() as said:
        assert not retaining.once(stop)
        assert not retaining.once(stop)
        assert retaining.once(stop)
    assert [each["event"] for each in said] == ["database_lost"]


def test_a_server_that_ends_stops_in_the_middle() -> None:
    database, clock = MemoryDatabase(), SetClock()
    a_batch(database)
    clock.at = Millis(NOW + BATCHES_MS + 1)
    stop = threading.Event()
    stop.set()
    retaining = Retaining(database=database, clock=clock, limits=Limits())
    assert not retaining.once(stop)
    assert not known(database)  # what was begun is done


async def test_the_loop_works_at_once_and_ends_when_told() -> None:
    database, clock = MemoryDatabase(), SetClock()
    a_batch(database)
    clock.at = Millis(NOW + BATCHES_MS + HOUR_MS)
    stop = threading.Event()
    retaining = Retaining(database=database, clock=clock, limits=Limits())
    thread = threading.Thread(target=retaining.run, args=(stop,))
    thread.start()
    try:
        await until("it let go", lambda: not known(database))
    finally:
        stop.set()
        thread.join(10)
    assert not thread.is_alive()
