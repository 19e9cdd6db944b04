"""Staff looked at customers: write it down, and tell her.

Owns: what a look's record says, and what of it she is told.
Never: when a look is a new one (`web.looks`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from shopbell_server.core.audit import Act, Actor, What
from shopbell_server.core.credentials import credential_id
from shopbell_server.usecases.sign_in import staff_by_session

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shopbell_server.core.ids import Millis, PersonId, StoreId, VisitId
    from shopbell_server.ports.database import Database, UnitOfWork

PURPOSES: Final = {What.BOARD_READ: "serve_in_store", What.VISIT_READ: "review_visits"}
"""What a look is for: the board is for helping who is here, the list of visits for looking back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Somebody who is signed in is about to see a visit. `session` is a fingerprint."""

    session: bytes
    what: What
    visit: VisitId
    person: PersonId
    store: StoreId


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenBy:
    """A look, as the customer is told of it: by a role, not by somebody of a name."""

    at_ms: Millis
    role: str
    store: StoreId | None
    purpose: str


def record_looks(database: Database, now_ms: Millis, looks: Sequence[Look]) -> frozenset[bytes]:
    """Write `looks` down, for good when this returns. Return the sessions that are over.

    Of those nothing is written, and they may be shown nothing.
    """
    with database.begin() as work:
        known = staff_by_session(work, {each.session for each in looks}, now_ms)
        work.audit.note(
            [
                Act(
                    at_ms=now_ms,
                    actor=Actor(
                        kind="staff",
                        name=known[each.session].id,
                        role=known[each.session].role,
                        credential=credential_id(each.session),
                    ),
                    what=each.what,
                    person=each.person,
                    store=each.store,
                    about=each.visit,
                    why=PURPOSES[each.what],
                )
                for each in looks
                if each.session in known
            ]
        )
        work.commit()
    return frozenset(each.session for each in looks if each.session not in known)


def looks_at(work: UnitOfWork, person: PersonId) -> tuple[SeenBy, ...]:
    """Return who looked at her in the last twelve months, newest first."""
    return tuple(
        SeenBy(
            at_ms=each.act.at_ms,
            role=each.act.actor.role,
            store=each.act.store,
            purpose=each.act.why,
        )
        for each in work.audit.looks_at(person)
    )
