"""Facts to deliver.

Owns: the rows behind the port `Outgoing`: which fact is whose turn, and who is at it.
Never: how to deliver, nor when to try again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import and_, bindparam, delete, exists, func, select, text, update

from shopbell_server.core.ids import Millis, PersonId
from shopbell_server.core.keeping.erasure import owner_of_events
from shopbell_server.db.statements import adding, replacing
from shopbell_server.db.stored_facts import decoded, encoded
from shopbell_server.db.tables import DELIVERIES, FACTS, FACTS_TOLD, WAITING
from shopbell_server.db.transaction import ours
from shopbell_server.ports.boxes import Content
from shopbell_server.ports.outgoing import DeadLetter, Delivery

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from sqlalchemy import ColumnElement, Row, Table

    from shopbell_server.core.facts import Fact
    from shopbell_server.core.ids import FactId
    from shopbell_server.db.transaction import Transaction

FACT: Final = "facts.fact"
"""What boxes of facts are tied to: it stays as it is, whatever the column is called one day."""


class SqlOutgoing:
    """`Outgoing` in SQL."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def add(self, facts: Sequence[Fact], sinks: Collection[str], due_ms: Millis) -> None:
        """Queue every fact for every sink. Facts of a person keep their order.

        Raises DatabaseBusyError when another transaction told something of the same person meanwhile.
        """
        if not facts or not sinks:
            return
        persons = {fact.person for fact in facts}
        last = {
            PersonId(row.person): int(row.number)
            for row in self._transaction.rows_among(_TOLD, "persons", persons)
        }
        fact_rows = []
        delivery_rows = []
        for fact in facts:
            position = last[fact.person] = last.get(fact.person, 0) + 1
            shared = {
                "fact": fact.fact,
                "person": fact.person,
                "position": position,
                "recorded_ms": fact.recorded_ms,
            }
            fact_rows.append(shared)
            delivery_rows += [
                {**shared, "sink": sink, "state": "waiting", "due_ms": due_ms, "attempt": 0}
                for sink in sorted(set(sinks))
            ]
        self._transaction.insert(
            _COUNT,
            [{"person": person, "number": number} for person, number in sorted(last.items())],
        )
        boxes = self._transaction.boxes.seal(
            FACT, [_content(fact.person, fact.fact, encoded(fact).encode()) for fact in facts]
        )
        self._transaction.insert(
            _ADD_FACTS,
            [{**row, "fact_box": box} for row, box in zip(fact_rows, boxes, strict=True)],
        )
        self._transaction.insert(_ADD_DELIVERIES, delivery_rows)

    def claim(self, sink: str, now_ms: Millis, lease_ms: int, limit: int) -> Sequence[Delivery]:
        """Return what is due, one per person at most (her oldest), leased for `lease_ms`.

        What is not heard of before the lease is over is due again. Deliveries that another worker is
        claiming at the moment are passed over, and facts of somebody whose key was destroyed are dropped.
        """
        rows = self._transaction.rows(_DUE, sink=sink, now_ms=now_ms, most=limit)
        self._transaction.change_each(
            _LEASE,
            [{"to": sink, "this": row.fact, "until_ms": now_ms + lease_ms} for row in rows],
        )
        facts = self._transaction.boxes.open(
            FACT, [_content(row.person, row.fact, row.fact_box or b"") for row in rows]
        )
        claimed = []
        for row, fact in zip(rows, facts, strict=True):
            if fact is None:
                self.drop(sink, row.fact)
                continue
            claimed.append(
                Delivery(
                    sink=sink,
                    fact=decoded(fact.decode()),
                    attempt=row.attempt + 1,
                    sequence=row.position,
                )
            )
        return claimed

    def delivered(self, sink: str, fact: FactId, at_ms: Millis) -> None:
        """Take it off the queue; one that was cancelled meanwhile stays away."""
        self._transaction.change(
            _END, to=sink, this=fact, became="delivered", at_ms=at_ms, why=None
        )

    def retry(self, sink: str, fact: FactId, due_ms: Millis) -> None:
        """Make it due at `due_ms`; the person's later facts wait for it."""
        self._transaction.change(_RETRY, to=sink, this=fact, again_ms=due_ms)

    def give_up(self, sink: str, fact: FactId, at_ms: Millis, reason: str) -> None:
        """Make it a dead letter."""
        self._transaction.change(_END, to=sink, this=fact, became="dead", at_ms=at_ms, why=reason)

    def drop(self, sink: str, fact: FactId) -> None:
        """Forget one that waits; the fact itself too, once no sink has anything to do with it."""
        self._transaction.change(_DROP, to=sink, this=fact)
        self._transaction.change(_FORGET_FACT, this=fact)

    def cancel(self, person: PersonId) -> int:
        """Drop everything about somebody that is still waiting; return how much."""
        dropped = self._transaction.change(_CANCEL, who=person)
        self._transaction.change(_FORGET_UNWANTED, who=person)
        return dropped

    def waiting(self, sink: str) -> tuple[int, Millis | None]:
        """Return how many wait, and since when the oldest."""
        row = self._transaction.row(_HOW_MANY, sink=sink)
        if row is None or row.since_ms is None:
            return 0, None
        return int(row.number), Millis(row.since_ms)

    def dead(self) -> Mapping[str, int]:
        """Return how many dead letters each sink has; those without any are left out."""
        return {row.sink: int(row.number) for row in self._transaction.rows(_HOW_MANY_DEAD)}

    def dead_letters(self, sink: str, limit: int) -> Sequence[DeadLetter]:
        """Return a sink's, the latest first. Those whose key was destroyed are left out."""
        return self._dead(self._transaction.rows(_DEAD_OF, to=sink, most=limit))

    def dead_letter(self, sink: str, fact: FactId) -> DeadLetter | None:
        """Return one of them."""
        found = self._dead(self._transaction.rows(_DEAD_ONE, to=sink, this=fact))
        return next(iter(found), None)

    def revive(self, sink: str, fact: FactId | None, due_ms: Millis) -> int:
        """Make a dead letter, or all of the sink (None), due at `due_ms` as if never tried."""
        if fact is None:
            return self._transaction.change(_REVIVE_ALL, to=sink, again_ms=due_ms)
        return self._transaction.change(_REVIVE, to=sink, this=fact, again_ms=due_ms)

    def discard(self, sink: str, fact: FactId) -> int:
        """Forget a dead letter; the fact itself too, once no sink has anything to do with it."""
        gone = self._transaction.change(_DISCARD, to=sink, this=fact)
        if gone:
            self._transaction.change(_FORGET_FACT, this=fact)
        return gone

    def _dead(self, rows: Sequence[Row[Any]]) -> Sequence[DeadLetter]:
        facts = self._transaction.boxes.open(
            FACT, [_content(row.person, row.fact, row.fact_box or b"") for row in rows]
        )
        return [
            DeadLetter(
                delivery=Delivery(
                    sink=row.sink,
                    fact=decoded(fact.decode()),
                    attempt=row.attempt,
                    sequence=row.position,
                ),
                dead_ms=Millis(row.done_ms),
                reason=row.reason,
            )
            for row, fact in zip(rows, facts, strict=True)
            if fact is not None
        ]


def _content(person: PersonId, fact: FactId, value: bytes) -> Content:
    return Content(owner_of_events(person), fact, value)


def _this(table: Table) -> ColumnElement[bool]:
    """Return the condition for the delivery that is still to be made."""
    return and_(
        ours(table), table.c.sink == bindparam("to"), table.c.fact == bindparam("this"), WAITING
    )


_earlier: Final = DELIVERIES.alias("earlier")
_hers_first: Final[Any] = ~exists().where(
    _earlier.c.tenant == DELIVERIES.c.tenant,
    _earlier.c.sink == DELIVERIES.c.sink,
    _earlier.c.person == DELIVERIES.c.person,
    _earlier.c.position < DELIVERIES.c.position,
    text("earlier.state = 'waiting'"),
)

_TOLD: Final = select(FACTS_TOLD).where(
    ours(FACTS_TOLD), FACTS_TOLD.c.person.in_(bindparam("persons", expanding=True))
)
_COUNT: Final = replacing(FACTS_TOLD)
_ADD_FACTS: Final = adding(FACTS)
_ADD_DELIVERIES: Final = adding(DELIVERIES)
_DUE: Final = (
    select(
        DELIVERIES.c.fact,
        DELIVERIES.c.person,
        DELIVERIES.c.attempt,
        DELIVERIES.c.position,
        FACTS.c.fact_box,
    )
    .join(FACTS, and_(FACTS.c.tenant == DELIVERIES.c.tenant, FACTS.c.fact == DELIVERIES.c.fact))
    .where(
        ours(DELIVERIES),
        DELIVERIES.c.sink == bindparam("sink"),
        WAITING,
        DELIVERIES.c.due_ms <= bindparam("now_ms"),
        _hers_first,
    )
    .order_by(DELIVERIES.c.due_ms, DELIVERIES.c.fact)
    .limit(bindparam("most"))
    .with_for_update(of=DELIVERIES, skip_locked=True)
)
_LEASE: Final = (
    update(DELIVERIES)
    .where(_this(DELIVERIES))
    .values(due_ms=bindparam("until_ms"), attempt=DELIVERIES.c.attempt + 1)
)
_END: Final = (
    update(DELIVERIES)
    .where(_this(DELIVERIES))
    .values(state=bindparam("became"), done_ms=bindparam("at_ms"), reason=bindparam("why"))
)
_RETRY: Final = update(DELIVERIES).where(_this(DELIVERIES)).values(due_ms=bindparam("again_ms"))
_DROP: Final = delete(DELIVERIES).where(_this(DELIVERIES))
# By way of her facts: deliveries are found by sink and by fact.
_hers: Final = select(FACTS.c.fact).where(ours(FACTS), FACTS.c.person == bindparam("who"))
_CANCEL: Final = delete(DELIVERIES).where(ours(DELIVERIES), DELIVERIES.c.fact.in_(_hers), WAITING)
_unwanted: Final[Any] = ~exists().where(
    DELIVERIES.c.tenant == FACTS.c.tenant, DELIVERIES.c.fact == FACTS.c.fact
)
_FORGET_FACT: Final = delete(FACTS).where(ours(FACTS), FACTS.c.fact == bindparam("this"), _unwanted)
_FORGET_UNWANTED: Final = delete(FACTS).where(
    ours(FACTS), FACTS.c.person == bindparam("who"), _unwanted
)
_HOW_MANY: Final = select(
    func.count().label("number"), func.min(DELIVERIES.c.recorded_ms).label("since_ms")
).where(ours(DELIVERIES), DELIVERIES.c.sink == bindparam("sink"), WAITING)
_dead: Final = and_(
    ours(DELIVERIES), DELIVERIES.c.sink == bindparam("to"), DELIVERIES.c.state == "dead"
)
_this_dead: Final = and_(_dead, DELIVERIES.c.fact == bindparam("this"))
_HOW_MANY_DEAD: Final = (
    select(DELIVERIES.c.sink, func.count().label("number"))
    .where(ours(DELIVERIES), DELIVERIES.c.state == "dead")
    .group_by(DELIVERIES.c.sink)
)
_letters: Final = select(
    DELIVERIES.c.sink,
    DELIVERIES.c.fact,
    DELIVERIES.c.person,
    DELIVERIES.c.attempt,
    DELIVERIES.c.position,
    DELIVERIES.c.done_ms,
    DELIVERIES.c.reason,
    FACTS.c.fact_box,
).join(FACTS, and_(FACTS.c.tenant == DELIVERIES.c.tenant, FACTS.c.fact == DELIVERIES.c.fact))
_DEAD_OF: Final = (
    _letters.where(_dead)
    .order_by(DELIVERIES.c.done_ms.desc(), DELIVERIES.c.fact.desc())
    .limit(bindparam("most"))
)
_DEAD_ONE: Final = _letters.where(_this_dead)
_again: Final[Any] = {
    "state": "waiting",
    "done_ms": None,
    "reason": None,
    "attempt": 0,
    "due_ms": bindparam("again_ms"),
}
_REVIVE: Final = update(DELIVERIES).where(_this_dead).values(**_again)
_REVIVE_ALL: Final = update(DELIVERIES).where(_dead).values(**_again)
_DISCARD: Final = delete(DELIVERIES).where(_this_dead)
