"""What edges were ordered, and what comes of their answers, on every kind of database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from shopbell_program.signing import Signer, Verifier
from shopbell_server.core.edges.orders import Answer
from shopbell_server.core.ids import EdgeId, Millis, TenantId
from shopbell_server.ports.database import DatabaseBusyError
from shopbell_server.usecases.intake.orders import ATTEMPTS, UnknownEdgeError, Wish, order
from shopbell_wire.malformed import MalformedError
from shopbell_wire.messages import Diagnostics, Finding, OrderDone
from shopbell_wire.orders import (
    COMMAND_MOST_MS,
    Configure,
    Identify,
    Order,
    SendDiagnostics,
    Task,
    unseal,
)
from tests.server.usecases.floor import EDGES, MINUTE, NOW, SECOND, batch, synced, unset

if TYPE_CHECKING:
    from shopbell_server.core.edges.orders import Ordered
    from tests.server.usecases.floor import Floor

KEY = Signer(bytes(range(32)))
DOOR = EdgeId(EDGES[0])
FOUND = Finding(check="clock", verdict="PASS", found="right")


def wish(task: Task, **changes: Any) -> Wish:
    plain: dict[str, Any] = {
        "tenant": TenantId("acme"),
        "edge": DOOR,
        "task": task,
        "by": "sam",
        "now_ms": Millis(NOW),
    }
    return Wish(**(plain | changes))


def given(floor: Floor, task: Task | None = None) -> int:
    return order(floor.database, wish(task or Identify()), KEY.sign).ordered.number


def kept(floor: Floor, number: int, edge: EdgeId = DOOR) -> Ordered:
    with floor.database.read() as work:
        found = work.orders.get(edge, number)
    assert found is not None
    return found


def done(number: int, result: Any = "done", reason: str = "blinks") -> OrderDone:
    return OrderDone(order="command", number=number, result=result, reason=reason)


def test_an_order_is_kept_and_is_what_its_edge_will_read(floor: Floor) -> None:
    sealed = order(floor.database, wish(Identify(for_s=9)), KEY.sign)
    number = sealed.ordered.number
    assert kept(floor, number) == sealed.ordered
    assert unseal(sealed.payload, "command", Verifier(KEY.public_key).verify) == Order(
        tenant="acme",
        edge=DOOR,
        number=number,
        issued_ms=NOW,
        expires_ms=NOW + COMMAND_MOST_MS,
        task=Identify(for_s=9),
    )
    assert number == NOW // 1000
    assert given(floor) == number + 1


def test_an_edge_that_nobody_knows_is_ordered_nothing(floor: Floor) -> None:
    before = floor.rows()
    with pytest.raises(UnknownEdgeError):
        order(floor.database, wish(Identify(), edge=EdgeId("nobody")), KEY.sign)
    with pytest.raises(MalformedError):
        order(floor.database, wish(Configure(settings={"a": "x" * 99_999})), KEY.sign)
    assert floor.rows() == before


def test_an_answer_is_kept_with_the_batch_that_brings_it_and_once(floor: Floor) -> None:
    number = given(floor, SendDiagnostics())
    found = Diagnostics(number=number, findings=(FOUND,))
    message = batch(found, done(number), clock=synced(NOW - SECOND))
    floor.take(message)
    ordered = kept(floor, number)
    assert ordered.answer == Answer(result="done", reason="blinks", at_ms=Millis(NOW - SECOND))
    assert ordered.findings == (FOUND,)
    before = floor.rows()
    floor.take(message, now_ms=NOW + MINUTE)
    assert floor.rows() == before


def test_answers_amount_to_the_same_in_whatever_order_they_come(floor: Floor) -> None:
    numbers = [given(floor), given(floor)]
    said: list[tuple[Any, str]] = [("done", "blinks"), ("refused", "is not signed")]
    for number, way in zip(numbers, (said, said[::-1]), strict=True):
        for result, reason in way:
            floor.hear(done(number, result, reason))
    answers = [kept(floor, number).answer for number in numbers]
    assert answers[0] == answers[1]
    assert answers[0] is not None
    assert answers[0].result == "done"


def test_an_edge_answers_for_itself_alone(floor: Floor) -> None:
    number = given(floor)
    floor.hear(done(number), edge=EDGES[1])
    floor.hear(done(number + 7))
    assert kept(floor, number).answer is None


def test_an_answer_of_an_edge_without_the_time_is_dated_by_its_coming(floor: Floor) -> None:
    number = given(floor)
    floor.take(batch(done(number), clock=unset(1, 0)))
    answer = kept(floor, number).answer
    assert answer is not None
    assert answer.at_ms == NOW


def test_a_database_that_stays_busy_is_given_up(floor: Floor) -> None:
    tries = 0

    def sign(_message: bytes) -> bytes:
        nonlocal tries
        tries += 1
        raise DatabaseBusyError("another transaction wrote the same key first")

    with pytest.raises(DatabaseBusyError):
        order(floor.database, wish(Identify()), sign)
    assert tries == ATTEMPTS
