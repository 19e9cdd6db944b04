"""She asks for help in the store in which she is recognised, and takes that back.

Owns: which of her visits it is about, and the record of it.
Never: what becomes of it (`core.serving.engagement`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from shopbell_server.core.audit.chain import HERSELF, Act, What
from shopbell_server.core.board.disclosure import Field
from shopbell_server.core.board.state import board_state
from shopbell_server.core.board.subject import seen
from shopbell_server.core.serving.engagement import ask, first, take_back
from shopbell_server.ports.database import DatabaseBusyError
from shopbell_server.usecases.groups import hold_one
from shopbell_server.usecases.staff.subjects import subjects
from shopbell_server.usecases.visits.doubts import withheld
from shopbell_server.usecases.visits.own import own_visits

if TYPE_CHECKING:
    from shopbell_server.core.board.disclosure import Table
    from shopbell_server.core.identity.people import Enrolment
    from shopbell_server.core.ids import Millis, PersonId, StoreId
    from shopbell_server.core.visits.rules import VisitRules
    from shopbell_server.core.visits.stored import Visit
    from shopbell_server.ports.database import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """It is written down: boards of `store` have to look at `person`."""

    store: StoreId
    person: PersonId


def ask_for_help(
    work: UnitOfWork,
    now_ms: Millis,
    enrolment: Enrolment,
    rules: VisitRules,
    ladder: Table,
    *,
    wants: bool,
) -> Asked | None:
    """Let her ask (`wants`) or take it back; None: nothing changes.

    It is about the visit in which she was heard last, if staff see her in it. Raises DatabaseBusyError where
    somebody took her at this moment: begin anew.
    """
    hold_one(work, enrolment.head or enrolment.person)
    visit = _here(work, now_ms, enrolment, rules, ladder)
    if visit is None:
        return None
    before = work.engagements.of([visit.id]).get(visit.id, first(visit.id))
    after = (ask if wants else take_back)(before, now_ms)
    if after is None:
        return None
    if not work.engagements.put(after, before.version):
        raise DatabaseBusyError("somebody else was quicker")
    act = Act(
        at_ms=now_ms,
        actor=HERSELF,
        what=What.HELP_ASKED if wants else What.HELP_TAKEN_BACK,
        person=enrolment.person,
        store=visit.store,
        about=visit.id,
    )
    work.audit.note([act])
    return Asked(store=visit.store, person=visit.person)


def _here(
    work: UnitOfWork, now_ms: Millis, enrolment: Enrolment, rules: VisitRules, ladder: Table
) -> Visit | None:
    hers = [each.id for each in own_visits(work, enrolment.person, rules) if each.state != "ended"]
    there = [visit for each in hers if (visit := work.visits.get(each)) is not None]
    people = subjects(work, {visit.person for visit in there})
    doubtful = withheld(work, there, now_ms)
    shown = []
    for visit in there:
        if board_state(visit, now_ms, rules).place not in {"here", "left_maybe"}:
            continue
        until_ms, subject = doubtful.get(visit.id), people.get(visit.person)
        person = seen(visit, subject, now_ms, "advisor", until_ms, ladder)
        if person is not None and Field.HELP in person.may:
            shown.append(visit)
    return max(shown, key=lambda each: each.session.end_ms, default=None)
