"""Forgetting somebody, and remembering that it was done.

Owns: the rows behind the port `Erasures`, and in which tables somebody is.
Never: keys: who calls destroys them after the commit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec
from sqlalchemy import bindparam, delete, func, null, or_, select, update

from shopbell_server.core.ids import Millis, PersonId, ProfileId
from shopbell_server.core.keeping.erasure import Erasure, ErasureId
from shopbell_server.db.carrier_tables import FIXED_IDS
from shopbell_server.db.customer_tables import CUSTOMER_SESSIONS
from shopbell_server.db.engagement_tables import ENGAGEMENTS
from shopbell_server.db.erasure_tables import ERASURES, TOMBSTONES, UNDONE
from shopbell_server.db.notice_tables import NOTICES
from shopbell_server.db.observation_tables import OBSERVATIONS
from shopbell_server.db.people_tables import CARDS, ENROLMENTS, ISSUED, OUTLIVING, PROFILES
from shopbell_server.db.retention_tables import TOLD
from shopbell_server.db.statements import adding, merging
from shopbell_server.db.tables import (
    CODE_USES,
    CONFLICTS,
    DELIVERIES,
    FACTS,
    FACTS_TOLD,
    INTERVALS,
    TILL_RECEIPTS,
    VISITS,
    WAITING,
)
from shopbell_server.db.transaction import ours
from shopbell_server.db.zone_tables import PLACES, UNSETTLED

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from sqlalchemy import Delete, Row, Table, Update

    from shopbell_server.db.transaction import Transaction


class SqlErasures:
    """`Erasures` in SQL."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def add(self, erasure: Erasure) -> None:
        """Keep a new one."""
        self._transaction.insert(
            _ADD,
            [
                {
                    "erasure": erasure.id,
                    "person": erasure.person,
                    "profiles_json": msgspec.json.encode(erasure.profiles).decode(),
                    "asked_ms": erasure.asked_ms,
                    "asked_by": erasure.asked_by,
                    "keys_ms": erasure.keys_ms,
                    "done_ms": erasure.done_ms,
                }
            ],
        )

    def get(self, erasure: ErasureId) -> Erasure | None:
        """Return the one of that id."""
        row = self._transaction.row(_GET, this=erasure)
        return None if row is None else _erasure(row)

    def claim(self, erasure: ErasureId) -> Erasure | None:
        """Return the one of that id, held until the unit of work ends; None if somebody else holds it."""
        row = self._transaction.row(_CLAIM, this=erasure)
        return None if row is None else _erasure(row)

    def undone(self, limit: int, behind: str = "") -> Sequence[Erasure]:
        """Return those that are not done: those with keys that are still there first, then in turn."""
        return [_erasure(row) for row in self._transaction.rows(_UNDONE, most=limit, behind=behind)]

    def all(self, limit: int) -> Sequence[Erasure]:
        """Return the newest, those that are not done first."""
        return [_erasure(row) for row in self._transaction.rows(_ALL, most=limit)]

    def count_overdue(self, asked_before_ms: Millis) -> int:
        """Return how many that were asked for before are not done."""
        row = self._transaction.row(_OVERDUE, before=asked_before_ms)
        return 0 if row is None else int(row.number)

    def has_keys_left(self, profiles: Collection[ProfileId]) -> bool:
        """Return whether the key of one of `profiles` is still to be destroyed."""
        # A handful: each is gone within seconds, as long as the store of keys answers.
        left = [_profiles.decode(row.profiles_json) for row in self._transaction.rows(_KEYS_LEFT)]
        return not set(profiles).isdisjoint(each for one in left for each in one)

    def keys_destroyed(self, erasure: ErasureId, at_ms: Millis) -> None:
        """Note that her keys are gone, and forget which profiles it was; the first time counts."""
        self._transaction.change(_KEYS_GONE, this=erasure, at_ms=at_ms)

    def done(self, erasure: ErasureId, at_ms: Millis) -> None:
        """Note that nothing is left to do; the first time counts."""
        self._transaction.change(_DONE, this=erasure, at_ms=at_ms)

    def told_so_far(self, person: PersonId) -> int:
        """Return how many facts there ever were of somebody."""
        row = self._transaction.row(_TOLD_SO_FAR, who=person)
        return 0 if row is None else int(row.number)

    def waiting(self, person: PersonId) -> Mapping[str, int]:
        """Return for which sinks something of somebody still waits, and how much for each."""
        return {row.sink: int(row.number) for row in self._transaction.rows(_STILL, who=person)}

    def remove_rows(self, person: PersonId) -> Mapping[str, int]:
        """Remove all rows of somebody, who is joined with nobody; return how many of each table."""
        gone: dict[str, int] = {}
        for table, statement in _REMOVE:
            rows = self._transaction.change(statement, who=person)
            if rows:
                gone[table.name] = rows
        return gone

    def remove_events(self, person: PersonId) -> None:
        """Remove the facts that were to be told under an id, and their deliveries."""
        for _, statement in _REMOVE_EVENTS:
            self._transaction.change(statement, who=person)

    def mark(self, kind: str, values: Collection[str], at_ms: Millis) -> None:
        """Let values be known as erased at a time; of two the later one counts."""
        marks = sorted(self._transaction.boxes.marks(kind, sorted(set(values))))
        self._transaction.insert_rows(_MARK, [(kind, mark, at_ms) for mark in marks])

    def erased(self, kind: str, values: Collection[str]) -> Mapping[str, Millis]:
        """Return when each of `values` was erased; others are left out."""
        wanted = sorted(set(values))
        marks = dict(zip(self._transaction.boxes.marks(kind, wanted), wanted, strict=True))
        found = self._transaction.rows_among(_ERASED, "marks", list(marks), kind_of=kind)
        return {marks[bytes(row.mark)]: Millis(row.erased_ms) for row in found}

    def outliving(self, behind: str, limit: int) -> Sequence[ProfileId]:
        """Return profiles somebody of whom was forgotten, and which nobody uses, from behind `behind`."""
        rows = self._transaction.rows(_OUTLIVING, behind=behind, most=limit)
        return [ProfileId(row.profile) for row in rows]

    def persons(self, after: str, limit: int) -> Sequence[PersonId]:
        """Return who is enrolled, revoked ones too, in the order of their ids, from behind `after` on."""
        rows = self._transaction.rows(_PERSONS, after=after, most=limit)
        return [PersonId(row.person) for row in rows]

    def ended_before(self, before_ms: Millis, limit: int) -> Sequence[PersonId]:
        """Return whose enrolments ended before, the earliest first."""
        rows = self._transaction.rows(_ENDED_BEFORE, before=before_ms, most=limit)
        return [PersonId(row.person) for row in rows]


def _erasure(row: Row[Any]) -> Erasure:
    return Erasure(
        id=ErasureId(row.erasure),
        person=PersonId(row.person),
        profiles=_profiles.decode(row.profiles_json),
        asked_ms=Millis(row.asked_ms),
        asked_by=row.asked_by,
        keys_ms=None if row.keys_ms is None else Millis(row.keys_ms),
        done_ms=None if row.done_ms is None else Millis(row.done_ms),
    )


def _hers(table: Table) -> tuple[Table, Delete]:
    """Return the removal of the rows of a table that name her."""
    return table, delete(table).where(ours(table), table.c.person == bindparam("who"))


_profiles: Final = msgspec.json.Decoder(tuple[ProfileId, ...])

_E: Final = ERASURES.c
_her_cards: Final = select(CARDS.c.card).where(ours(CARDS), CARDS.c.person == bindparam("who"))
_her_visits: Final = select(VISITS.c.visit).where(ours(VISITS), VISITS.c.person == bindparam("who"))
_her_facts: Final = select(FACTS.c.fact).where(ours(FACTS), FACTS.c.person == bindparam("who"))

_REMOVE_EVENTS: Final[tuple[tuple[Table, Delete | Update], ...]] = (
    # By way of her facts: deliveries are found by sink and by fact.
    (DELIVERIES, delete(DELIVERIES).where(ours(DELIVERIES), DELIVERIES.c.fact.in_(_her_facts))),
    _hers(FACTS),
    _hers(FACTS_TOLD),
)
_REMOVE: Final[tuple[tuple[Table, Delete | Update], ...]] = (
    *_REMOVE_EVENTS,
    _hers(TOLD),
    (
        CONFLICTS,
        delete(CONFLICTS).where(
            ours(CONFLICTS),
            or_(CONFLICTS.c.visit.in_(_her_visits), CONFLICTS.c.other.in_(_her_visits)),
        ),
    ),
    (
        ENGAGEMENTS,
        delete(ENGAGEMENTS).where(ours(ENGAGEMENTS), ENGAGEMENTS.c.visit.in_(_her_visits)),
    ),
    _hers(VISITS),
    _hers(INTERVALS),
    _hers(OBSERVATIONS),
    _hers(PLACES),
    _hers(UNSETTLED),
    (
        TILL_RECEIPTS,
        update(TILL_RECEIPTS)
        .where(ours(TILL_RECEIPTS), TILL_RECEIPTS.c.person == bindparam("who"))
        .values(person=null()),
    ),
    (CODE_USES, delete(CODE_USES).where(ours(CODE_USES), CODE_USES.c.card.in_(_her_cards))),
    _hers(CARDS),
    _hers(ISSUED),
    _hers(FIXED_IDS),
    _hers(NOTICES),
    _hers(CUSTOMER_SESSIONS),
    # What refers to it has to be gone.
    _hers(ENROLMENTS),
)

_ADD: Final = adding(ERASURES)
_GET: Final = select(ERASURES).where(ours(ERASURES), _E.erasure == bindparam("this"))
_CLAIM: Final = _GET.with_for_update(skip_locked=True)
_UNDONE: Final = (
    select(ERASURES)
    .where(ours(ERASURES), UNDONE)
    .order_by(_E.keys_ms.is_not(None), _E.erasure <= bindparam("behind"), _E.asked_ms, _E.erasure)
    .limit(bindparam("most"))
)
_ALL: Final = (
    select(ERASURES)
    .where(ours(ERASURES))
    .order_by(_E.done_ms.is_not(None), _E.asked_ms.desc(), _E.erasure)
    .limit(bindparam("most"))
)
_OVERDUE: Final = select(func.count().label("number")).where(
    ours(ERASURES), UNDONE, _E.asked_ms < bindparam("before")
)
_KEYS_LEFT: Final = select(ERASURES.c.profiles_json).where(
    ours(ERASURES), UNDONE, _E.keys_ms.is_(None), _E.profiles_json != "[]"
)
_KEYS_GONE: Final = (
    update(ERASURES)
    .where(ours(ERASURES), _E.erasure == bindparam("this"), _E.keys_ms.is_(None))
    # A retailer may name profiles by its customers' numbers.
    .values(keys_ms=bindparam("at_ms"), profiles_json="[]")
)
_DONE: Final = (
    update(ERASURES)
    .where(ours(ERASURES), _E.erasure == bindparam("this"), _E.done_ms.is_(None))
    .values(done_ms=bindparam("at_ms"))
)
_TOLD_SO_FAR: Final = select(FACTS_TOLD.c.number).where(
    ours(FACTS_TOLD), FACTS_TOLD.c.person == bindparam("who")
)
_STILL: Final = (
    select(DELIVERIES.c.sink, func.count().label("number"))
    .where(ours(DELIVERIES), DELIVERIES.c.fact.in_(_her_facts), WAITING)
    .group_by(DELIVERIES.c.sink)
)
_MARK: Final = merging(
    TOMBSTONES, lambda old, new, words: {"erased_ms": words.greater(old.erased_ms, new.erased_ms)}
)
_ERASED: Final = select(TOMBSTONES.c.mark, TOMBSTONES.c.erased_ms).where(
    ours(TOMBSTONES),
    TOMBSTONES.c.kind == bindparam("kind_of"),
    TOMBSTONES.c.mark.in_(bindparam("marks", expanding=True)),
)
_OUTLIVING: Final = (
    select(PROFILES.c.profile)
    .where(
        ours(PROFILES),
        OUTLIVING,
        PROFILES.c.profile > bindparam("behind"),
        ~(
            select(ENROLMENTS.c.person)
            .where(
                ENROLMENTS.c.tenant == PROFILES.c.tenant,
                ENROLMENTS.c.profile == PROFILES.c.profile,
                or_(
                    ENROLMENTS.c.revoked_ms.is_(None),
                    ENROLMENTS.c.revoked_ms > PROFILES.c.forgotten_ms,
                ),
            )
            .exists()
        ),
    )
    .order_by(PROFILES.c.profile)
    .limit(bindparam("most"))
)
_PERSONS: Final = (
    select(ENROLMENTS.c.person)
    .where(ours(ENROLMENTS), ENROLMENTS.c.person > bindparam("after"))
    .order_by(ENROLMENTS.c.person)
    .limit(bindparam("most"))
)
_ENDED_BEFORE: Final = (
    select(ENROLMENTS.c.person)
    .where(ours(ENROLMENTS), ENROLMENTS.c.revoked_ms < bindparam("before"))
    .order_by(ENROLMENTS.c.revoked_ms, ENROLMENTS.c.person)
    .limit(bindparam("most"))
)
