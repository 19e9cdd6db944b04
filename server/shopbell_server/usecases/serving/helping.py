"""Somebody of the staff takes a customer, lets go of her, serves her.

Owns: who may do it to whom, that one of several does, the record of it, and what sinks are told.
Never: what may become of it (`core.serving.engagement`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from shopbell_server.core.access.credentials import credential_id
from shopbell_server.core.audit.chain import Act as Record
from shopbell_server.core.audit.chain import Actor, What
from shopbell_server.core.board.disclosure import Field
from shopbell_server.core.board.state import board_state
from shopbell_server.core.board.subject import seen
from shopbell_server.core.facts import CustomerHelped
from shopbell_server.core.ids import FactId
from shopbell_server.core.serving.engagement import (
    HandOver,
    Helper,
    Mistake,
    Refused,
    Release,
    Serve,
    Serving,
    Take,
    Taken,
    as_of,
    decide,
    first,
    holder,
)
from shopbell_server.ports.database import DatabaseBusyError
from shopbell_server.usecases.groups import hold_one
from shopbell_server.usecases.staff.subjects import subjects
from shopbell_server.usecases.visits.doubts import withheld
from shopbell_server.usecases.visits.recompute import tell

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shopbell_server.core.board.disclosure import Table
    from shopbell_server.core.board.subject import Subject
    from shopbell_server.core.ids import Millis, PersonId, StoreId, VisitId
    from shopbell_server.core.registry import Staff
    from shopbell_server.core.serving.engagement import Act, Engagement
    from shopbell_server.core.visits.stored import Visit
    from shopbell_server.ports.database import UnitOfWork
    from shopbell_server.ports.world import Entropy
    from shopbell_server.usecases.visits.recompute import Terms

DONE: Final[Mapping[type[Act], What]] = {
    Take: What.TAKEN,
    Release: What.RELEASED,
    HandOver: What.HANDED_OVER,
    Serve: What.SERVED,
    Mistake: What.NOT_THIS_PERSON,
}
"""What the audit says of each act."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Somebody of the staff wants `act` done; `session` is the fingerprint of their session."""

    by: Staff
    session: bytes
    visit: VisitId
    act: Act


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """It is done: boards of `store` have to look at `person`."""

    engagement: Engagement
    person: PersonId
    store: StoreId


@dataclass(frozen=True, slots=True, kw_only=True)
class NotDone:
    """It is not, and why; `holder` has her, if somebody does."""

    why: Refused
    holder: Staff | None


def act_on(
    work: UnitOfWork,
    entropy: Entropy,
    now_ms: Millis,
    order: Order,
    *,
    terms: Terms,
    ladder: Table,
) -> Done | NotDone | None:
    """Do what `order` says; None: there is nobody of that visit whom they may help.

    Raises DatabaseBusyError where somebody else was quicker: begin anew.
    """
    found = work.visits.get(order.visit)
    if found is None or found.store not in order.by.stores:
        return None
    hold_one(work, found.person)
    visit = work.visits.get(order.visit)
    subject = None if visit is None else subjects(work, [visit.person]).get(visit.person)
    if visit is None or not _may_help(work, visit, subject, order.by, now_ms, terms, ladder):
        return None
    before = as_of(work.engagements.of([visit.id]).get(visit.id, first(visit.id)), now_ms)
    after = decide(before, order.act, Helper(staff=order.by.id, role=order.by.role), now_ms)
    if after is Refused.MISTAKEN:
        return None
    if isinstance(after, Refused):
        by = holder(before)
        return NotDone(why=after, holder=None if by is None else work.registry.staff(by.staff))
    if not work.engagements.put(after, before.version):
        raise DatabaseBusyError("somebody else was quicker")
    work.audit.note([_record(order, visit, now_ms)])
    if subject is not None:
        facts = _facts(before, order.act, visit, entropy, now_ms)
        tell(work, facts, {visit.person: subject.ledger}, terms.sinks, now_ms)
    return Done(engagement=after, person=visit.person, store=visit.store)


def _may_help(  # noqa: PLR0913, PLR0917  (who, whom, when, by what)
    work: UnitOfWork,
    visit: Visit,
    subject: Subject | None,
    by: Staff,
    now_ms: Millis,
    terms: Terms,
    ladder: Table,
) -> bool:
    """Return whether she is on the board of that store, for them."""
    if visit.state == "ended":
        return False
    if board_state(visit, now_ms, terms.rules).place not in {"here", "left_maybe"}:
        return False
    until_ms = withheld(work, [visit], now_ms).get(visit.id)
    person = seen(visit, subject, now_ms, by.role, until_ms, ladder)
    return person is not None and Field.HELP in person.may


def _record(order: Order, visit: Visit, now_ms: Millis) -> Record:
    by, act = order.by, order.act
    return Record(
        at_ms=now_ms,
        actor=Actor(
            kind="staff", name=by.id, role=by.role, credential=credential_id(order.session)
        ),
        what=DONE[type(act)],
        person=visit.person,
        store=visit.store,
        about=visit.id,
        why=act.outcome.value if isinstance(act, Serve) else "",
    )


def _facts(
    before: Engagement, act: Act, visit: Visit, entropy: Entropy, now_ms: Millis
) -> list[CustomerHelped]:
    state = before.state
    if not isinstance(act, Serve) or not isinstance(state, Taken | Serving):
        return []
    return [
        CustomerHelped(
            fact=FactId(entropy.uuid7(now_ms)),
            person=visit.person,
            at_ms=now_ms,
            recorded_ms=now_ms,
            store=visit.store,
            visit=visit.id,
            taken_ms=state.since_ms,
            outcome=act.outcome,
        )
    ]
