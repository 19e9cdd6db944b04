"""The database: units of work, and the three ways in which one fails.

Everything behind it is synchronous: a unit of work is one database transaction, and whoever runs an event
loop gives it a thread. Methods take and return many at once, because ingest works in batches and one
round trip per event would be the whole cost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, Self

if TYPE_CHECKING:
    from types import TracebackType

    from shopbell_server.ports.answers import Answers
    from shopbell_server.ports.audit import Audit
    from shopbell_server.ports.batches import Batches
    from shopbell_server.ports.boxes import Boxes
    from shopbell_server.ports.channels import Channels
    from shopbell_server.ports.customer_sessions import CustomerSessions
    from shopbell_server.ports.day_keys import DayKeys
    from shopbell_server.ports.edge_records import EdgeRecords
    from shopbell_server.ports.engagements import Engagements
    from shopbell_server.ports.erasures import Erasures
    from shopbell_server.ports.floor_plans import FloorPlans
    from shopbell_server.ports.identity import Identity
    from shopbell_server.ports.intervals import Intervals
    from shopbell_server.ports.joined import Joined
    from shopbell_server.ports.ledger import Ledger
    from shopbell_server.ports.notices import Notices
    from shopbell_server.ports.observations import Observations
    from shopbell_server.ports.orders import Orders
    from shopbell_server.ports.outgoing import Outgoing
    from shopbell_server.ports.people import People
    from shopbell_server.ports.places import Places
    from shopbell_server.ports.receipts import TillReceipts
    from shopbell_server.ports.registry import Registry
    from shopbell_server.ports.retention import Retention
    from shopbell_server.ports.scanners import Scanners
    from shopbell_server.ports.signed_in import StaffSessions
    from shopbell_server.ports.told import Tellings
    from shopbell_server.ports.visits import Visits


class UnitOfWork(Protocol):
    """One transaction. Leaving without commit() rolls back."""

    @property
    def audit(self) -> Audit: ...
    @property
    def batches(self) -> Batches: ...
    @property
    def channels(self) -> Channels: ...
    @property
    def customer_sessions(self) -> CustomerSessions: ...
    @property
    def edge_records(self) -> EdgeRecords: ...
    @property
    def registry(self) -> Registry: ...
    @property
    def scanners(self) -> Scanners: ...
    @property
    def staff_sessions(self) -> StaffSessions: ...
    @property
    def answers(self) -> Answers: ...
    @property
    def people(self) -> People: ...
    @property
    def ledger(self) -> Ledger: ...
    @property
    def day_keys(self) -> DayKeys: ...
    @property
    def intervals(self) -> Intervals: ...
    @property
    def joined(self) -> Joined: ...
    @property
    def visits(self) -> Visits: ...
    @property
    def receipts(self) -> TillReceipts: ...
    @property
    def outgoing(self) -> Outgoing: ...
    @property
    def floor_plans(self) -> FloorPlans: ...
    @property
    def identity(self) -> Identity: ...
    @property
    def notices(self) -> Notices: ...
    @property
    def observations(self) -> Observations: ...
    @property
    def orders(self) -> Orders: ...
    @property
    def places(self) -> Places: ...
    @property
    def engagements(self) -> Engagements: ...
    @property
    def erasures(self) -> Erasures: ...
    @property
    def retention(self) -> Retention: ...
    @property
    def told(self) -> Tellings: ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    def commit(self) -> None:
        """Make it true. Raises DatabaseBusyError when another transaction got in the way."""
        ...


class Database(Protocol):
    """Begins units of work of one tenant."""

    @property
    def boxes(self) -> Boxes:
        """What seals its columns: whoever deletes somebody's rows destroys her keys after the commit."""
        ...

    def begin(self) -> UnitOfWork:
        """Return a unit of work that may write."""
        ...

    def read(self) -> UnitOfWork:
        """Return one that only reads, and waits for nobody."""
        ...


class DatabaseLostError(RuntimeError):
    """The database does not answer. Nothing was committed; trying again later is safe."""


class DatabaseBusyError(RuntimeError):
    """Another transaction got in the way, or wrote the same key first.

    Nothing was committed; trying again at once, from reading on, is safe. A bounded number of times:
    a key that is always there already is a fault in the program.
    """


class DatabaseRefusedError(RuntimeError):
    """The change breaks a rule that the database keeps: a fault in the program.

    Nothing was committed, and trying again will not help. Examples: a visit of somebody who never
    consented, a change to the ledger, a write in a unit of work that only reads.
    """
