"""Look at a profile: whoever keeps the record straight, and whoever has its customer before them.

Owns: what is read for it, and that a look is written down before it is answered.
Never: what may be seen (`core.identity.profile_view`, `core.board.disclosure`).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from shopbell_server.core.audit.chain import Act, What
from shopbell_server.core.board.disclosure import TABLE, Field
from shopbell_server.core.board.subject import seen
from shopbell_server.core.identity.profile_view import seen_profile
from shopbell_server.core.visits.recognised_by import recognition_of
from shopbell_server.usecases.identity.profile_holds import holdings
from shopbell_server.usecases.staff.lookers import SYSTEM, purpose_of
from shopbell_server.usecases.staff.subjects import subjects
from shopbell_server.usecases.staff.visits_list import SeenVisit
from shopbell_server.usecases.visits.doubts import withheld

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from shopbell_server.core.audit.chain import Actor
    from shopbell_server.core.board.disclosure import Table, Viewer
    from shopbell_server.core.identity.history import IdentityEntry
    from shopbell_server.core.identity.profile_view import Keeper, SeenProfile
    from shopbell_server.core.ids import Millis, PersonId, ProfileId, StoreId
    from shopbell_server.ports.database import Database, UnitOfWork


def look_at(
    database: Database, now_ms: Millis, *, profile: ProfileId, actor: Actor, keeper: Keeper
) -> SeenProfile | None:
    """Return a profile as `keeper` may see it; None if there is none of that id.

    Everybody who is enrolled under it is told of the look.
    """
    with database.begin() as work:
        found = _profile(work, now_ms, profile, keeper)
        if found is None:
            return None
        _write_down(work, now_ms, actor, _enrolled(work, profile))
        work.commit()
    return found


def look_at_history(
    database: Database, now_ms: Millis, *, profile: ProfileId, actor: Actor
) -> Sequence[IdentityEntry] | None:
    """Return how a profile came about, the oldest first; None if there is none of that id."""
    with database.begin() as work:
        if profile not in work.people.profiles([profile]):
            return None
        history = work.identity.history([profile])
        _write_down(work, now_ms, actor, _enrolled(work, profile))
        work.commit()
    return history


def look_at_all(
    database: Database, now_ms: Millis, *, profile: ProfileId, actor: Actor, keeper: Keeper
) -> tuple[SeenProfile, Sequence[IdentityEntry]] | None:
    """Return a profile and its history; None if there is none of that id. She is told of one look."""
    with database.begin() as work:
        found = _profile(work, now_ms, profile, keeper)
        if found is None:
            return None
        history = work.identity.history([profile])
        _write_down(work, now_ms, actor, _enrolled(work, profile))
        work.commit()
    return found, history


def card_here(
    database: Database,
    now_ms: Millis,
    *,
    stores: Collection[StoreId],
    viewer: Viewer,
    profile: ProfileId,
    ladder: Table = TABLE,
) -> SeenVisit | None:
    """Return the visit by which `viewer` may open the card of `profile`; None if there is none.

    Somebody under it is in one of `stores` now and showed her pass. Of several the latest.
    """
    with database.read() as work:
        enrolled = work.people.enrolments(work.identity.enrolled([profile]).get(profile, ()))
        heads = {each.head or each.person for each in enrolled.values()}
        visits = [
            visit
            for head in sorted(heads)
            for visit in work.visits.of_person(head)
            if visit.state != "ended" and visit.store in stores
        ]
        people = subjects(work, {visit.person for visit in visits})
        doubtful = withheld(work, visits, now_ms)
    for visit in sorted(visits, key=lambda each: each.session.end_ms, reverse=True):
        person = seen(
            visit, people.get(visit.person), now_ms, viewer, doubtful.get(visit.id), ladder
        )
        if person is not None and Field.CARD in person.may:
            return SeenVisit(visit=visit, person=person)
    return None


def _profile(
    work: UnitOfWork, now_ms: Millis, profile: ProfileId, keeper: Keeper
) -> SeenProfile | None:
    held = holdings(work, [profile]).get(profile)
    if held is None:
        return None
    there = [each.person for each in held.enrolments if each.revoked_ms is None]
    ledgers = work.ledger.entries(there)
    recognition = {each: recognition_of(ledgers.get(each, ()), now_ms) for each in there}
    return seen_profile(held, sorted(work.identity.taken_in([profile])), recognition, keeper)


def _enrolled(work: UnitOfWork, profile: ProfileId) -> Sequence[PersonId]:
    return work.identity.enrolled([profile]).get(profile, ())


def _write_down(
    work: UnitOfWork, now_ms: Millis, actor: Actor, persons: Sequence[PersonId]
) -> None:
    # She is told by which role she was looked at; a system has none, and is told of as one.
    named = replace(actor, role=actor.role or SYSTEM)
    work.audit.note(
        [
            Act(
                at_ms=now_ms,
                actor=named,
                what=What.PROFILE_READ,
                person=person,
                why=purpose_of(named, What.PROFILE_READ),
            )
            for person in persons
        ]
    )
