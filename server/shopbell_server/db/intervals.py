"""Evidence intervals, joined on arrival.

Owns: the rows behind the port `Intervals`, and `core.evidence.joined` as one statement.
Never: what visits the intervals make.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import and_, bindparam, case, delete, func, literal_column, or_, select, update

from shopbell_server.core.evidence import Evidence, Interval, IntervalKey
from shopbell_server.core.ids import StoreId
from shopbell_server.core.recognition.code_uses import CodeUse
from shopbell_server.core.visits.intervals import gathered
from shopbell_server.db.statements import by_keys, merging, replacing
from shopbell_server.db.tables import CODE_USES, INTERVALS
from shopbell_server.db.transaction import ours

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from sqlalchemy import ColumnElement, Row

    from shopbell_server.core.edges.deafness import Scanner
    from shopbell_server.core.ids import CardRef, Millis, PersonId
    from shopbell_server.db.statements import Words
    from shopbell_server.db.transaction import Transaction


class SqlIntervals:
    """`Intervals` in SQL."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def join(self, intervals: Sequence[Interval]) -> None:
        """Insert, or join with what is there (`core.evidence.joined`).

        Rows are taken in the order of their keys, so two workers never wait for each other in a circle.
        """
        # A row begins with its key.
        self._transaction.insert_rows(_JOIN, sorted(map(_row, gathered(intervals))))

    def known(self, keys: Collection[IntervalKey]) -> Mapping[IntervalKey, Interval]:
        """Return those of these stays that are there."""
        wanted = [
            (person, store, first_ms, edge, scanner, carrier)
            for person, store, edge, scanner, carrier, first_ms in keys
        ]
        found = map(_interval, self._transaction.rows_by_keys(_KNOWN, wanted))
        return {each.key: each for each in found}

    def within(
        self, person: PersonId, store: StoreId, from_ms: Millis, to_ms: Millis
    ) -> Sequence[Interval]:
        """Return the intervals that touch [from_ms, to_ms], in the order of `core.visits.intervals.order`."""
        return [
            _interval(row)
            for row in self._transaction.rows(
                _WITHIN, person=person, store=store, from_ms=from_ms, to_ms=to_ms
            )
        ]

    def within_each(
        self, persons: Collection[PersonId], store: StoreId, from_ms: Millis, to_ms: Millis
    ) -> Mapping[PersonId, Sequence[Interval]]:
        """Return the same of each of `persons`; those without any are left out."""
        found: dict[PersonId, list[Interval]] = {}
        for row in self._transaction.rows_by_keys(
            _WITHIN_EACH,
            [(person,) for person in persons],
            store=store,
            from_ms=from_ms,
            to_ms=to_ms,
        ):
            interval = _interval(row)
            found.setdefault(interval.key.person, []).append(interval)
        return found

    def heard_since(self, store: StoreId, since_ms: Millis) -> Sequence[Interval]:
        """Return everybody's intervals in a store that last until `since_ms` or later: a minute's worth."""
        rows = self._transaction.rows(_HEARD_SINCE, store=store, since_ms=since_ms)
        return [_interval(row) for row in rows]

    def heard_by(
        self, store: StoreId, scanner: Scanner, from_ms: Millis, to_ms: Millis
    ) -> Sequence[Interval]:
        """Return everybody's intervals at a scanner that touch [from_ms, to_ms]."""
        edge, name = scanner
        rows = self._transaction.rows(
            _HEARD_BY, store=store, edge=edge, scanner=name, from_ms=from_ms, to_ms=to_ms
        )
        return [_interval(row) for row in rows]

    def stores_of(self, persons: Collection[PersonId]) -> frozenset[StoreId]:
        """Return the stores in which there is evidence of one of `persons`."""
        wanted = [(person,) for person in persons]
        return frozenset(
            StoreId(row.store) for row in self._transaction.rows_by_keys(_STORES_OF, wanted)
        )

    def spans(
        self, persons: Collection[PersonId], store: StoreId, after_ms: Millis, limit: int
    ) -> Sequence[tuple[Millis, Millis]]:
        """Return from when to when intervals of `persons` last that begin after `after_ms`, by their time."""
        rows = self._transaction.rows_by_keys(
            _SPANS, [(person,) for person in persons], store=store, after_ms=after_ms, most=limit
        )
        return [(row.first_ms, row.last_ms) for row in rows]

    def remove_within(
        self, person: PersonId, store: StoreId, from_ms: Millis, to_ms: Millis
    ) -> None:
        """Forget the intervals that begin in [from_ms, to_ms]."""
        self._transaction.change(
            _REMOVE_WITHIN, person=person, store=store, from_ms=from_ms, to_ms=to_ms
        )

    def truncate(self, person: PersonId, at_ms: Millis) -> None:
        """Leave nothing from `at_ms` on, in any store (`core.visits.intervals.truncated`)."""
        self._transaction.change(_REMOVE_FROM, who=person, at_ms=at_ms)
        self._transaction.change(_SHORTEN, who=person, at_ms=at_ms)

    def remove(self, keys: Collection[IntervalKey]) -> None:
        """Forget these intervals."""
        self._transaction.change_each(_REMOVE, [_named(key) for key in keys])

    def code_use(self, card: CardRef, step: int) -> CodeUse | None:
        """Return the scan that counts of what the card showed in this step. The caller holds its person."""
        row = self._transaction.row(_CODE_USE, card=card, step=step)
        if row is None:
            return None
        return CodeUse(
            card=row.card,
            step=row.step,
            at_ms=row.at_ms,
            store=row.store,
            edge=row.edge,
            scanner=row.scanner,
        )

    def put_code_use(self, use: CodeUse) -> None:
        """Let this be the scan that counts."""
        row = {
            "card": use.card,
            "step": use.step,
            "at_ms": use.at_ms,
            "store": use.store,
            "edge": use.edge,
            "scanner": use.scanner,
        }
        self._transaction.insert(_PUT_CODE_USE, [row])


def _named(key: IntervalKey) -> dict[str, str | int]:
    values: tuple[str | int, ...] = (
        *(key.person, key.store, key.first_ms),
        *(key.edge, key.scanner, key.carrier),
    )
    return {f"its_{column.name}": value for column, value in zip(_KEY, values, strict=True)}


def _row(interval: Interval) -> tuple[str | int | float | None, ...]:
    key = interval.key
    return (
        key.person,
        key.store,
        key.first_ms,
        key.edge,
        key.scanner,
        key.carrier,
        interval.last_ms,
        interval.n,
        int(interval.evidence),
        interval.zone,
        interval.loss_db,
    )


def _interval(row: Row[Any]) -> Interval:
    # By place, in the order of the table's columns: thousands of rows of a group, and a name costs more
    # than what it names.
    _, person, store, first_ms, edge, scanner, carrier, last_ms, n, evidence, zone, loss_db = tuple(
        row
    )
    key = IntervalKey(person, store, edge, scanner, carrier, first_ms)
    return Interval(key, last_ms, n, _EVIDENCE[evidence], zone, loss_db)


def _joined(old: Any, new: Any, words: Words) -> Mapping[str, ColumnElement[Any]]:  # noqa: ANN401  (columns by name)
    """Return `core.evidence.joined` of a row and a report; a property test holds the two together."""
    is_later = or_(
        new.last_ms > old.last_ms,
        and_(
            new.last_ms == old.last_ms,
            func.coalesce(new.zone, _NO_ZONE) > func.coalesce(old.zone, _NO_ZONE),
        ),
    )
    return {
        "last_ms": words.greater(old.last_ms, new.last_ms),
        "n": words.greater(old.n, new.n),
        "evidence": words.greater(old.evidence, new.evidence),
        "zone": case((is_later, new.zone), else_=old.zone),
        "loss_db": case(
            (new.last_ms > old.last_ms, new.loss_db),
            (new.last_ms < old.last_ms, old.loss_db),
            else_=words.smaller(
                func.coalesce(old.loss_db, new.loss_db), func.coalesce(new.loss_db, old.loss_db)
            ),
        ),
    }


_NO_ZONE: Final[ColumnElement[str]] = literal_column("''")

_EVIDENCE: Final = {each.value: each for each in Evidence}

_I: Final = INTERVALS.c

_KEY: Final = (_I.person, _I.store, _I.first_ms, _I.edge, _I.scanner, _I.carrier)

_JOIN: Final = merging(INTERVALS, _joined)
_KNOWN: Final = by_keys(select(INTERVALS).where(ours(INTERVALS)), *_KEY)
_WITHIN: Final = (
    select(INTERVALS)
    .where(
        ours(INTERVALS),
        _I.person == bindparam("person"),
        _I.store == bindparam("store"),
        _I.first_ms <= bindparam("to_ms"),
        _I.last_ms >= bindparam("from_ms"),
    )
    .order_by(_I.first_ms, _I.edge, _I.scanner, _I.carrier)
)
_WITHIN_EACH: Final = by_keys(
    select(INTERVALS)
    .where(
        ours(INTERVALS),
        _I.store == bindparam("store"),
        _I.first_ms <= bindparam("to_ms"),
        _I.last_ms >= bindparam("from_ms"),
    )
    .order_by(_I.person, _I.first_ms, _I.edge, _I.scanner, _I.carrier),
    _I.person,
)
_STORES_OF: Final = by_keys(
    # By person too: by store alone SQLite would read every row of the tenant, in the order of stores.
    select(_I.store).where(ours(INTERVALS)).group_by(_I.person, _I.store),
    _I.person,
)
_SPANS: Final = by_keys(
    select(_I.first_ms, func.max(_I.last_ms).label("last_ms"))
    .where(ours(INTERVALS), _I.store == bindparam("store"), _I.first_ms > bindparam("after_ms"))
    .group_by(_I.first_ms)
    .order_by(_I.first_ms)
    .limit(bindparam("most")),
    _I.person,
)
_HEARD_SINCE: Final = (
    select(INTERVALS)
    .where(ours(INTERVALS), _I.store == bindparam("store"), _I.last_ms >= bindparam("since_ms"))
    .order_by(_I.first_ms, _I.edge, _I.scanner, _I.carrier, _I.person)
)
_HEARD_BY: Final = (
    select(INTERVALS)
    .where(
        ours(INTERVALS),
        _I.store == bindparam("store"),
        _I.edge == bindparam("edge"),
        _I.scanner == bindparam("scanner"),
        _I.first_ms <= bindparam("to_ms"),
        _I.last_ms >= bindparam("from_ms"),
    )
    .order_by(_I.first_ms, _I.carrier, _I.person)
)
_REMOVE_WITHIN: Final = delete(INTERVALS).where(
    ours(INTERVALS),
    _I.person == bindparam("person"),
    _I.store == bindparam("store"),
    _I.first_ms.between(bindparam("from_ms"), bindparam("to_ms")),
)
_REMOVE_FROM: Final = delete(INTERVALS).where(
    ours(INTERVALS), _I.person == bindparam("who"), _I.first_ms >= bindparam("at_ms")
)
_REACHES: Final = _I.last_ms - _I.first_ms + 1
_KEPT: Final = bindparam("at_ms", type_=_I.last_ms.type) - _I.first_ms
_SHORTENED_N: Final = _I.n * _KEPT // _REACHES
_SHORTEN: Final = (
    update(INTERVALS)
    .where(
        ours(INTERVALS),
        _I.person == bindparam("who"),
        _I.first_ms < bindparam("at_ms"),
        _I.last_ms >= bindparam("at_ms"),
    )
    # `core.visits.intervals.clipped`: sightings are taken to be spread evenly, and one at least to be left.
    .values(
        last_ms=bindparam("at_ms", type_=_I.last_ms.type) - 1,
        n=case((_SHORTENED_N < 1, 1), else_=_SHORTENED_N),
    )
)
_REMOVE: Final = delete(INTERVALS).where(
    ours(INTERVALS), *(each == bindparam(f"its_{each.name}") for each in _KEY)
)
_CODE_USE: Final = select(CODE_USES).where(
    ours(CODE_USES), CODE_USES.c.card == bindparam("card"), CODE_USES.c.step == bindparam("step")
)
_PUT_CODE_USE: Final = replacing(CODE_USES)
