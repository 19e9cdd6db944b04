"""Which looks of staff at customers somebody should ask about.

Owns: what is unusual, and what a finding says.
Never: who looked. A finding names records of the audit, a role and a store; the auditor looks up whose they
are when there is reason to. Nothing here counts, compares or ranks people who work here: there is no number
of looks of anybody, and who has no finding is nowhere.

A look at the board is for serving who is here. Every other one is a look back: at visits or profiles of
people who may be at home.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from shopbell_server.core.units import DAY_MS

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator

    from shopbell_server.core.ids import Millis, PersonId, StaffId, StoreId

LONG_MS: Final = 7 * DAY_MS
"""A complaint, a return, a question on the next Saturday come within a week of the visit."""

DAYS: Final = 3
"""Once to help and once more because of what came of it; somebody who looks back at one customer on a third
day of a week has another reason."""

LOOKERS: Final = 4
"""A shift has two or three who may have served her. Four who look back at one customer talk about her."""

CUSTOMERS: Final = 1_000
"""Of one session of twelve hours, looking back: five full pages, more than a busy store's day of 600."""

MOST_NUMBERS: Final = 20
"""Records that a finding names; `audit list` shows what is around them."""


class Kind(StrEnum):
    """What is unusual. In the order of what an auditor reads first."""

    RETURNED = "returned"
    """The same person looked back at the same customer on several days."""
    MANY_LOOKERS = "many_lookers"
    """Many looked back at the same customer."""
    COLLEAGUE = "colleague"
    """At somebody who works here."""
    OTHER_STORE = "other_store"
    """In a store that the looker does not belong to."""
    OUT_OF_HOURS = "out_of_hours"
    """While nobody is in the store."""
    LONG_AFTER = "long_after"
    """At somebody who had not been in a store for long, or of whom no visit is left."""
    MANY_CUSTOMERS = "many_customers"
    """At very many customers, one after the other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One record of the audit, and what was true when it was written. `session` tells sign-ins apart."""

    number: int
    at_ms: Millis
    staff: StaffId
    session: str
    role: str
    person: PersonId
    store: StoreId | None
    back: bool
    """It was no look at the board."""
    since_visit_ms: int | None
    """Since she was last in a store, 0 if she was; None if no visit of hers from before is known. Only
    read of a look back."""
    colleague: bool
    own_store: bool
    in_hours: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Looks that somebody should ask about, `count` of them; `records` are the first MOST_NUMBERS."""

    kind: Kind
    count: int
    records: tuple[int, ...]
    first_ms: Millis
    last_ms: Millis
    roles: tuple[str, ...]
    stores: tuple[StoreId, ...]


def unusual(looks: Iterable[Look]) -> tuple[Finding, ...]:
    """Return what is unusual in the looks of a week, given by their numbers; by kind, then by time."""
    groups: dict[tuple[Kind, Hashable], _Group] = {}

    def add(kind: Kind, by: Hashable, look: Look) -> None:
        group = groups.get((kind, by))
        if group is None:
            group = groups[kind, by] = _Group(kind, look.at_ms)
        group.add(look)

    for look in looks:
        for kind in _by_itself(look):
            # One session's are one finding: an auditor asks once.
            add(kind, look.session, look)
        if look.back:
            add(Kind.RETURNED, (look.staff, look.person), look)
            add(Kind.MANY_LOOKERS, look.person, look)
            add(Kind.MANY_CUSTOMERS, look.session, look)
    found = [each.finding() for each in groups.values() if each.is_one()]
    order = list(Kind)
    return tuple(sorted(found, key=lambda one: (order.index(one.kind), one.records)))


def in_hours(minute: int, opens: int, closes: int) -> bool:
    """Return whether a minute of the day is in [opens, closes); `closes` before `opens` is tomorrow's."""
    if opens <= closes:
        return opens <= minute < closes
    return minute >= opens or minute < closes


def since_visit(at_ms: Millis, visits: Iterable[tuple[Millis, Millis]]) -> int | None:
    """Return for how long she had been in no store at `at_ms`; None if she had been in none before.

    `visits` are where they begin and end.
    """
    return min(
        (max(0, at_ms - ended_ms) for began_ms, ended_ms in visits if began_ms <= at_ms),
        default=None,
    )


class _Group:
    """Looks that become a finding together: at least one."""

    __slots__ = (
        "count",
        "days",
        "first_ms",
        "kind",
        "last_ms",
        "lookers",
        "numbers",
        "persons",
        "roles",
        "stores",
    )

    def __init__(self, kind: Kind, first_ms: Millis) -> None:
        self.kind = kind
        self.count = 0
        self.numbers: list[int] = []
        self.first_ms = self.last_ms = first_ms
        self.roles: set[str] = set()
        self.stores: set[StoreId] = set()
        self.days: set[int] = set()
        self.lookers: set[StaffId] = set()
        self.persons: set[PersonId] = set()

    def add(self, look: Look) -> None:
        self.count += 1
        if len(self.numbers) < MOST_NUMBERS:
            self.numbers.append(look.number)
        self.last_ms = look.at_ms
        self.roles.add(look.role)
        if look.store is not None:
            self.stores.add(look.store)
        self.days.add(look.at_ms // DAY_MS)
        self.lookers.add(look.staff)
        self.persons.add(look.person)

    def is_one(self) -> bool:
        """Return whether this is a finding: some need many looks to be one."""
        match self.kind:
            case Kind.RETURNED:
                return len(self.days) >= DAYS
            case Kind.MANY_LOOKERS:
                return len(self.lookers) >= LOOKERS
            case Kind.MANY_CUSTOMERS:
                return len(self.persons) > CUSTOMERS
            case _:
                return True

    def finding(self) -> Finding:
        return Finding(
            kind=self.kind,
            count=self.count,
            records=tuple(self.numbers),
            first_ms=self.first_ms,
            last_ms=self.last_ms,
            roles=tuple(sorted(self.roles)),
            stores=tuple(sorted(self.stores)),
        )


def _by_itself(look: Look) -> Iterator[Kind]:
    """Yield what is unusual about a look, whatever else there is."""
    if look.colleague:
        yield Kind.COLLEAGUE
    if not look.own_store:
        yield Kind.OTHER_STORE
    if not look.in_hours:
        yield Kind.OUT_OF_HOURS
    if look.back and (look.since_visit_ms is None or look.since_visit_ms > LONG_MS):
        yield Kind.LONG_AFTER
