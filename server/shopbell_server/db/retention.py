"""What is old enough to go.

Owns: the rows behind the port `Retention`: which are older, in pieces.
Never: how long anything is kept (`core.keeping.retention`). The ledger and the audit have triggers that let
go of nothing too early, whatever is asked here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import (
    and_,
    bindparam,
    delete,
    exists,
    func,
    select,
    text,
    tuple_,
    update,
)

from shopbell_server.core.ids import Millis
from shopbell_server.core.keeping.retention import What, last_window
from shopbell_server.core.serving.engagement import HELD_MS
from shopbell_server.core.visits.rules import LONGEST_VISIT_MS
from shopbell_server.db.channel_tables import CHANNEL_FACTS
from shopbell_server.db.engagement_tables import ENGAGEMENTS
from shopbell_server.db.erasure_tables import ERASURES, TOMBSTONES
from shopbell_server.db.people_tables import CONSENTS, ISSUED
from shopbell_server.db.retention_tables import RETAINED, TOLD
from shopbell_server.db.statements import merging
from shopbell_server.db.tables import (
    ANCHORS,
    BATCHES,
    CODE_USES,
    DELIVERIES,
    FACTS,
    INTERVALS,
    QUARANTINED,
    SCANNER_MARKS,
    STREAM_HEIRS,
    STREAMS,
    TILL_RECEIPTS,
    VISITS,
)
from shopbell_server.db.transaction import ours
from shopbell_server.db.visits import READ, visits_of
from shopbell_server.db.zone_tables import PLACES, UNSETTLED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import ColumnElement, Delete, Select, Table, Update

    from shopbell_server.core.ids import StoreId, VisitId
    from shopbell_server.core.visits.stored import Visit
    from shopbell_server.db.transaction import Transaction


class SqlRetention:
    """`Retention` in SQL."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def remove(self, what: What, before_ms: Millis, most: int) -> Mapping[str, int]:
        """Remove at most `most` rows a table of what is older; return how many of each."""
        # A token's window is what is issued, not a moment.
        before = last_window(before_ms) if what is What.ISSUED else before_ms
        gone: dict[str, int] = {}
        for table, statement in _OLD.rows[what]:
            rows = self._transaction.change(statement, before=before, most=most)
            if rows:
                gone[table.name] = gone.get(table.name, 0) + rows
        return gone

    def ended_before(self, store: StoreId, before_ms: Millis, most: int) -> Sequence[Visit]:
        """Return visits that ended before, earliest start first."""
        return visits_of(
            self._transaction.rows(_ENDED_BEFORE, where=store, before=before_ms, most=most)
        )

    def ended_within(
        self,
        store: StoreId,
        from_ms: Millis,
        before_ms: Millis,
        *,
        after: tuple[Millis, VisitId] | None,
        most: int,
    ) -> Sequence[Visit]:
        """Return visits that ended in [from_ms, before_ms), by (start, id), those after `after`."""
        start_ms, visit = after or (from_ms - LONGEST_VISIT_MS, "")
        return visits_of(
            self._transaction.rows(
                _ENDED_WITHIN,
                where=store,
                from_ms=from_ms,
                before=before_ms,
                start_ms=start_ms,
                visit=visit,
                most=most,
            )
        )

    def clear_zones(self, store: StoreId, from_ms: Millis, before_ms: Millis, most: int) -> int:
        """Let evidence that ended in [from_ms, before_ms) be of no zone; return of how many rows."""
        return self._transaction.change(
            _OLD.zones, where=store, from_ms=from_ms, before=before_ms, most=most
        )

    def remove_evidence(self, store: StoreId, before_ms: Millis, most: int) -> int:
        """Remove evidence that ended before; return how many rows."""
        return self._transaction.change(_OLD.evidence, where=store, before=before_ms, most=most)

    def is_alone(self, job: str) -> bool:
        """Return whether nobody else is at a job; nobody is until the unit of work ends."""
        if self._transaction.database == "sqlite":
            return True
        row = self._transaction.row(_ALONE, job=job)
        return row is not None and bool(row.held)

    def done_until(self, what: What) -> Millis:
        """Return up to when all was done already; 0: nothing was."""
        row = self._transaction.row(_DONE_UNTIL, this=what.value)
        return Millis(0 if row is None else row.until_ms)

    def done(self, what: What, until_ms: Millis) -> None:
        """Remember that all of before was done. It never goes back."""
        self._transaction.insert(_DONE, [{"what": what.value, "until_ms": until_ms}])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Old:
    """What removes old rows, a piece at a time."""

    rows: Mapping[What, Sequence[tuple[Table, Delete | Update]]]
    zones: Update
    evidence: Delete


def _older(column: ColumnElement[int]) -> ColumnElement[bool]:
    return column < bindparam("before")


def _removals() -> _Old:
    """Return the statements."""

    def among(table: Table, found: Select[Any]) -> ColumnElement[bool]:
        """Return the condition for the rows whose keys are `found`, but for those that others hold."""
        # By their keys, not by their places on PostgreSQL's pages: with row-level security it looks at
        # places last, and reads all that there is of a tenant before. Found once, and held as they are found:
        # two that do this at once share the rows, and neither waits for the other.
        held = found.with_for_update(of=table, skip_locked=True).cte("old", nesting=True)
        return and_(ours(table), tuple_(*table.primary_key).in_(select(*held.c)))

    def some(
        table: Table, *conditions: ColumnElement[Any], first: ColumnElement[Any]
    ) -> ColumnElement[bool]:
        """Return the condition for at most `most` rows of a table, those with the least `first`."""
        keys: list[ColumnElement[Any]] = list(table.primary_key)
        found: Select[Any] = (
            select(*keys)
            .select_from(table)
            .where(ours(table), *conditions)
            .order_by(first)
            .limit(bindparam("most"))
        )
        return among(table, found)

    def oldest(table: Table, name: str, *conditions: ColumnElement[Any]) -> tuple[Table, Delete]:
        """Return the removal of rows of which the column `name` says that they are older."""
        column = table.c[name]
        return table, delete(table).where(some(table, _older(column), *conditions, first=column))

    untaken = select(*DELIVERIES.primary_key).where(
        ours(DELIVERIES),
        # Always so, and in no index: else SQLite reads all keys of a tenant, and not those of the facts.
        _D.attempt >= 0,
        _D.fact.in_(
            select(_F.fact)
            .where(ours(FACTS), _older(_F.recorded_ms))
            .order_by(_F.recorded_ms)
            .limit(bindparam("most"))
        ),
    )
    emptied = some(
        QUARANTINED,
        _older(QUARANTINED.c.received_ms),
        func.length(QUARANTINED.c.payload) > 0,
        first=QUARANTINED.c.received_ms,
    )
    held = some(
        ENGAGEMENTS,
        ENGAGEMENTS.c.staff.is_not(None),
        _older(ENGAGEMENTS.c.touched_ms),
        first=ENGAGEMENTS.c.touched_ms,
    )
    childless = some(STREAM_HEIRS, _H.cloned_ms.is_(None), _unspoken, first=_H.edge)
    facts = oldest(FACTS, "recorded_ms", _unwanted)
    zoned = (*_evidence, _I.last_ms >= bindparam("from_ms"), _I.zone.is_not(None))
    return _Old(
        rows={
            What.HELPERS: ((ENGAGEMENTS, update(ENGAGEMENTS).where(held).values(_NOBODY)),),
            What.SET_ASIDE: (
                (QUARANTINED, update(QUARANTINED).where(emptied).values(payload=b"")),
            ),
            What.REFUSED: (oldest(QUARANTINED, "received_ms"),),
            What.CODES: (oldest(CODE_USES, "at_ms"),),
            What.BATCHES: (oldest(BATCHES, "received_ms"),),
            What.ISSUED: (oldest(ISSUED, "last_window"),),
            What.DELIVERIES: (oldest(DELIVERIES, "done_ms"), facts),
            What.WAITING: (
                (DELIVERIES, delete(DELIVERIES).where(among(DELIVERIES, untaken))),
                facts,
            ),
            What.PLACES: (oldest(PLACES, "last_ms"), oldest(UNSETTLED, "last_ms")),
            What.RECEIPTS: (oldest(TILL_RECEIPTS, "at_ms"),),
            **{
                what: (oldest(CHANNEL_FACTS, "counts_from_ms", CHANNEL_FACTS.c.shelf == shelf),)
                for what, shelf in (
                    (What.CHANNEL_SERVICE, "service"),
                    (What.CHANNEL_WISHES, "wishes"),
                    (What.CHANNEL_TIERS, "tiers"),
                )
            },
            What.TOLD: (oldest(TOLD, "at_ms"),),
            What.LEDGER: (oldest(CONSENTS, "at_ms"),),
            What.ERASURES: (oldest(ERASURES, "asked_ms", ERASURES.c.done_ms.is_not(None)),),
            What.TOMBSTONES: (oldest(TOMBSTONES, "erased_ms"),),
            What.MACHINES: (
                oldest(STREAMS, "updated_ms"),
                (STREAM_HEIRS, delete(STREAM_HEIRS).where(childless)),
                oldest(ANCHORS, "wall_ms"),
                oldest(SCANNER_MARKS, "at_ms", _outdated),
            ),
        },
        zones=update(INTERVALS).where(some(INTERVALS, *zoned, first=_I.last_ms)).values(zone=None),
        evidence=delete(INTERVALS).where(some(INTERVALS, *_evidence, first=_I.last_ms)),
    )


_D: Final = DELIVERIES.c
_F: Final = FACTS.c
_H: Final = STREAM_HEIRS.c
_I: Final = INTERVALS.c
_M: Final = SCANNER_MARKS.c
_S: Final = STREAMS.c
_V: Final = VISITS.c

# As `core.serving.engagement.as_of` says: it is so already.
_NOBODY: Final[dict[str, Any]] = {
    "state": "released",
    "staff": None,
    "role": None,
    "at_ms": ENGAGEMENTS.c.touched_ms + HELD_MS,
    "touched_ms": 0,
    "version": ENGAGEMENTS.c.version + 1,
}

_later: Final = SCANNER_MARKS.alias("later").c
_unwanted: Final[Any] = ~exists().where(_D.tenant == _F.tenant, _D.fact == _F.fact)
_unspoken: Final[Any] = ~exists().where(
    _S.tenant == _H.tenant, _S.edge == _H.edge, _S.stream == _H.stream
)
# What was so at the first moment that counts must still be told by somebody.
_outdated: Final[Any] = exists().where(
    _later.tenant == _M.tenant,
    _later.edge == _M.edge,
    _later.scanner == _M.scanner,
    _later.at_ms > _M.at_ms,
    _later.at_ms < bindparam("before"),
)
_evidence: Final = _I.store == bindparam("where"), _older(_I.last_ms)
_OLD: Final = _removals()

_ALONE: Final = text(
    "SELECT pg_try_advisory_xact_lock(hashtextextended(:our_tenant || ' job ' || :job, 0)) AS held"
)
_here: Final = _V.store == bindparam("where")
_ENDED_BEFORE: Final = (
    select(*READ)
    .where(ours(VISITS), _here, _older(_V.start_ms), _older(_V.end_ms), _V.state == "ended")
    .order_by(_V.start_ms, _V.visit)
    .limit(bindparam("most"))
)
_ENDED_WITHIN: Final = _ENDED_BEFORE.where(
    tuple_(_V.start_ms, _V.visit) > tuple_(bindparam("start_ms"), bindparam("visit")),
    _V.end_ms >= bindparam("from_ms"),
)
_DONE_UNTIL: Final = select(RETAINED.c.until_ms).where(
    ours(RETAINED), RETAINED.c.what == bindparam("this")
)
_DONE: Final = merging(
    RETAINED, lambda old, new, words: {"until_ms": words.greater(old.until_ms, new.until_ms)}
)
