"""Where people were, and of whom that has to be found anew.

Owns: the rows behind the port `Places`.
Never: how it is found.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import bindparam, delete, exists, func, select, update

from shopbell_server.core.zones.found import Place, Unsettled
from shopbell_server.db.joined_tables import JOINED
from shopbell_server.db.statements import adding, by_keys, merging
from shopbell_server.db.tables import UNENDED, VISITS
from shopbell_server.db.transaction import ours
from shopbell_server.db.zone_tables import PLACES, UNSETTLED

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from shopbell_server.core.ids import Millis, PersonId, StoreId
    from shopbell_server.db.transaction import Transaction


class SqlPlaces:
    """`Places` in SQL."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def put(
        self,
        person: PersonId,
        store: StoreId,
        from_ms: Millis,
        to_ms: Millis,
        places: Sequence[Place],
    ) -> None:
        """Let `places`, all within [from_ms, to_ms], be all that touch it."""
        self._transaction.change(_REMOVE, who=person, where=store, from_ms=from_ms, to_ms=to_ms)
        self._transaction.insert_rows(_ADD, sorted(map(tuple, places)))

    def within_each(
        self, persons: Collection[PersonId], store: StoreId, from_ms: Millis, to_ms: Millis
    ) -> Mapping[PersonId, Sequence[Place]]:
        """Return each person's that touch [from_ms, to_ms], by time."""
        found: dict[PersonId, list[Place]] = {}
        for row in self._transaction.rows_by_keys(
            _WITHIN_EACH,
            [(person,) for person in persons],
            where=store,
            from_ms=from_ms,
            to_ms=to_ms,
        ):
            place = Place(*tuple(row))
            found.setdefault(place.person, []).append(place)
        return found

    def truncate(self, person: PersonId, at_ms: Millis) -> None:
        """Leave nothing from `at_ms` on, in any store."""
        self._transaction.change(_REMOVE_FROM, who=person, at_ms=at_ms)
        self._transaction.change(_SHORTEN, who=person, at_ms=at_ms)

    def remove_within(
        self, person: PersonId, store: StoreId, from_ms: Millis, to_ms: Millis
    ) -> None:
        """Forget those that touch [from_ms, to_ms], and that anything within has to be found."""
        when = {"who": person, "where": store, "from_ms": from_ms, "to_ms": to_ms}
        self._transaction.change(_REMOVE, **when)
        self._transaction.change(_SETTLED, **when)

    def unsettle(self, found: Sequence[Unsettled]) -> None:
        """Note that something has to be found anew; in the order of keys, as all rows are written."""
        widest: dict[tuple[PersonId, StoreId], Unsettled] = {}
        for each in found:
            key = each.person, each.store
            known = widest.get(key, each)
            widest[key] = each._replace(
                first_ms=min(known.first_ms, each.first_ms),
                last_ms=max(known.last_ms, each.last_ms),
            )
        self._transaction.insert_rows(_UNSETTLE, sorted(map(tuple, widest.values())))

    def unsettled(self, now_ms: Millis, limit: int) -> Sequence[Unsettled]:
        """Return what can be found now: of people without a stay there that may go on after `now_ms`."""
        rows = self._transaction.rows(_DUE, now_ms=now_ms, most=limit)
        return [Unsettled(*tuple(row)) for row in rows]

    def unsettled_of(self, persons: Collection[PersonId]) -> Sequence[Unsettled]:
        """Return what has to be found anew of `persons`."""
        rows = self._transaction.rows_by_keys(_UNSETTLED_OF, [(person,) for person in persons])
        return [Unsettled(*tuple(row)) for row in rows]

    def settled(self, found: Unsettled) -> None:
        """Note that all of it was found; if there is more by now it stays."""
        person, store, first_ms, last_ms = found
        self._transaction.change(_SETTLED, who=person, where=store, from_ms=first_ms, to_ms=last_ms)


_P: Final = PLACES.c
_U: Final = UNSETTLED.c
_V: Final = VISITS.c

_READ: Final = (_P.person, _P.store, _P.first_ms, _P.last_ms, _P.zone)
_NOTED: Final = (_U.person, _U.store, _U.first_ms, _U.last_ms)

_ADD: Final = adding(PLACES)
_REMOVE: Final = delete(PLACES).where(
    ours(PLACES),
    _P.person == bindparam("who"),
    _P.store == bindparam("where"),
    _P.first_ms <= bindparam("to_ms"),
    _P.last_ms >= bindparam("from_ms"),
)
_WITHIN_EACH: Final = by_keys(
    select(*_READ)
    .where(
        ours(PLACES),
        _P.store == bindparam("where"),
        _P.first_ms <= bindparam("to_ms"),
        _P.last_ms >= bindparam("from_ms"),
    )
    .order_by(_P.person, _P.first_ms),
    _P.person,
)
_REMOVE_FROM: Final = delete(PLACES).where(
    ours(PLACES), _P.person == bindparam("who"), _P.first_ms >= bindparam("at_ms")
)
_SHORTEN: Final = (
    update(PLACES)
    .where(ours(PLACES), _P.person == bindparam("who"), _P.last_ms >= bindparam("at_ms"))
    .values(last_ms=bindparam("at_ms", type_=_P.last_ms.type) - 1)
)
_UNSETTLE: Final = merging(
    UNSETTLED,
    lambda old, new, words: {
        "first_ms": words.smaller(old.first_ms, new.first_ms),
        "last_ms": words.greater(old.last_ms, new.last_ms),
    },
)
_head: Final[Any] = func.coalesce(
    select(JOINED.c.head)
    .where(JOINED.c.tenant == _U.tenant, JOINED.c.person == _U.person)
    .correlate(UNSETTLED)
    .scalar_subquery(),
    _U.person,
)
_goes_on: Final[Any] = (
    exists()
    .where(
        _V.tenant == _U.tenant,
        _V.person == _head,
        _V.store == _U.store,
        UNENDED,
        _V.due_ms >= bindparam("now_ms"),
    )
    .correlate(UNSETTLED)
)
_DUE: Final = (
    select(*_NOTED)
    .where(ours(UNSETTLED), ~_goes_on)
    .order_by(_U.person, _U.store)
    .limit(bindparam("most"))
)
_UNSETTLED_OF: Final = by_keys(
    select(*_NOTED).where(ours(UNSETTLED)).order_by(_U.person, _U.store), _U.person
)
_SETTLED: Final = delete(UNSETTLED).where(
    ours(UNSETTLED),
    _U.person == bindparam("who"),
    _U.store == bindparam("where"),
    _U.first_ms >= bindparam("from_ms"),
    _U.last_ms <= bindparam("to_ms"),
)
