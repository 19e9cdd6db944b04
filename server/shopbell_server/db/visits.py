"""Visits and candidates.

Owns: the rows behind the port `Visits`. A trigger refuses a visit without a consent.
Never: how visits come to be.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import and_, bindparam, delete, func, or_, select, tuple_

from shopbell_server.core.ids import PersonId, VisitId
from shopbell_server.core.visits.rules import LONGEST_VISIT_MS
from shopbell_server.core.visits.stored import Visit
from shopbell_server.db.people_tables import ENROLMENTS
from shopbell_server.db.statements import by_keys, keeping, replacing
from shopbell_server.db.stored_sessions import decoded, encoded
from shopbell_server.db.tables import CONFLICTS, UNENDED, VISITS
from shopbell_server.db.transaction import ours
from shopbell_server.ports.visits import Due

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from sqlalchemy import Row

    from shopbell_server.core.ids import Millis, StoreId
    from shopbell_server.core.recognition.conflict import Conflict
    from shopbell_server.core.visits.stored import State
    from shopbell_server.db.transaction import Transaction


class SqlVisits:
    """`Visits` in SQL."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def touching(
        self, person: PersonId, store: StoreId, from_ms: Millis, to_ms: Millis
    ) -> Sequence[Visit]:
        """Return those that share a moment with [from_ms, to_ms], earliest first."""
        return visits_of(
            self._transaction.rows(
                _TOUCHING, person=person, store=store, from_ms=from_ms, to_ms=to_ms
            )
        )

    def touching_each(
        self, persons: Collection[PersonId], store: StoreId, from_ms: Millis, to_ms: Millis
    ) -> Mapping[PersonId, Sequence[Visit]]:
        """Return the same of each of `persons`; those without any are left out."""
        found: dict[PersonId, list[Visit]] = {}
        for visit in visits_of(
            self._transaction.rows_by_keys(
                _TOUCHING_EACH,
                [(person,) for person in persons],
                store=store,
                from_ms=from_ms,
                to_ms=to_ms,
            )
        ):
            found.setdefault(visit.person, []).append(visit)
        return found

    def put(self, visits: Sequence[Visit]) -> None:
        """Insert or replace by id. Raises DatabaseRefusedError for somebody who never consented."""
        # A row begins with its key.
        self._transaction.insert_rows(_PUT, sorted(map(_row, visits)))

    def remove(self, visits: Collection[VisitId]) -> None:
        """Forget them; what is not there is forgotten."""
        self._transaction.change_each(_REMOVE, [{"this": visit} for visit in sorted(visits)])

    def get(self, visit: VisitId) -> Visit | None:
        """Return one visit or candidate."""
        return next(iter(visits_of(self._transaction.rows(_GET, this=visit))), None)

    def present(self, store: StoreId, since_ms: Millis) -> Sequence[Visit]:
        """Return candidates and open visits shown until `since_ms` or later, earliest start first."""
        return visits_of(self._transaction.rows(_PRESENT, store=store, since_ms=since_ms))

    def present_of(
        self, persons: Collection[PersonId], store: StoreId, since_ms: Millis
    ) -> Sequence[Visit]:
        """Return those of `present` that are of these people, earliest start first."""
        found = visits_of(
            self._transaction.rows_among(
                _PRESENT_OF, "persons", persons, store=store, since_ms=since_ms
            )
        )
        return sorted(found, key=lambda each: (each.session.start_ms, each.id))

    def handles(self, store: StoreId, since_ms: Millis) -> Sequence[int]:
        """Return the handles of candidates and open visits with evidence, or shown, since then."""
        rows = self._transaction.rows(_HANDLES, store=store, since_ms=since_ms)
        return [row.handle for row in rows]

    def of_person(self, person: PersonId) -> Sequence[Visit]:
        """Return all of hers, earliest first."""
        return visits_of(self._transaction.rows(_OF_PERSON, person=person))

    def under_way(self, persons: Collection[PersonId]) -> Mapping[StoreId, frozenset[PersonId]]:
        """Return, by store, who of `persons` has a candidate or an open visit there."""
        found: dict[StoreId, set[PersonId]] = {}
        for row in self._transaction.rows_by_keys(_UNDER_WAY, [(each,) for each in persons]):
            found.setdefault(row.store, set()).add(row.person)
        return {store: frozenset(each) for store, each in found.items()}

    def in_several_stores(
        self, persons: Collection[PersonId], since_ms: Millis
    ) -> frozenset[PersonId]:
        """Return who of `persons` has visits or candidates, of then or later, in more than one store."""
        rows = self._transaction.rows_by_keys(
            _SEVERAL,
            [(person,) for person in persons],
            began_ms=since_ms - LONGEST_VISIT_MS,
            since_ms=since_ms,
        )
        return frozenset(PersonId(row.person) for row in rows)

    def first_conflict(self, conflict: Conflict, now_ms: Millis) -> bool:
        """Keep that two visits contradict each other; False if that was known."""
        one, other = conflict.one, conflict.other
        row = (one.id, other.id, one.store, other.store, conflict.at_ms, now_ms)
        return self._transaction.insert_rows(_FIRST_CONFLICT, [row]) == 1

    def drop_conflicts(self, before_ms: Millis) -> int:
        """Forget those that were found before; return how many."""
        return self._transaction.change(_DROP_CONFLICTS, before_ms=before_ms)

    def open_count(self) -> int:
        """Return how many visits have begun and not ended."""
        return sum(row.number for row in self._transaction.rows(_OPEN))

    def claim_due(self, now_ms: Millis, limit: int, after: Due | None = None) -> Sequence[Due]:
        """Return what is due, longest due first, and hold its people; whom others hold is passed over."""
        if after is None:
            rows = self._transaction.rows(_CLAIM_DUE, now_ms=now_ms, most=limit)
        else:
            rows = self._transaction.rows(
                _CLAIM_DUE_AFTER, now_ms=now_ms, most=limit, due_ms=after.due_ms, this=after.visit
            )
        return [Due(*tuple(row)) for row in rows]

    def still_due(self, visits: Collection[VisitId], now_ms: Millis) -> Sequence[Visit]:
        """Return those of `visits` that are due, longest due first."""
        keys = [(visit,) for visit in visits]
        return visits_of(self._transaction.rows_by_keys(_STILL_DUE, keys, now_ms=now_ms))

    def page(
        self, stores: Collection[StoreId], before: tuple[Millis, VisitId] | None, limit: int
    ) -> Sequence[Visit]:
        """Return reported visits, newest start first, after the cursor (start, id)."""
        if before is None:
            return visits_of(self._transaction.rows(_PAGE, stores=list(stores), most=limit))
        start_ms, visit = before
        return visits_of(
            self._transaction.rows(
                _PAGE_AFTER, stores=list(stores), start_ms=start_ms, this=visit, most=limit
            )
        )


def _row(visit: Visit) -> tuple[str | int | bool | None, ...]:
    session = visit.session
    return (
        visit.id,
        visit.person,
        visit.store,
        visit.handle,
        visit.state,
        visit.revision,
        visit.converted,
        session.start_ms,
        session.end_ms,
        session.gone_ms,
        session.due_ms,
        encoded(session),
        visit.recognised,
    )


def visits_of(rows: Iterable[Row[Any]]) -> list[Visit]:
    """Return the visits in `rows`, whose columns are those of `READ`."""
    # By place, in the order of `READ`: a name costs more than what it names.
    return [_visit(*row) for row in map(tuple, rows)]


def _visit(  # noqa: PLR0913, PLR0917  (a column each)
    visit: VisitId,
    person: PersonId,
    store: StoreId,
    handle: int,
    state: State,
    revision: int,
    converted: bool,  # noqa: FBT001  (by place)
    session_json: str,
    recognised: bool | None,  # noqa: FBT001  (by place)
) -> Visit:
    session = decoded(session_json)
    if recognised is None:
        recognised = state != "candidate" and session.shown is not None
    return Visit(
        id=visit,
        person=person,
        store=store,
        handle=handle,
        state=state,
        revision=revision,
        converted=converted,
        session=session,
        recognised=recognised,
    )


_V: Final = VISITS.c

READ: Final = (
    _V.visit,
    _V.person,
    _V.store,
    _V.handle,
    _V.state,
    _V.revision,
    _V.converted,
    _V.session_json,
    _V.recognised,
)

_this: Final = _V.visit == bindparam("this")

_TOUCHING: Final = (
    select(*READ)
    .where(
        ours(VISITS),
        _V.person == bindparam("person"),
        _V.store == bindparam("store"),
        _V.start_ms <= bindparam("to_ms"),
        _V.end_ms >= bindparam("from_ms"),
    )
    .order_by(_V.start_ms, _V.visit)
)
_TOUCHING_EACH: Final = by_keys(
    select(*READ)
    .where(
        ours(VISITS),
        _V.store == bindparam("store"),
        _V.start_ms <= bindparam("to_ms"),
        _V.end_ms >= bindparam("from_ms"),
    )
    .order_by(_V.person, _V.start_ms, _V.visit),
    _V.person,
)
_SEVERAL: Final = by_keys(
    select(_V.person)
    .where(ours(VISITS), _V.start_ms >= bindparam("began_ms"), _V.end_ms >= bindparam("since_ms"))
    .group_by(_V.person)
    .having(func.min(_V.store) < func.max(_V.store)),
    _V.person,
)
_FIRST_CONFLICT: Final = keeping(CONFLICTS)
_DROP_CONFLICTS: Final = delete(CONFLICTS).where(
    ours(CONFLICTS), CONFLICTS.c.found_ms < bindparam("before_ms")
)
_PUT: Final = replacing(VISITS)
_REMOVE: Final = delete(VISITS).where(ours(VISITS), _this)
_GET: Final = select(*READ).where(ours(VISITS), _this)
_PRESENT: Final = (
    select(*READ)
    .where(
        ours(VISITS),
        _V.store == bindparam("store"),
        UNENDED,
        _V.gone_ms >= bindparam("since_ms"),
    )
    .order_by(_V.start_ms, _V.visit)
)
_PRESENT_OF: Final = select(*READ).where(
    ours(VISITS),
    _V.person.in_(bindparam("persons", expanding=True)),
    _V.store == bindparam("store"),
    UNENDED,
    _V.gone_ms >= bindparam("since_ms"),
)
_HANDLES: Final = (
    select(_V.handle)
    .where(
        ours(VISITS),
        _V.store == bindparam("store"),
        UNENDED,
        or_(_V.end_ms >= bindparam("since_ms"), _V.gone_ms >= bindparam("since_ms")),
    )
    .order_by(_V.visit)
)
_OF_PERSON: Final = (
    select(*READ)
    .where(ours(VISITS), _V.person == bindparam("person"))
    .order_by(_V.start_ms, _V.visit)
)
_UNDER_WAY: Final = by_keys(select(_V.store, _V.person).where(ours(VISITS), UNENDED), _V.person)
_OPEN: Final = (
    select(func.count().label("number"))
    .select_from(VISITS)
    # UNENDED as it is written there, so that the partial index serves.
    .where(ours(VISITS), UNENDED, _V.state == "open")
)
_is_due: Final = and_(ours(VISITS), UNENDED, _V.due_ms < bindparam("now_ms"))
_CLAIM_DUE: Final = (
    select(_V.due_ms, _V.visit, _V.person)
    .join(ENROLMENTS, and_(ENROLMENTS.c.tenant == _V.tenant, ENROLMENTS.c.person == _V.person))
    .where(_is_due)
    .order_by(_V.due_ms, _V.visit)
    .limit(bindparam("most"))
    # In the order of time, not of people: nobody is waited for, so nobody waits in a circle.
    .with_for_update(key_share=True, of=ENROLMENTS, skip_locked=True)
)
_CLAIM_DUE_AFTER: Final = _CLAIM_DUE.where(
    tuple_(_V.due_ms, _V.visit) > tuple_(bindparam("due_ms"), bindparam("this"))
)
_STILL_DUE: Final = by_keys(select(*READ).where(_is_due).order_by(_V.due_ms, _V.visit), _V.visit)
_PAGE: Final = (
    select(*READ)
    .where(
        ours(VISITS),
        _V.store.in_(bindparam("stores", expanding=True)),
        _V.state != "candidate",
    )
    .order_by(_V.start_ms.desc(), _V.visit.desc())
    .limit(bindparam("most"))
)
_PAGE_AFTER: Final = _PAGE.where(
    tuple_(_V.start_ms, _V.visit) < tuple_(bindparam("start_ms"), bindparam("this"))
)
