"""What was heard of people, report by report.

Owns: the rows behind the port `Observations`.
Never: partitions (`observation_shelves`), or what zones follow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import bindparam, case, delete, select, text

from shopbell_server.core.observations import SHELF_MS, Observation, shelves_of, strongest
from shopbell_server.db.observation_shelves import Shelves
from shopbell_server.db.observation_tables import OBSERVATIONS
from shopbell_server.db.statements import by_keys, merging
from shopbell_server.db.transaction import ours
from shopbell_server.ports.database import DatabaseBusyError
from shopbell_server.ports.observations import ShelvesMissingError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from sqlalchemy import ColumnElement

    from shopbell_server.core.ids import Millis, PersonId, StoreId
    from shopbell_server.db.statements import Words
    from shopbell_server.db.transaction import Transaction


class SqlObservations:
    """`Observations` in SQL."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def put(self, observations: Sequence[Observation]) -> None:
        """Add some; raises ShelvesMissingError before anything is done."""
        if not observations:
            return
        if self._transaction.database == "postgresql":
            self._require_shelves(shelves_of(observations))
        try:
            # In one order, as all rows are written; an observation is a row of the table.
            self._transaction.insert_rows(_PUT, sorted(strongest(observations)))
        except DatabaseBusyError:
            # It may be that a shelf was dropped that was there the last time.
            self._transaction.remembered.pop(_SHELVES, None)
            raise

    def _require_shelves(self, wanted: Collection[int]) -> None:
        """Raise ShelvesMissingError unless all are there, or were when this connection looked last."""
        seen: set[int] = self._transaction.remembered.setdefault(_SHELVES, set())
        if seen.issuperset(wanted):
            return
        missing = Shelves(self._transaction).missing(wanted)
        if missing:
            raise ShelvesMissingError(missing)
        if len(seen) > MOST_SEEN:
            seen.clear()
        seen.update(wanted)

    def of(
        self, persons: Collection[PersonId], store: StoreId, from_ms: Millis, to_ms: Millis
    ) -> Mapping[PersonId, Sequence[Observation]]:
        """Return each person's of [from_ms, to_ms], by time, edge, scanner and carrier."""
        found: dict[PersonId, list[Observation]] = {}
        for row in self._transaction.rows_by_keys(
            _OF, [(person,) for person in persons], store=store, from_ms=from_ms, to_ms=to_ms
        ):
            person, at_ms, edge, scanner, carrier, loss_db, n = tuple(row)
            found.setdefault(person, []).append(
                Observation(person, store, edge, scanner, carrier, at_ms, loss_db, n)
            )
        return found

    def truncate(self, person: PersonId, from_ms: Millis) -> None:
        """Leave nothing of somebody from `from_ms` on, in any store."""
        self._transaction.change(_TRUNCATE, who=person, from_ms=from_ms)

    def remove_within(
        self, person: PersonId, store: StoreId, from_ms: Millis, to_ms: Millis
    ) -> None:
        """Forget hers of [from_ms, to_ms] in a store."""
        self._transaction.change(
            _REMOVE_WITHIN, who=person, where=store, from_ms=from_ms, to_ms=to_ms
        )

    def make_shelves(self, shelves: Collection[int]) -> None:
        """Make room; SQLite has it."""
        if self._transaction.database == "postgresql":
            Shelves(self._transaction).make(shelves)

    def let_go(self, first_kept: int, most: int) -> int:
        """Let go of all that lies on shelves below `first_kept`: whole on PostgreSQL, of all tenants."""
        if self._transaction.database == "postgresql":
            return Shelves(self._transaction).drop(first_kept)
        return self._transaction.change(_OLD, before=first_kept * SHELF_MS, most=most)


MOST_SEEN: Final = 100
"""Shelves that a connection remembers: those of four days, of which one at a time is in use."""

_SHELVES: Final = "shopbell_shelves"


def _strongest(old: Any, new: Any, words: Words) -> Mapping[str, ColumnElement[Any]]:  # noqa: ANN401  (columns by name)
    """Return `core.observations.strongest` of two of one key; a property test holds the two together."""
    return {
        "n": words.greater(old.n, new.n),
        "loss_db": case(
            (new.n > old.n, new.loss_db),
            (new.n < old.n, old.loss_db),
            else_=words.smaller(old.loss_db, new.loss_db),
        ),
    }


_O: Final = OBSERVATIONS.c

_PUT: Final = merging(OBSERVATIONS, _strongest)
_OF: Final = by_keys(
    select(_O.person, _O.at_ms, _O.edge, _O.scanner, _O.carrier, _O.loss_db, _O.n)
    .where(
        ours(OBSERVATIONS),
        _O.store == bindparam("store"),
        _O.at_ms.between(bindparam("from_ms"), bindparam("to_ms")),
    )
    .order_by(_O.person, _O.at_ms, _O.edge, _O.scanner, _O.carrier),
    _O.person,
)
_TRUNCATE: Final = delete(OBSERVATIONS).where(
    ours(OBSERVATIONS), _O.person == bindparam("who"), _O.at_ms >= bindparam("from_ms")
)
_REMOVE_WITHIN: Final = delete(OBSERVATIONS).where(
    ours(OBSERVATIONS),
    _O.person == bindparam("who"),
    _O.store == bindparam("where"),
    _O.at_ms.between(bindparam("from_ms"), bindparam("to_ms")),
)
# For SQLite: from person to person and from store to store by the key, and of each the oldest. An index by
# time would be written with every observation, for this once an hour.
_OLD: Final = text("""
    DELETE FROM observations
    WHERE tenant = :our_tenant AND (person, store, at_ms, edge, scanner, carrier) IN (
        WITH RECURSIVE someone (person) AS (
            SELECT min(person) FROM observations WHERE tenant = :our_tenant
            UNION ALL
            SELECT (SELECT min(following.person) FROM observations AS following
                    WHERE following.tenant = :our_tenant AND following.person > someone.person)
            FROM someone WHERE someone.person IS NOT NULL
        ),
        somewhere (person, store) AS (
            SELECT someone.person,
                   (SELECT min(first.store) FROM observations AS first
                    WHERE first.tenant = :our_tenant AND first.person = someone.person)
            FROM someone WHERE someone.person IS NOT NULL
            UNION ALL
            SELECT somewhere.person,
                   (SELECT min(following.store) FROM observations AS following
                    WHERE following.tenant = :our_tenant AND following.person = somewhere.person
                    AND following.store > somewhere.store)
            FROM somewhere WHERE somewhere.store IS NOT NULL
        )
        SELECT old.person, old.store, old.at_ms, old.edge, old.scanner, old.carrier
        FROM somewhere CROSS JOIN observations AS old
        WHERE old.tenant = :our_tenant AND old.person = somewhere.person
        AND old.store = somewhere.store AND old.at_ms < :before
        LIMIT :most
    )
""")
