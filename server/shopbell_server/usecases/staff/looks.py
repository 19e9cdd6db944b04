"""Somebody looked at customers: write it down, and tell her.

Owns: what a look's record says, and what of it she is told.
Never: when a look is a new one (`web.looks`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from shopbell_server.core.audit.chain import Act
from shopbell_server.core.ids import VisitId
from shopbell_server.usecases.groups import groups_of
from shopbell_server.usecases.staff.lookers import lookers, purpose_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shopbell_server.core.audit.chain import What
    from shopbell_server.core.ids import Millis, PersonId, StoreId
    from shopbell_server.ports.database import Database, UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Somebody is about to see a visit. `session` is the fingerprint of their session, or of an API key."""

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
    """Write `looks` down, for good when this returns. Return the sessions and keys that are over.

    Of those nothing is written, and they may be shown nothing.
    """
    with database.begin() as work:
        known = lookers(work, {each.session for each in looks}, now_ms)
        work.audit.note(
            [
                Act(
                    at_ms=now_ms,
                    actor=known[each.session],
                    what=each.what,
                    person=each.person,
                    store=each.store,
                    about=each.visit,
                    why=purpose_of(known[each.session], each.what),
                )
                for each in looks
                if each.session in known
            ]
        )
        work.commit()
    return frozenset(each.session for each in looks if each.session not in known)


def looks_at(work: UnitOfWork, person: PersonId) -> tuple[SeenBy, ...]:
    """Return who looked at her in the last twelve months, newest first."""
    return tuple(seen_by(each.act) for each in work.audit.looks_at(person))


def seen_by(look: Act) -> SeenBy:
    """Return what a look's record says to her."""
    return SeenBy(at_ms=look.at_ms, role=look.actor.role, store=look.store, purpose=look.why)


def own_looks(work: UnitOfWork, person: PersonId) -> tuple[SeenBy, ...]:
    """Return who looked at her in the last twelve months, newest first.

    Of looks at visits of people who are joined, those at visits in which she herself was heard.
    """
    enrolment = work.people.enrolments([person])[person]
    group = groups_of(work, [enrolment]).get(person)
    if group is None:
        return looks_at(work, person)
    looks = [each.act for whose in {person, group.head} for each in work.audit.looks_at(whose)]
    hers = [each for each in looks if _was_at_her(work, person, each)]
    return tuple(map(seen_by, sorted(hers, key=lambda each: each.at_ms, reverse=True)))


def _was_at_her(work: UnitOfWork, person: PersonId, look: Act) -> bool:
    if look.store is None:
        # At her profile: recorded for each of those whose it is.
        return look.person == person
    visit = work.visits.get(VisitId(look.about))
    if visit is None:
        return False
    when = visit.session.start_ms, visit.session.end_ms
    return bool(work.intervals.within(person, visit.store, *when))
