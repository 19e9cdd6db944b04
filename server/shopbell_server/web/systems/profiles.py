"""`/v1/profiles/…`: what a profile has, how it came about, and merging and splitting it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

from fastapi import APIRouter, Path, Request, Response

from shopbell_server.core.audit.chain import What
from shopbell_server.core.board.disclosure import FLOOR
from shopbell_server.core.identity.guards import Refused
from shopbell_server.core.ids import ProfileId
from shopbell_server.usecases.identity.profile_view import card_here, look_at, look_at_history
from shopbell_server.usecases.identity.profiles import Asking, Done, merge, split, undo_entry
from shopbell_server.usecases.staff.looks import Look
from shopbell_server.web.access.operators import Operator, ProfileReader, profile_reader
from shopbell_server.web.access.who import Buckets, Here, OwnSession, PerhapsSignedIn, may_see
from shopbell_server.web.access.writes import DESCRIBED, carry_out
from shopbell_server.web.http.problems import Problem, ProblemError, must_be_an_id, not_found
from shopbell_server.web.systems.profile_bodies import (
    ChangedOut,
    HistoryOut,
    MergeIn,
    ProfileOut,
    SplitIn,
    card_out,
    changed_out,
    history_out,
    profile_out,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from shopbell_server.core.identity.history import Reason
    from shopbell_server.core.registry import Staff
    from shopbell_server.ports.database import UnitOfWork
    from shopbell_server.web.access.operators import InCharge
    from shopbell_server.web.services import Services

routes: Final = APIRouter(
    prefix="/v1/profiles",
    tags=["profiles"],
    responses={status: {"model": Problem} for status in (401, 403, 404, 409, 422, 429, 503)},
)

_STATUS: Final = {
    "unknown_profile": 404,
    "erased_profile": 404,
    "unknown_entry": 404,
    "nothing_named": 422,
    "not_its_own": 422,
}
"""Of a refusal; every other one is a conflict with what is there."""

OfPath = Annotated[str, Path(min_length=1, max_length=128)]


@routes.get("/{profile}")
def get_profile(
    profile: OfPath,
    request: Request,
    found: PerhapsSignedIn,
    session: OwnSession,
    here: Here,
    buckets: Buckets,
) -> ProfileOut:
    """Return a profile, as far as it may be shown to whoever asks.

    Advisors and managers: its name and language, while somebody under it is in a store of theirs and showed
    her pass. Operators and systems: what it is made of, and no name or value.
    """
    must_be_an_id(profile, "profile")
    if found is not None and found.role in FLOOR and "authorization" not in request.headers:
        return _card(here, found, session, ProfileId(profile))
    keeper = profile_reader(request, here, buckets, found)
    seen = look_at(
        here.database,
        here.clock.now_ms(),
        profile=ProfileId(profile),
        actor=keeper.actor,
        keeper=keeper.viewer,
    )
    if seen is None:
        raise not_found("profile")
    return profile_out(seen)


@routes.get("/{profile}/history")
def get_history(profile: OfPath, found: ProfileReader, here: Here) -> HistoryOut:
    """Return what was merged, split and undone, the oldest first."""
    must_be_an_id(profile, "profile")
    history = look_at_history(
        here.database, here.clock.now_ms(), profile=ProfileId(profile), actor=found.actor
    )
    if history is None:
        raise not_found("profile")
    return history_out(history)


@routes.post("/{profile}/merge", openapi_extra=DESCRIBED, response_model=ChangedOut)
def post_merge(
    request: Request, profile: OfPath, body: MergeIn, found: Operator, here: Here
) -> Response:
    """Make another profile part of this one. It can be undone: POST …/split with `undo`.

    `as` `one_person`: their enrolments are one human, whose visits follow from the evidence of all of them;
    `household`: several share a card, and each keeps her visits, her consent and her page.
    """
    must_be_an_id(profile, "profile")

    def act(work: UnitOfWork, asking: Asking) -> Done | Refused:
        return merge(
            work,
            here.entropy,
            asking,
            profile=ProfileId(profile),
            other=ProfileId(body.other),
            joined_as=body.joined_as,
            guards=here.site.guards,
        )

    return _changed(here, request, found, body, body.reason, act)


@routes.post("/{profile}/split", openapi_extra=DESCRIBED, response_model=ChangedOut)
def post_split(
    request: Request, profile: OfPath, body: SplitIn, found: Operator, here: Here
) -> Response:
    """Take a merge or split back (`undo`), or enrolments and identifiers out into a new profile."""
    must_be_an_id(profile, "profile")

    def act(work: UnitOfWork, asking: Asking) -> Done | Refused:
        whose = ProfileId(profile)
        if body.undo is not None:
            return undo_entry(work, here.entropy, asking, profile=whose, entry=body.undo)
        return split(
            work,
            here.entropy,
            asking,
            profile=whose,
            persons=body.enrolments,
            links=body.identifiers,
            new=None if body.profile_id is None else ProfileId(body.profile_id),
        )

    return _changed(here, request, found, body, body.reason, act)


def _card(here: Services, found: Staff, session: bytes, profile: ProfileId) -> ProfileOut:
    """Return what the card of somebody who is here says to staff; not found, if they may not open it."""
    seen = card_here(
        here.database,
        here.clock.now_ms(),
        stores=found.stores,
        viewer=found.role,
        profile=profile,
        ladder=here.site.ladder,
    )
    if seen is None:
        raise not_found("profile")
    visit = seen.visit
    look = Look(
        session=session,
        what=What.PROFILE_READ,
        visit=visit.id,
        person=visit.person,
        store=visit.store,
    )
    may_see(here, [look])
    return card_out(profile, seen)


def _changed(
    here: Services,
    request: Request,
    found: InCharge,
    body: MergeIn | SplitIn,
    reason: Reason,
    act: Callable[[UnitOfWork, Asking], Done | Refused],
) -> Response:
    """Carry a change out; tell boards of it once it is true."""
    done: list[Done] = []

    def carried(work: UnitOfWork) -> bytes | Refused:
        done.clear()
        asking = Asking(
            now_ms=here.clock.now_ms(), actor=found.actor, reason=reason, terms=here.site.terms
        )
        outcome = act(work, asking)
        if isinstance(outcome, Refused):
            return outcome
        done.append(outcome)
        return changed_out(outcome).model_dump_json(by_alias=True).encode()

    outcome = carry_out(here, request, found.secret, body, carried)
    if isinstance(outcome, Refused):
        status = _STATUS.get(outcome.guard, 409)
        raise ProblemError(status, outcome.guard.replace("_", "-"), outcome.detail)
    for each in done:
        here.live.all_changed(each.changed)
    return Response(outcome, media_type="application/json")
