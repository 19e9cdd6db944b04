"""Tables of the database in memory.

Owns: rows, and the rules between them that the real databases enforce by constraints and triggers.
Never: transactions (`tests.fakes.server`), nor what a row means.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from itertools import count
from typing import TYPE_CHECKING, NoReturn, TypeVar

from shopbell_server.core.ids import Stamp
from shopbell_server.ports.database import DatabaseBusyError, DatabaseRefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from shopbell_server.core.access.api_keys import ApiKey
    from shopbell_server.core.access.customer_sessions import CustomerSession
    from shopbell_server.core.access.staff_session import OpenSession
    from shopbell_server.core.audit.chain import Head, Record
    from shopbell_server.core.channels.facts import ChannelFact, Kind
    from shopbell_server.core.consent.ledger import Entry
    from shopbell_server.core.delivery.notices import Notice
    from shopbell_server.core.edges.deafness import Mark, Scanner
    from shopbell_server.core.edges.lineage import Heir
    from shopbell_server.core.edges.orders import Ordered
    from shopbell_server.core.evidence import Interval, IntervalKey
    from shopbell_server.core.facts import Fact
    from shopbell_server.core.identity.history import IdentityEntry
    from shopbell_server.core.identity.identifiers import Link
    from shopbell_server.core.identity.people import Card, Enrolment, Issued, Phone, Profile
    from shopbell_server.core.ids import (
        CardRef,
        Day,
        EdgeId,
        EntryId,
        FactId,
        LinkId,
        Millis,
        PersonId,
        ProfileId,
        ReceiptId,
        StaffId,
        StoreId,
        VisitId,
        ZoneId,
    )
    from shopbell_server.core.keeping.erasure import Erasure, ErasureId
    from shopbell_server.core.observations import Observation
    from shopbell_server.core.recognition.code_uses import CodeUse
    from shopbell_server.core.recognition.fixed_ids import FixedId, IdMark
    from shopbell_server.core.recognition.loyalty_numbers import Guesses
    from shopbell_server.core.recognition.spray import Tokens
    from shopbell_server.core.registry import Edge, Staff, Store, Zone
    from shopbell_server.core.serving.engagement import Engagement
    from shopbell_server.core.visits.app_reports import StoreBeacon
    from shopbell_server.core.visits.stored import Visit
    from shopbell_server.core.zones.found import Place, Unsettled
    from shopbell_server.core.zones.plan import FloorPlan
    from shopbell_server.ports.answers import KeptAnswer
    from shopbell_server.ports.batches import Anchor, BatchKey, BatchRecord
    from shopbell_server.ports.receipts import TillReceipt
    from shopbell_server.ports.told import Told

Key = TypeVar("Key")
Row = TypeVar("Row")


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A delivery: `position` orders those of one person."""

    fact: Fact
    position: int
    due_ms: Millis
    attempt: int = 0
    done_ms: Millis | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantined:
    """A batch that was set aside."""

    payload: bytes
    reason: str
    received_ms: Millis


@dataclass(frozen=True, slots=True, kw_only=True)
class Unlinked:
    """What is left of an identifier that is nobody's any more."""

    id: LinkId
    home: ProfileId


@dataclass(slots=True, kw_only=True)
class Tables:
    """All rows of one tenant. Rows never change in place, so a copy of the dicts is a snapshot."""

    batches: dict[BatchKey, BatchRecord] = field(default_factory=dict)
    quarantined: dict[tuple[BatchKey, bytes], Quarantined] = field(default_factory=dict)
    streams: dict[tuple[EdgeId, str], str] = field(default_factory=dict)
    streams_ms: dict[tuple[EdgeId, str], Millis] = field(default_factory=dict)
    anchors: dict[tuple[EdgeId, str], Anchor] = field(default_factory=dict)
    stream_heirs: dict[tuple[EdgeId, str], Heir] = field(default_factory=dict)
    edge_losses: dict[tuple[EdgeId, str], int] = field(default_factory=dict)
    token_counts: dict[tuple[EdgeId, int], Tokens] = field(default_factory=dict)
    number_guesses: dict[Scanner, tuple[Guesses, Millis]] = field(default_factory=dict)
    scanner_marks: dict[Mark, None] = field(default_factory=dict)
    stores: dict[StoreId, Store] = field(default_factory=dict)
    store_beacons: dict[str, StoreBeacon] = field(default_factory=dict)
    zones: dict[tuple[StoreId, ZoneId], Zone] = field(default_factory=dict)
    edges: dict[EdgeId, Edge] = field(default_factory=dict)
    staff: dict[StaffId, tuple[Staff, str | None]] = field(default_factory=dict)
    api_keys: dict[bytes, ApiKey] = field(default_factory=dict)
    staff_sessions: dict[bytes, OpenSession] = field(default_factory=dict)
    sign_in_links: dict[bytes, tuple[StaffId, Millis]] = field(default_factory=dict)
    customer_sessions: dict[bytes, CustomerSession] = field(default_factory=dict)
    audit: dict[int, Record] = field(default_factory=dict)
    audit_heads: dict[int, Head] = field(default_factory=dict)
    audit_signed: dict[int, int] = field(default_factory=dict)
    tries: dict[bytes, Millis] = field(default_factory=dict)
    answers: dict[bytes, KeptAnswer] = field(default_factory=dict)
    profiles: dict[ProfileId, Profile] = field(default_factory=dict)
    tickets: dict[bytes, tuple[ProfileId, Millis]] = field(default_factory=dict)
    enrolments: dict[PersonId, Enrolment] = field(default_factory=dict)
    phones: dict[PersonId, Phone] = field(default_factory=dict)
    stamps: dict[PersonId, Stamp] = field(default_factory=dict)
    device_tokens: dict[bytes, PersonId] = field(default_factory=dict)
    cards: dict[CardRef, Card] = field(default_factory=dict)
    identifiers: dict[LinkId, Link | Unlinked] = field(default_factory=dict)
    identity_entries: dict[EntryId, IdentityEntry] = field(default_factory=dict)
    moved_enrolments: dict[PersonId, ProfileId] = field(default_factory=dict)
    absorbed: dict[ProfileId, ProfileId] = field(default_factory=dict)
    blocked: dict[tuple[str, str], tuple[Millis, str]] = field(default_factory=dict)
    notices: dict[str, Notice] = field(default_factory=dict)
    fixed_ids: dict[IdMark, FixedId] = field(default_factory=dict)
    issued: dict[Issued, None] = field(default_factory=dict)
    ledger: dict[tuple[PersonId, int], Entry] = field(default_factory=dict)
    day_keys: dict[Day, bytes] = field(default_factory=dict)
    observations: dict[tuple[object, ...], Observation] = field(default_factory=dict)
    intervals: dict[IntervalKey, Interval] = field(default_factory=dict)
    floor_plans: dict[StoreId, FloorPlan] = field(default_factory=dict)
    places: dict[tuple[PersonId, StoreId, Millis], Place] = field(default_factory=dict)
    unsettled: dict[tuple[PersonId, StoreId], Unsettled] = field(default_factory=dict)
    code_uses: dict[tuple[CardRef, int], CodeUse] = field(default_factory=dict)
    visits: dict[VisitId, Visit] = field(default_factory=dict)
    engagements: dict[VisitId, Engagement] = field(default_factory=dict)
    conflicts: dict[tuple[VisitId, VisitId], Millis] = field(default_factory=dict)
    orders: dict[tuple[EdgeId, int], Ordered] = field(default_factory=dict)
    receipts: dict[ReceiptId, TillReceipt] = field(default_factory=dict)
    channel_facts: dict[tuple[ProfileId, Kind, str, str], ChannelFact] = field(default_factory=dict)
    channel_messages: dict[bytes, None] = field(default_factory=dict)
    facts_told: dict[PersonId, int] = field(default_factory=dict)
    deliveries: dict[tuple[str, FactId], Waiting] = field(default_factory=dict)
    told: dict[tuple[PersonId, str, FactId], Told] = field(default_factory=dict)
    retained: dict[str, Millis] = field(default_factory=dict)
    erasures: dict[ErasureId, Erasure] = field(default_factory=dict)
    tombstones: dict[tuple[str, str], Millis] = field(default_factory=dict)

    def copy(self, *, writable: bool) -> Tables:
        """Return a snapshot; writing to one that is not writable is refused."""
        kind = dict if writable else _ReadOnly
        return Tables(**{each.name: kind(getattr(self, each.name)) for each in fields(self)})


def insert(rows: dict[Key, Row], key: Key, row: Row) -> None:
    """Add a row whose key must be new."""
    if key in rows:
        raise DatabaseBusyError("another transaction wrote the same key first")
    rows[key] = row


def require(rows: Mapping[Key, Row], key: Key, what: str) -> Row:
    """Return the row that another one refers to."""
    if key not in rows:
        raise DatabaseRefusedError(f"refers to a {what} that does not exist")
    return rows[key]


def stamp(tables: Tables, person: PersonId) -> None:
    """Give a person who is there a new stamp, as the triggers do."""
    if person in tables.stamps:
        # As theirs, no number comes twice, not even after a unit of work that was rolled back.
        tables.stamps[person] = Stamp(next(_stamps))


def drop(rows: dict[Key, Row], condition: Callable[[Row], bool]) -> int:
    """Remove the rows that fulfil the condition; return how many."""
    gone = [key for key, row in rows.items() if condition(row)]
    for key in gone:
        del rows[key]
    return len(gone)


_stamps = count(1)


class _ReadOnly(dict[Key, Row]):
    """Rows of a unit of work that only reads."""

    def __setitem__(self, key: Key, row: Row) -> NoReturn:
        raise DatabaseRefusedError(_ONLY_READS)

    def __delitem__(self, key: Key) -> NoReturn:
        raise DatabaseRefusedError(_ONLY_READS)


_ONLY_READS = "this unit of work only reads"
