"""The server's database in memory: for tests of use cases, held to the tests of the real ones.

Units of work that write follow one another, as in SQLite; one that reads sees the moment it began.
"""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Final, Self

from shopbell_server.ports.database import DatabaseBusyError
from tests.fakes.keys import MemoryKeys, boxes_of
from tests.fakes.memory_audit import MemoryAudit
from tests.fakes.memory_channels import MemoryChannels
from tests.fakes.memory_customers import MemoryCustomerSessions
from tests.fakes.memory_edge_records import MemoryEdgeRecords
from tests.fakes.memory_engagements import MemoryEngagements
from tests.fakes.memory_erasures import MemoryErasures
from tests.fakes.memory_identity import MemoryIdentity
from tests.fakes.memory_joined import MemoryJoined
from tests.fakes.memory_notices import MemoryNotices
from tests.fakes.memory_observations import MemoryObservations
from tests.fakes.memory_orders import MemoryOrders
from tests.fakes.memory_outgoing import MemoryOutgoing
from tests.fakes.memory_people import (
    MemoryAnswers,
    MemoryDayKeys,
    MemoryLedger,
    MemoryPeople,
    MemoryRegistry,
)
from tests.fakes.memory_places import MemoryFloorPlans, MemoryPlaces
from tests.fakes.memory_receipts import MemoryTillReceipts
from tests.fakes.memory_retention import MemoryRetention, MemoryTellings
from tests.fakes.memory_rows import Tables
from tests.fakes.memory_scanners import MemoryScanners
from tests.fakes.memory_sessions import MemoryStaffSessions
from tests.fakes.memory_visits import (
    MemoryBatches,
    MemoryIntervals,
    MemoryVisits,
)

if TYPE_CHECKING:
    from types import TracebackType

BUSY_AFTER_S: Final = 5.0
"""As long as SQLite waits: a unit of work begun inside another fails instead of hanging."""


class MemoryDatabase:
    """Everything of one tenant, gone when the test is."""

    def __init__(self) -> None:
        self._tables = Tables()
        self._writing = Lock()
        self.keys = MemoryKeys()
        self.boxes = boxes_of(self.keys)

    def begin(self) -> MemoryUnitOfWork:
        return MemoryUnitOfWork(self, writes=True)

    def read(self) -> MemoryUnitOfWork:
        return MemoryUnitOfWork(self, writes=False)

    def take(self, *, writes: bool) -> Tables:
        """Begin a transaction: return its own view of the rows."""
        if writes and not self._writing.acquire(timeout=BUSY_AFTER_S):
            raise DatabaseBusyError("another unit of work is writing")
        return self._tables.copy(writable=writes)

    def put(self, tables: Tables) -> None:
        """Make it what everybody sees."""
        self._tables = tables

    def release(self) -> None:
        """Let the next one write."""
        self._writing.release()


class MemoryUnitOfWork:
    """One transaction over the rows of a MemoryDatabase."""

    def __init__(self, database: MemoryDatabase, *, writes: bool) -> None:
        self._database = database
        self._writes = writes

    def __enter__(self) -> Self:
        self._show(self._database.take(writes=self._writes))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._writes:
            self._database.release()

    def commit(self) -> None:
        self.audit.write()
        if self._writes:
            self._database.put(self._tables)
        # A unit of work is one transaction: what comes after its end changes nothing and sees nothing.
        self._show(Tables().copy(writable=False))

    def _show(self, tables: Tables) -> None:
        self._tables = tables
        self.answers = MemoryAnswers(tables)
        self.audit = MemoryAudit(tables)
        self.batches = MemoryBatches(tables)
        self.channels = MemoryChannels(tables)
        self.customer_sessions = MemoryCustomerSessions(tables)
        self.edge_records = MemoryEdgeRecords(tables)
        self.registry = MemoryRegistry(tables)
        self.staff_sessions = MemoryStaffSessions(tables)
        self.scanners = MemoryScanners(tables)
        self.people = MemoryPeople(tables)
        self.joined = MemoryJoined(tables)
        self.ledger = MemoryLedger(tables)
        self.day_keys = MemoryDayKeys(tables)
        self.intervals = MemoryIntervals(tables)
        self.visits = MemoryVisits(tables)
        self.receipts = MemoryTillReceipts(tables)
        self.engagements = MemoryEngagements(tables)
        self.erasures = MemoryErasures(tables)
        self.retention = MemoryRetention(tables)
        self.told = MemoryTellings(tables)
        self.floor_plans = MemoryFloorPlans(tables)
        self.places = MemoryPlaces(tables)
        self.identity = MemoryIdentity(tables)
        self.notices = MemoryNotices(tables)
        self.observations = MemoryObservations(tables)
        self.orders = MemoryOrders(tables)
        self.outgoing = MemoryOutgoing(tables)
