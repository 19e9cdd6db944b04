"""What the use cases need from the world.

Everything here is synchronous: a unit of work is one database transaction, and whoever runs an event
loop gives it a thread. Methods take and return many at once, because ingest works in batches and one
round trip per event would be the whole cost.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol, Self

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from types import TracebackType

    from shopbell_server.core.consent import Entry
    from shopbell_server.core.evidence import Interval
    from shopbell_server.core.facts import Fact
    from shopbell_server.core.ids import (
        CardRef,
        Day,
        DeviceNo,
        EdgeId,
        FactId,
        Millis,
        PersonId,
        ProfileId,
        ReceiptId,
        StaffId,
        StoreId,
        VisitId,
    )
    from shopbell_server.core.people import Card, Enrolment, Issued, Profile
    from shopbell_server.core.registry import Edge, Staff, Store, Zone
    from shopbell_server.core.visits import Visit


# ------------------------------------------------------------------ what an edge sent


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchKey:
    """Names a batch for ever: the stream is random per process start of the edge."""

    edge: EdgeId
    stream: str
    seq: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchRecord:
    """That a batch was taken. `sha256` is of the bytes as sent."""

    key: BatchKey
    sha256: bytes
    received_ms: Millis


Stream = tuple["EdgeId", str]
"""An edge and the name of one of its streams."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """The moment at which a boot of an edge first knew the time."""

    edge: EdgeId
    boot: str
    boottime_ms: int
    wall_ms: Millis


class Batches(Protocol):
    """Remembers which batches were taken in, so that each has its effect once."""

    def hashes(self, keys: Collection[BatchKey]) -> Mapping[BatchKey, bytes]:
        """Return the recorded SHA-256 of those keys that are known."""
        ...

    def record(self, records: Sequence[BatchRecord]) -> None:
        """Add new ones. Raises DatabaseBusyError if a key is known: another worker was quicker."""
        ...

    def quarantine(self, record: BatchRecord, payload: bytes, reason: str) -> None:
        """Set a batch aside for a person to look at: it had no effect. The same bytes count once."""
        ...

    def ranges(self, streams: Collection[Stream], now_ms: Millis) -> Mapping[Stream, str]:
        """Return the ranges of sequence numbers of each stream, as `core.stream_ranges` writes them.

        "" for a new one. They are held until the unit of work ends, taken in the order of their names:
        whoever wants to extend them too waits, and then sees what was made of them here.
        """
        ...

    def put_ranges(self, ranges: Mapping[Stream, str], now_ms: Millis) -> None:
        """Replace those of streams that `ranges` holds."""
        ...

    def broken_streams(self) -> Mapping[Stream, str]:
        """Return the ranges of every stream in which something is missing."""
        ...

    def anchors(self, boots: Collection[tuple[EdgeId, str]]) -> Mapping[tuple[EdgeId, str], Anchor]:
        """Return the anchors of those boots that have one."""
        ...

    def put_anchor(self, anchor: Anchor) -> None:
        """Keep the first anchor of a boot; a later one is ignored."""
        ...


# ------------------------------------------------------------------ registry


class Registry(Protocol):
    """Stores, zones, edges, staff and keys of other systems."""

    def stores(self) -> Sequence[Store]: ...
    def store(self, store: StoreId) -> Store | None: ...
    def zones(self, store: StoreId) -> Sequence[Zone]: ...
    def edges(self) -> Mapping[EdgeId, Edge]:
        """Return all: a few thousand at most, and ingest needs them for every batch."""
        ...

    def put_store(self, store: Store) -> None: ...
    def put_zone(self, zone: Zone) -> None: ...
    def put_edge(self, edge: Edge) -> None: ...

    def staff(self, staff: StaffId) -> Staff | None: ...
    def password_hash(self, staff: StaffId) -> str | None:
        """Return the argon2 hash of the local password, if there is one."""
        ...

    def put_staff(self, staff: Staff, password_hash: str | None) -> None: ...

    def api_key_name(self, key_sha256: bytes) -> str | None:
        """Return whose key it is: an app backend's."""
        ...

    def put_api_key(self, name: str, key_sha256: bytes) -> None: ...


class StaffSessions(Protocol):
    """Who is signed in. Only hashes of session tokens are kept."""

    def open(self, token_sha256: bytes, staff: StaffId, expires_ms: Millis) -> None: ...
    def staff_of(self, token_sha256: bytes, now_ms: Millis) -> StaffId | None: ...
    def close(self, token_sha256: bytes) -> None: ...
    def take(self, token_sha256: bytes, now_ms: Millis) -> StaffId | None:
        """Close and return whose it was, if it was open. Two callers: one gets it."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptAnswer:
    """What was answered to a write that carried an Idempotency-Key.

    `name_sha256` is of who asked and the key together. `sealed` is the answer, readable only with the
    credential that asked: it may hold secrets that are stored nowhere else in clear.
    """

    name_sha256: bytes
    request_sha256: bytes
    sealed: bytes
    expires_ms: Millis


class Answers(Protocol):
    """Lets a write be asked twice and take effect once."""

    def recall(self, name_sha256: bytes, now_ms: Millis) -> KeptAnswer | None:
        """Return what was kept under that name, unless it has expired."""
        ...

    def keep(self, answer: KeptAnswer, now_ms: Millis) -> bool:
        """Keep it in place of an expired one; False if a living answer of that name is there already."""
        ...

    def drop_expired(self, now_ms: Millis) -> int:
        """Forget what has expired; return how many."""
        ...


# ------------------------------------------------------------------ people


class People(Protocol):
    """Profiles, enrolments, cards, tickets."""

    def profiles(self, profiles: Collection[ProfileId]) -> Mapping[ProfileId, Profile]: ...
    def put_profile(self, profile: Profile) -> None: ...

    def add_ticket(self, ticket_sha256: bytes, profile: ProfileId, expires_ms: Millis) -> None: ...
    def redeem_ticket(self, ticket_sha256: bytes, now_ms: Millis) -> ProfileId | None:
        """Use a ticket up; None if it is unknown, used or expired. Two callers: one gets it.

        It is open while `now_ms` is before its end, as everything here that expires.
        """
        ...

    def add_enrolment(
        self, enrolment: Enrolment, device_token_sha256: bytes, card: Card
    ) -> None: ...
    def enrolments(self, persons: Collection[PersonId]) -> Mapping[PersonId, Enrolment]: ...
    def by_device_no(self, numbers: Collection[DeviceNo]) -> Mapping[DeviceNo, Enrolment]:
        """Return the enrolments, revoked ones included, that have these device numbers."""
        ...

    def by_external_id(
        self, kind: str, values: Collection[str]
    ) -> Mapping[str, Sequence[Enrolment]]:
        """Return, by value, the enrolments of the profiles that have it as an external id of `kind`.

        Revoked ones included. A value that no profile has is left out; one of a profile without
        enrolments has none.
        """
        ...

    def by_device_token(self, device_token_sha256: bytes) -> Enrolment | None: ...
    def revoke(self, person: PersonId, at_ms: Millis) -> None:
        """End an enrolment; one that has ended keeps its end."""
        ...

    def renumber(self, person: PersonId, device_no: DeviceNo) -> None:
        """Give an enrolment a new device number; the old one is nobody's from then on.

        Raises DatabaseBusyError if somebody has the new one.
        """
        ...

    def cards(self, refs: Collection[CardRef]) -> Mapping[CardRef, Card]: ...

    def add_issued(self, issued: Issued) -> None: ...
    def issued(self, persons: Collection[PersonId]) -> Mapping[PersonId, Sequence[Issued]]: ...

    def lock(self, persons: Collection[PersonId]) -> None:
        """Hold these people until the unit of work ends, taken in the order of their ids.

        Whatever rewrites somebody's visits holds her first; the order makes deadlock impossible.
        """
        ...


class Ledger(Protocol):
    """Consent, append-only. The state is derived by `core.consent`, never stored."""

    def entries(self, persons: Collection[PersonId]) -> Mapping[PersonId, Sequence[Entry]]:
        """Return all entries of each person, oldest first; people without any are left out."""
        ...

    def append(self, entries: Sequence[Entry]) -> None:
        """Add entries; (person, sequence) must be new. Raises DatabaseBusyError if one is not."""
        ...


class DayKeys(Protocol):
    """The keys that tokens are made and read with: one per UTC day, destroyed when its time is over."""

    def keys(self, days: Collection[Day]) -> Mapping[Day, bytes]:
        """Return those that exist."""
        ...

    def add(self, day: Day, key: bytes) -> None:
        """Keep `key` unless the day has one already: two workers may try at once."""
        ...

    def destroy_before(self, day: Day) -> int:
        """Overwrite and delete the keys of earlier days; return how many."""
        ...


# ------------------------------------------------------------------ visits


class Intervals(Protocol):
    """Evidence intervals, joined on arrival."""

    def join(self, intervals: Sequence[Interval]) -> None:
        """Insert, or join with what is there (`core.evidence.joined`)."""
        ...

    def within(
        self, person: PersonId, store: StoreId, from_ms: Millis, to_ms: Millis
    ) -> Sequence[Interval]:
        """Return the intervals that touch [from_ms, to_ms]."""
        ...

    def within_each(
        self, persons: Collection[PersonId], store: StoreId, from_ms: Millis, to_ms: Millis
    ) -> Mapping[PersonId, Sequence[Interval]]:
        """Return the same of each of `persons`; those without any are left out."""
        ...

    def heard_since(self, store: StoreId, since_ms: Millis) -> Sequence[Interval]:
        """Return everybody's intervals in a store that last until `since_ms` or later: a minute's worth."""
        ...

    def remove_within(
        self, person: PersonId, store: StoreId, from_ms: Millis, to_ms: Millis
    ) -> None:
        """Forget the intervals that begin in [from_ms, to_ms]."""
        ...

    def truncate(self, person: PersonId, at_ms: Millis) -> None:
        """Leave nothing from `at_ms` on, in any store (`core.intervals.truncated`)."""
        ...

    def first_use(self, card: CardRef, step: int, at_ms: Millis) -> bool:
        """Record that the code of this 30 s step was used; False if it was before."""
        ...


class Visits(Protocol):
    """Visits and candidates."""

    def touching(
        self, person: PersonId, store: StoreId, from_ms: Millis, to_ms: Millis
    ) -> Sequence[Visit]:
        """Return those that share a moment with [from_ms, to_ms]."""
        ...

    def touching_each(
        self, persons: Collection[PersonId], store: StoreId, from_ms: Millis, to_ms: Millis
    ) -> Mapping[PersonId, Sequence[Visit]]:
        """Return the same of each of `persons`; those without any are left out."""
        ...

    def put(self, visits: Sequence[Visit]) -> None:
        """Insert or replace by id."""
        ...

    def remove(self, visits: Collection[VisitId]) -> None: ...
    def get(self, visit: VisitId) -> Visit | None: ...
    def present(self, store: StoreId, since_ms: Millis) -> Sequence[Visit]:
        """Return candidates and open visits shown until `since_ms` or later (held presence included)."""
        ...

    def handles(self, store: StoreId, since_ms: Millis) -> Sequence[int]:
        """Return the handles of candidates and open visits with evidence, or shown, since then.

        Whether shown already or not: they may be in a moment. In the order of their ids.
        """
        ...

    def of_person(self, person: PersonId) -> Sequence[Visit]: ...
    def open_count(self) -> int:
        """Return how many visits have begun and not ended; candidates are none."""
        ...

    def due(self, now_ms: Millis, limit: int) -> Sequence[Visit]:
        """Return candidates and open visits whose `session.due_ms` has passed, longest due first."""
        ...

    def page(
        self, stores: Collection[StoreId], before: tuple[Millis, VisitId] | None, limit: int
    ) -> Sequence[Visit]:
        """Return reported visits, newest start first, after the cursor (start, id)."""
        ...


# ------------------------------------------------------------------ tills


@dataclass(frozen=True, slots=True, kw_only=True)
class TillReceipt:
    """That something was bought; not what, nor for how much. `at_ms` is the till's word.

    `person` is whose card it names, if that may be known. `request_mac` is of the request, under the
    credential that sent it: a plain hash could be tried for every card there is. `joined` is what was
    answered.
    """

    receipt: ReceiptId
    store: StoreId
    till: str
    at_ms: Millis
    person: PersonId | None
    request_mac: bytes
    joined: bool


class TillReceipts(Protocol):
    """Receipts, so that each counts once and waits for the visit that it belongs to."""

    def recall(self, receipt: ReceiptId) -> TillReceipt | None: ...
    def keep(self, receipt: TillReceipt) -> None:
        """Add a new one. Raises DatabaseBusyError if one of its name is there: another was quicker."""
        ...

    def purchases_each(
        self, persons: Collection[PersonId], store: StoreId, from_ms: Millis, to_ms: Millis
    ) -> Mapping[PersonId, Sequence[Millis]]:
        """Return when each of `persons` bought something in [from_ms, to_ms]; others are left out."""
        ...

    def disown_within(
        self, person: PersonId, store: StoreId, from_ms: Millis, to_ms: Millis
    ) -> None:
        """Make hers of [from_ms, to_ms] nobody's. The receipts stay."""
        ...

    def disown_from(self, person: PersonId, at_ms: Millis) -> None:
        """Make hers from `at_ms` on nobody's, in any store."""
        ...


# ------------------------------------------------------------------ going out


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A fact that a sink should get: `attempt` counts from 1, `sequence` orders those of a person."""

    sink: str
    fact: Fact
    attempt: int
    sequence: int


class Outgoing(Protocol):
    """Facts to deliver, stored with the change that made them true."""

    def add(self, facts: Sequence[Fact], sinks: Collection[str], due_ms: Millis) -> None:
        """Queue every fact for every sink. Facts of a person keep their order."""
        ...

    def claim(self, sink: str, now_ms: Millis, lease_ms: int, limit: int) -> Sequence[Delivery]:
        """Return what is due, one per person at most (her oldest), leased for `lease_ms`."""
        ...

    def delivered(self, sink: str, fact: FactId, at_ms: Millis) -> None: ...
    def retry(self, sink: str, fact: FactId, due_ms: Millis) -> None: ...
    def give_up(self, sink: str, fact: FactId, at_ms: Millis, reason: str) -> None:
        """Make it a dead letter."""
        ...

    def drop(self, sink: str, fact: FactId) -> None:
        """Forget one that waits: it may not be told any more. Nothing of it is left for this sink."""
        ...

    def cancel(self, person: PersonId) -> int:
        """Drop everything about somebody that is still waiting; return how much."""
        ...

    def waiting(self, sink: str) -> tuple[int, Millis | None]:
        """Return how many wait, and since when the oldest."""
        ...


class UnitOfWork(Protocol):
    """One transaction. Leaving without commit() rolls back."""

    @property
    def batches(self) -> Batches: ...
    @property
    def registry(self) -> Registry: ...
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
    def visits(self) -> Visits: ...
    @property
    def receipts(self) -> TillReceipts: ...
    @property
    def outgoing(self) -> Outgoing: ...

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

    def begin(self) -> UnitOfWork:
        """Return a unit of work that may write."""
        ...

    def read(self) -> UnitOfWork:
        """Return one that only reads, and waits for nobody."""
        ...


class DatabaseLostError(ConnectionError):
    """The database does not answer. Nothing was committed; trying again later is safe."""


class DatabaseBusyError(ConnectionError):
    """Another transaction got in the way, or wrote the same key first.

    Nothing was committed; trying again at once, from reading on, is safe. A bounded number of times:
    a key that is always there already is a fault in the program.
    """


class DatabaseRefusedError(RuntimeError):
    """The change breaks a rule that the database keeps: a fault in the program.

    Nothing was committed, and trying again will not help. Examples: a visit of somebody who never
    consented, a change to the ledger, a write in a unit of work that only reads.
    """


# ------------------------------------------------------------------ the rest of the world


class ServerClock(Protocol):
    """Tells the time."""

    def now_ms(self) -> Millis:
        """Return Unix milliseconds, UTC."""
        ...


class Entropy(Protocol):
    """Randomness fit for keys and ids."""

    def token(self, size: int) -> bytes:
        """Return `size` random bytes."""
        ...

    def uuid7(self, now_ms: Millis) -> str:
        """Return a new UUIDv7: sorts by time, so that indexes stay compact."""
        ...


class Passwords(Protocol):
    """Keeps passwords so that nobody can read them, ourselves included."""

    def hashed(self, password: str) -> str:
        """Return what to store. Takes a tenth of a second on purpose."""
        ...

    def match(self, password_hash: str | None, password: str) -> bool:
        """Return whether `password` is the one. None is nobody's: false, and takes as long."""
        ...


class Announcer(Protocol):
    """Tells boards that something changed; they read what it is themselves."""

    def changed(self, store: StoreId) -> None:
        """Say so, after the commit. Called from any thread; never blocks."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A CloudEvent in structured JSON, ready to go. Every attempt has the same `event`."""

    event: FactId
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a sink answered. `reason` holds no payload, no secret and no personal data.

    `refused`: this event will never be taken. `gone`: no event will, from anybody here.
    `retry_after_s`: how long the sink wants to be left alone.
    """

    kind: Literal["delivered", "retry", "refused", "gone"]
    reason: str
    retry_after_s: float | None = None


class Sink(Protocol):
    """Somewhere that events go. One thread at a time calls it."""

    @property
    def name(self) -> str: ...

    @property
    def at_once(self) -> int:
        """How many letters it takes together."""
        ...

    @property
    def patience_s(self) -> float:
        """How long `deliver` takes at the very most, for deciding when a delivery counts as lost."""
        ...

    def deliver(self, letters: Sequence[Letter]) -> Sequence[Outcome]:
        """Hand over up to `at_once` letters; return what became of each, in their order.

        What goes wrong out there is in the outcomes. A letter may come twice: after a crash between
        handing it over and noting so.
        """
        ...

    def close(self) -> None:
        """Let go of connections; nothing is delivered afterwards."""
        ...
