"""What those who may be one human do in the tests of joining, and what became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shopbell_server.core.consent.ledger import Purpose
from shopbell_server.core.ids import Millis, ReceiptId
from shopbell_server.usecases.consent.consents import Said, change_consents, leave
from shopbell_server.usecases.intake.receipts import Booked, Sale, book
from shopbell_server.usecases.visits.joined import join, part
from shopbell_server.usecases.visits.recompute import Terms
from tests.server.usecases.floor import DAY, EDGES, MINUTE, NOW, RULES, SINK, STORE, Floor

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from shopbell_server.core.visits.stored import Visit
    from shopbell_server.ports.database import UnitOfWork
    from tests.server.usecases.floor import Someone


TERMS = Terms(rules=RULES, sinks=(SINK,))
HOUR = 60 * MINUTE


def done(floor: Floor, change: Callable[[UnitOfWork], Any]) -> Any:
    with floor.database.begin() as work:
        result = change(work)
        work.commit()
    return result


def joined(floor: Floor, *people: Someone, now_ms: int = NOW) -> Any:
    persons = [each.person for each in people]
    now = Millis(now_ms)
    return done(floor, lambda work: join(work, floor.entropy, now, persons=persons, terms=TERMS))


def parted(floor: Floor, *people: Someone, now_ms: int = NOW) -> Any:
    persons = [each.person for each in people]
    now = Millis(now_ms)
    return done(floor, lambda work: part(work, floor.entropy, now, persons=persons, terms=TERMS))


def says(
    floor: Floor,
    someone: Someone,
    *,
    given: bool,
    purpose: Purpose = Purpose.RECOGNISE_IN_STORE,
    now_ms: int = NOW,
) -> frozenset[str]:
    said = Said(
        purpose=purpose,
        given=given,
        text_version="1",
        text_sha256="00" * 32,
        language="nl",
        until_ms=None,
    )

    def change(work: UnitOfWork) -> frozenset[str]:
        enrolment = work.people.enrolments([someone.person])[someone.person]
        return change_consents(
            work,
            floor.entropy,
            Millis(now_ms),
            enrolment=enrolment,
            said=[said],
            rules=RULES,
            sinks=(SINK,),
        ).stores

    result: frozenset[str] = done(floor, change)
    return result


def leaves(floor: Floor, someone: Someone, now_ms: int = NOW) -> None:
    def change(work: UnitOfWork) -> None:
        enrolment = work.people.enrolments([someone.person])[someone.person]
        leave(
            work,
            floor.entropy,
            Millis(now_ms),
            enrolment=enrolment,
            rules=RULES,
            sinks=(SINK,),
        )

    done(floor, change)


def spans(visits: Sequence[Visit]) -> list[tuple[int, int]]:
    """Return from when to when visits were, in minutes before now."""
    return [
        ((NOW - each.session.start_ms) // MINUTE, (NOW - each.session.end_ms) // MINUTE)
        for each in visits
    ]


def was_heard(
    floor: Floor,
    someone: Someone,
    from_min: int,
    to_min: int,
    *,
    edge: str = EDGES[0],
    now_ms: int = NOW,
) -> Any:
    """Let an edge say that she was heard, from and until so many minutes before now: a report a minute."""
    said = [
        floor.presence(someone, NOW - ago * MINUTE, NOW - (ago - 1) * MINUTE)
        for ago in range(from_min, to_min, -1)
    ]
    return floor.hear(*said, edge=edge, now_ms=now_ms)


def told(floor: Floor) -> list[Any]:
    """Return what the sink is told that it was not told before."""

    def tell(work: UnitOfWork) -> list[Any]:
        facts: list[Any] = []
        while claimed := work.outgoing.claim(SINK, Millis(NOW + DAY), DAY, 100):
            for each in claimed:
                facts.append(each.fact)
                work.outgoing.delivered(SINK, each.fact.fact, Millis(NOW + DAY))
        return facts

    facts: list[Any] = done(floor, tell)
    return facts


def bought(floor: Floor, someone: Someone, name: str, at_ms: int, now_ms: int = NOW) -> Booked:
    sale = Sale(
        receipt=ReceiptId(name),
        store=STORE,
        till="till",
        at_ms=Millis(at_ms),
        card=someone.card.ref,
        is_return=False,
        request_mac=bytes(32),
    )
    now = Millis(now_ms)
    result = done(floor, lambda work: book(work, floor.entropy, now, sale=sale, terms=TERMS))
    assert isinstance(result, Booked)
    return result
