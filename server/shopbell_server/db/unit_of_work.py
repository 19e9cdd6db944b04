"""Units of work in SQL.

Owns: which transaction the ports of one unit of work share.
Never: SQL.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from shopbell_server.db import key_pairing
from shopbell_server.db.answers import SqlAnswers
from shopbell_server.db.audit import SqlAudit
from shopbell_server.db.batches import SqlBatches
from shopbell_server.db.channels import SqlChannels
from shopbell_server.db.customer_sessions import SqlCustomerSessions
from shopbell_server.db.day_keys import SqlDayKeys
from shopbell_server.db.edge_records import SqlEdgeRecords
from shopbell_server.db.engagements import SqlEngagements
from shopbell_server.db.engine import WAIT_S, open_engine, reading, writing
from shopbell_server.db.erasures import SqlErasures
from shopbell_server.db.floor_plans import SqlFloorPlans
from shopbell_server.db.identity import SqlIdentity
from shopbell_server.db.intervals import SqlIntervals
from shopbell_server.db.joined import SqlJoined
from shopbell_server.db.ledger import SqlLedger
from shopbell_server.db.notices import SqlNotices
from shopbell_server.db.observations import SqlObservations
from shopbell_server.db.orders import SqlOrders
from shopbell_server.db.outgoing import SqlOutgoing
from shopbell_server.db.people import SqlPeople
from shopbell_server.db.places import SqlPlaces
from shopbell_server.db.registry import SqlRegistry
from shopbell_server.db.retention import SqlRetention
from shopbell_server.db.scanners import SqlScanners
from shopbell_server.db.staff_sessions import SqlStaffSessions
from shopbell_server.db.till_receipts import SqlTillReceipts
from shopbell_server.db.told import SqlTellings
from shopbell_server.db.transaction import Transaction
from shopbell_server.db.visits import SqlVisits

if TYPE_CHECKING:
    from types import TracebackType

    from shopbell_server.core.ids import TenantId
    from shopbell_server.ports.boxes import Boxes


class SqlDatabase:
    """The database of one tenant; safe to use from any number of threads.

    Connects when it is first used. Its tables must be there: `migrate.upgrade` makes them.
    """

    def __init__(
        self,
        url: str,
        tenant: TenantId,
        boxes: Boxes,
        *,
        password: str | None = None,
        wait_s: float = WAIT_S,
    ) -> None:
        """Take `boxes` over: `close` closes them.

        Raises DatabaseAddressError if `url` is none that `engine.open_engine` takes.
        """
        self._boxes = boxes
        self._engine = open_engine(url, password, tenant=tenant, wait_s=wait_s)
        self._writing = writing(self._engine)
        self._reading = reading(self._engine)
        self._tenant = tenant

    @property
    def boxes(self) -> Boxes:
        """Return what seals its columns: whoever deletes somebody's rows destroys her keys with it."""
        return self._boxes

    def require_own_keys(self) -> None:
        """Raise OtherKeysError unless the keys are those that it was sealed with; the first ones are.

        Raises KeysLostError, DatabaseLostError, DatabaseBusyError.
        """
        with self.read() as work:
            known = key_pairing.is_paired(work.transaction)
        if not known:
            with self.begin() as work:
                key_pairing.pair(work.transaction)
                work.commit()

    def forget_own_keys(self) -> None:
        """Take the next keys that it is used with for its own; what it was sealed with before is lost."""
        with self.begin() as work:
            key_pairing.part(work.transaction)
            work.commit()

    def begin(self) -> SqlUnitOfWork:
        """Return a unit of work that may write."""
        return SqlUnitOfWork(Transaction(self._writing, self._tenant, self._boxes))

    def read(self) -> SqlUnitOfWork:
        """Return one that only reads, sees one moment, and waits for nobody."""
        return SqlUnitOfWork(Transaction(self._reading, self._tenant, self._boxes))

    def close(self) -> None:
        """Close all connections that are not in use, and the store of the keys."""
        self._engine.dispose()
        self._boxes.close()


class SqlUnitOfWork:
    """One transaction. Leaving without commit() rolls back; after commit() there is no more of it."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self.answers = SqlAnswers(transaction)
        self.audit = SqlAudit(transaction)
        self.batches = SqlBatches(transaction)
        self.channels = SqlChannels(transaction)
        self.customer_sessions = SqlCustomerSessions(transaction)
        self.day_keys = SqlDayKeys(transaction)
        self.edge_records = SqlEdgeRecords(transaction)
        self.engagements = SqlEngagements(transaction)
        self.floor_plans = SqlFloorPlans(transaction)
        self.identity = SqlIdentity(transaction)
        self.intervals = SqlIntervals(transaction)
        self.joined = SqlJoined(transaction)
        self.ledger = SqlLedger(transaction)
        self.notices = SqlNotices(transaction)
        self.observations = SqlObservations(transaction)
        self.orders = SqlOrders(transaction)
        self.outgoing = SqlOutgoing(transaction)
        self.people = SqlPeople(transaction)
        self.places = SqlPlaces(transaction)
        self.receipts = SqlTillReceipts(transaction)
        self.registry = SqlRegistry(transaction)
        self.erasures = SqlErasures(transaction)
        self.retention = SqlRetention(transaction)
        self.scanners = SqlScanners(transaction)
        self.staff_sessions = SqlStaffSessions(transaction)
        self.told = SqlTellings(transaction)
        self.visits = SqlVisits(transaction)

    @property
    def transaction(self) -> Transaction:
        """Return what its ports share."""
        return self._transaction

    def __enter__(self) -> Self:
        self._transaction.begin()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._transaction.roll_back()

    def commit(self) -> None:
        """Make it true. Raises DatabaseBusyError when another transaction got in the way."""
        # The end of the chain is held last, and no longer than the commit takes.
        self.audit.write()
        self._transaction.commit()
