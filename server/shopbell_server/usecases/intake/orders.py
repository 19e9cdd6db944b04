"""Edges are ordered to be or to do something, and answer.

Owns: a number for each order, and the transactions.
Never: MQTT. What is to be sent is returned; the one who sends it connects by himself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from shopbell_server.core.audit.chain import Act, Actor, What
from shopbell_server.core.edges.orders import Answer, Ordered, next_number
from shopbell_server.core.ids import Millis
from shopbell_server.ports.database import DatabaseBusyError
from shopbell_server.ports.orders import Answered, Examined
from shopbell_wire.messages import Diagnostics, OrderDone
from shopbell_wire.orders import COMMAND_MOST_MS, Order, kind_of, seal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from shopbell_server.core.ids import EdgeId, TenantId
    from shopbell_server.ports.database import Database, UnitOfWork
    from shopbell_server.usecases.recognition.listen import Batch
    from shopbell_wire.orders import Sign, Task

ATTEMPTS: Final = 10
"""Others who order the same edge at the same moment are people at a keyboard."""


class UnknownEdgeError(LookupError):
    """There is no edge of that name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """An order that was given and has to be sent: `payload` is what the edge is to get."""

    ordered: Ordered
    payload: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What somebody wants of an edge. A command lives as long as a command may, unless told otherwise."""

    tenant: TenantId
    edge: EdgeId
    task: Task
    by: str
    now_ms: Millis
    lives_ms: int = COMMAND_MOST_MS
    actor: Actor | None = None
    """Who it is in the audit; None: somebody of that name at the server's terminal."""


def order(database: Database, wish: Wish, sign: Sign) -> Sealed:
    """Make an order of `wish` and return it, committed.

    Raises UnknownEdgeError, MalformedError (`too_big`) with nothing done, and what the database raises.
    """
    for _ in range(ATTEMPTS - 1):
        try:
            return _order(database, wish, sign)
        except DatabaseBusyError:
            continue
    return _order(database, wish, sign)


def ordered_in(work: UnitOfWork, wish: Wish, sign: Sign) -> Sealed:
    """Make an order of `wish`, which is one when `work` commits. Raises as `order`."""
    if wish.edge not in work.registry.edges():
        raise UnknownEdgeError(wish.edge)
    given = Order(
        tenant=wish.tenant,
        edge=wish.edge,
        number=next_number(work.orders.last_number(wish.edge), wish.now_ms),
        issued_ms=wish.now_ms,
        expires_ms=wish.now_ms + wish.lives_ms,
        task=wish.task,
    )
    ordered = Ordered(
        edge=wish.edge,
        number=given.number,
        task=wish.task,
        issued_ms=wish.now_ms,
        expires_ms=Millis(given.expires_ms),
        by=wish.by,
    )
    sealed = Sealed(ordered=ordered, payload=seal(given, sign))
    work.orders.add(ordered)
    act = Act(
        at_ms=wish.now_ms,
        actor=wish.actor or Actor(kind="operator", name=wish.by),
        what=What.EDGE_ORDERED,
        about=wish.edge,
        why=f"{kind_of(wish.task)} {given.number}",
    )
    work.audit.note([act])
    return sealed


def hear_answers(work: UnitOfWork, fresh: Iterable[Batch], now_ms: Millis) -> None:
    """Keep what edges say of their orders, in batches that are new."""
    answers: list[Answered] = []
    examined: list[Examined] = []
    for batch in fresh:
        for _, event in batch.received.events:
            if isinstance(event, OrderDone):
                clock = batch.received.clock
                at_ms = now_ms if clock.state == "unsynced" else min(now_ms, clock.wall_ms)
                answer = Answer(result=event.result, reason=event.reason, at_ms=Millis(at_ms))
                answers.append(Answered(edge=batch.edge.id, number=event.number, answer=answer))
            elif isinstance(event, Diagnostics):
                examined.append(
                    Examined(edge=batch.edge.id, number=event.number, findings=event.findings)
                )
    if examined:
        work.orders.examine(examined)
    if answers:
        work.orders.answer(answers)


def _order(database: Database, wish: Wish, sign: Sign) -> Sealed:
    with database.begin() as work:
        sealed = ordered_in(work, wish, sign)
        work.commit()
    return sealed
