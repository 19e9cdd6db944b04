"""Orders to edges, and their answers.

Owns: the rows behind the port `Orders`.
Never: signatures, or what an order means.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec
from sqlalchemy import and_, bindparam, case, func, or_, select, update

from shopbell_server.core.edges.orders import RANK, Answer, Ordered
from shopbell_server.core.ids import EdgeId, Millis
from shopbell_server.db.registry_tables import EDGE_ORDERS
from shopbell_server.db.statements import adding
from shopbell_server.db.transaction import ours
from shopbell_wire.messages import Finding
from shopbell_wire.orders import Task

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Row

    from shopbell_server.db.transaction import Transaction
    from shopbell_server.ports.orders import Answered, Examined


class SqlOrders:
    """`Orders` in SQL."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def add(self, ordered: Ordered) -> None:
        """Add one; DatabaseBusyError if that edge has one of its number."""
        answer = ordered.answer
        row = {
            "edge": ordered.edge,
            "number": ordered.number,
            "task_json": msgspec.json.encode(ordered.task).decode(),
            "issued_ms": ordered.issued_ms,
            "expires_ms": ordered.expires_ms,
            "ordered_by": ordered.by,
            "result": None if answer is None else answer.result,
            "reason": None if answer is None else answer.reason,
            "answered_ms": None if answer is None else answer.at_ms,
            "findings_json": None if ordered.findings is None else _text(ordered.findings),
        }
        self._transaction.insert(_ADD, [row])

    def last_number(self, edge: EdgeId) -> int:
        """Return the highest number of `edge`; 0 if there is none."""
        row = self._transaction.row(_LAST, this_edge=edge)
        return 0 if row is None or row.number is None else int(row.number)

    def get(self, edge: EdgeId, number: int) -> Ordered | None:
        """Return one."""
        row = self._transaction.row(_ONE, this_edge=edge, this_number=number)
        return None if row is None else _ordered(row)

    def of(self, edge: EdgeId, limit: int) -> Sequence[Ordered]:
        """Return the latest `limit` of an edge, the latest first."""
        rows = self._transaction.rows(_OF, this_edge=edge, most=limit)
        return [_ordered(row) for row in rows]

    def latest(self) -> Mapping[EdgeId, Ordered]:
        """Return the latest of each edge."""
        return {EdgeId(row.edge): _ordered(row) for row in self._transaction.rows(_LATEST)}

    def answer(self, answers: Sequence[Answered]) -> None:
        """Join answers to their orders: in the order of their keys, as every worker does."""
        self._transaction.change_each(
            _ANSWER,
            [
                {
                    "this_edge": each.edge,
                    "this_number": each.number,
                    "new_rank": RANK[each.answer.result],
                    "new_result": each.answer.result,
                    "new_reason": each.answer.reason,
                    "new_ms": each.answer.at_ms,
                }
                for each in sorted(answers, key=lambda each: (each.edge, each.number))
            ],
        )

    def examine(self, examined: Sequence[Examined]) -> None:
        """Keep what was found, the first time."""
        self._transaction.change_each(
            _EXAMINE,
            [
                {
                    "this_edge": each.edge,
                    "this_number": each.number,
                    "new_findings": _text(each.findings),
                }
                for each in sorted(examined, key=lambda each: (each.edge, each.number))
            ],
        )


def _ordered(row: Row[Any]) -> Ordered:
    answer = None
    if row.result is not None:
        answer = Answer(result=row.result, reason=row.reason, at_ms=Millis(row.answered_ms))
    return Ordered(
        edge=EdgeId(row.edge),
        number=row.number,
        task=_task.decode(row.task_json),
        issued_ms=Millis(row.issued_ms),
        expires_ms=Millis(row.expires_ms),
        by=row.ordered_by,
        answer=answer,
        findings=None if row.findings_json is None else _findings.decode(row.findings_json),
    )


def _text(findings: tuple[Finding, ...]) -> str:
    return msgspec.json.encode(findings).decode()


_task: Final[msgspec.json.Decoder[Task]] = msgspec.json.Decoder(Task)
_findings: Final = msgspec.json.Decoder(tuple[Finding, ...])

_O: Final = EDGE_ORDERS.c
_of_edge: Final = and_(ours(EDGE_ORDERS), _O.edge == bindparam("this_edge"))
_of_one: Final = and_(_of_edge, _O.number == bindparam("this_number"))

_ADD: Final = adding(EDGE_ORDERS)
_LAST: Final = select(func.max(_O.number).label("number")).where(_of_edge)
_ONE: Final = select(EDGE_ORDERS).where(_of_one)
_OF: Final = select(EDGE_ORDERS).where(_of_edge).order_by(_O.number.desc()).limit(bindparam("most"))
_later: Final = EDGE_ORDERS.alias("later")
_LATEST: Final = select(EDGE_ORDERS).where(
    ours(EDGE_ORDERS),
    _O.number
    == select(func.max(_later.c.number))
    .where(_later.c.tenant == _O.tenant, _later.c.edge == _O.edge)
    .scalar_subquery(),
)
_rank: Final = case(dict(RANK), value=_O.result, else_=0)
# `core.edges.orders.joined`, said to the database: so two workers need not read before they write.
_ANSWER: Final = (
    update(EDGE_ORDERS)
    .where(
        _of_one,
        or_(
            _rank < bindparam("new_rank"),
            and_(
                _rank == bindparam("new_rank"),
                or_(
                    _O.answered_ms > bindparam("new_ms"),
                    and_(
                        _O.answered_ms == bindparam("new_ms"), _O.reason > bindparam("new_reason")
                    ),
                ),
            ),
        ),
    )
    .values(
        result=bindparam("new_result"),
        reason=bindparam("new_reason"),
        answered_ms=bindparam("new_ms"),
    )
)
_EXAMINE: Final = (
    update(EDGE_ORDERS)
    .where(_of_one, _O.findings_json.is_(None))
    .values(findings_json=bindparam("new_findings"))
)
