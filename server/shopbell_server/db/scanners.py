"""What scanners said of their own hearing.

Owns: the rows behind the port `Scanners`.
Never: what follows for anybody who was heard.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from sqlalchemy import bindparam, func, or_, select, text

from shopbell_server.core.edges.deafness import Mark
from shopbell_server.db.statements import by_keys, keeping
from shopbell_server.db.tables import SCANNER_MARKS
from shopbell_server.db.transaction import ours

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from shopbell_server.core.edges.deafness import Scanner
    from shopbell_server.core.ids import EdgeId, Millis
    from shopbell_server.db.transaction import Transaction


class SqlScanners:
    """`Scanners` in SQL."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def hold(self, edges: Mapping[EdgeId, bool]) -> None:
        """Hold these edges until the unit of work ends, alone where True."""
        # In SQLite whoever may write is alone anyway.
        if edges and self._transaction.database == "postgresql":
            self._transaction.rows(_HOLD, edges=list(edges), alone=list(edges.values()))

    def add(self, marks: Collection[Mark]) -> None:
        """Add them; what is there already stays."""
        # A row is its key, and in the order of the keys: two workers wait in one direction only.
        self._transaction.insert_rows(_ADD, sorted(set(marks)))

    def marks(
        self, scanners: Collection[Scanner], from_ms: Millis, to_ms: Millis
    ) -> Sequence[Mark]:
        """Return their marks of [from_ms, to_ms], and those that said what was so at `from_ms`."""
        rows = self._transaction.rows_by_keys(
            _MARKS, sorted(scanners), from_ms=from_ms, to_ms=to_ms
        )
        return [Mark._make(row) for row in rows]


_M: Final = SCANNER_MARKS.c
_EARLIER: Final = SCANNER_MARKS.alias("earlier").c
_SO_AT_FIRST: Final = (
    select(func.max(_EARLIER.at_ms))
    .where(
        _EARLIER.tenant == _M.tenant,
        _EARLIER.edge == _M.edge,
        _EARLIER.scanner == _M.scanner,
        _EARLIER.at_ms <= bindparam("from_ms"),
    )
    .scalar_subquery()
)

_ADD: Final = keeping(SCANNER_MARKS)
_BY_KEYS: Final = by_keys(
    select(_M.edge, _M.scanner, _M.at_ms, _M.state, _M.reason)
    .where(
        ours(SCANNER_MARKS),
        _M.at_ms <= bindparam("to_ms"),
        or_(_M.at_ms >= bindparam("from_ms"), _M.at_ms == _SO_AT_FIRST),
    )
    .order_by(_M.edge, _M.scanner, _M.at_ms, _M.state, _M.reason),
    _M.edge,
    _M.scanner,
)
# SQLite goes where it is told to (CROSS JOIN): to each scanner, and there from what was so at first. Else it
# reads all that a scanner ever said, and asks of every row whether it is the one.
_MARKS: Final = replace(
    _BY_KEYS,
    by_json=text("""SELECT m.edge, m.scanner, m.at_ms, m.state, m.reason
        FROM json_each(:keys) AS each CROSS JOIN scanner_marks AS m
        WHERE m.tenant = :our_tenant
        AND m.edge = json_extract(each.value, '$[0]')
        AND m.scanner = json_extract(each.value, '$[1]')
        AND m.at_ms <= :to_ms
        AND m.at_ms >= coalesce(
            (SELECT max(earlier.at_ms) FROM scanner_marks AS earlier
             WHERE earlier.tenant = :our_tenant
             AND earlier.edge = json_extract(each.value, '$[0]')
             AND earlier.scanner = json_extract(each.value, '$[1]')
             AND earlier.at_ms <= :from_ms),
            :from_ms)
        ORDER BY m.edge, m.scanner, m.at_ms, m.state, m.reason
    """),
)
# Locks without rows: an edge that says that it hears would else be written at every sighting. Taken in one
# order, so that nobody waits in a circle.
_HOLD: Final = text("""
    SELECT CASE WHEN alone THEN pg_advisory_xact_lock(number)
                ELSE pg_advisory_xact_lock_shared(number) END
    FROM (
        SELECT hashtextextended(:our_tenant || ' ' || edge, 0) AS number, bool_or(alone) AS alone
        FROM unnest(CAST(:edges AS text[]), CAST(:alone AS boolean[])) AS given (edge, alone)
        GROUP BY number ORDER BY number OFFSET 0
    ) AS held
""")
