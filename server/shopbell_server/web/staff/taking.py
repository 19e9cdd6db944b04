"""`POST /v1/visits/{id}/…`: somebody of the staff takes a customer, lets go of her, serves her."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Final, Literal

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel

from shopbell_server.core.ids import VisitId
from shopbell_server.core.serving.engagement import (
    HandedOver,
    HandOver,
    Mistake,
    Mistaken,
    Outcome,
    Refused,
    Release,
    Released,
    Serve,
    Served,
    Serving,
    Take,
    Taken,
)
from shopbell_server.usecases.serving.helping import Done, NotDone, Order, act_on
from shopbell_server.web.access.session_cookies import STAFF_COOKIE
from shopbell_server.web.access.who import Here, OwnSession, SignedIn, own_page
from shopbell_server.web.access.writes import DESCRIBED, carry_out
from shopbell_server.web.http.problems import Problem, ProblemError, must_be_an_id, not_found

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shopbell_server.core.registry import Staff
    from shopbell_server.core.serving.engagement import Act, State
    from shopbell_server.ports.database import UnitOfWork
    from shopbell_server.web.services import Services

routes: Final = APIRouter(
    prefix="/v1/visits",
    tags=["visits"],
    responses={
        status: {"model": Problem} for status in (400, 401, 403, 404, 409, 413, 415, 422, 429, 503)
    },
)


Word = Literal["taken", "serving", "released", "handed_over", "served", "not_this_person"]


class ServedIn(BaseModel):
    """What came of it."""

    outcome: Outcome


class EngagementOut(BaseModel):
    """How things stand with her now."""

    visit: str
    state: Word


@dataclass(frozen=True, slots=True)
class Asks:
    """Who asks, from a page of ours: somebody of the staff, in a session of this fingerprint."""

    staff: Staff
    session: bytes


def asks(request: Request, here: Here, found: SignedIn, session: OwnSession) -> Asks:
    """Let staff in by their session; what a browser was made to send by another page is refused."""
    own_page(request, here)
    return Asks(found, session)


OwnTablet = Annotated[Asks, Depends(asks)]


@routes.post("/{visit}/take", openapi_extra=DESCRIBED, response_model=EngagementOut)
def post_take(visit: str, request: Request, by: OwnTablet, here: Here) -> Response:
    """Take a customer; asked again by who has her: I am with her. 409 says who has her already.

    Without a touch for 20 minutes she is released.
    """
    return _done(here, request, by, visit, Take())


@routes.post("/{visit}/release", openapi_extra=DESCRIBED, response_model=EngagementOut)
def post_release(visit: str, request: Request, by: OwnTablet, here: Here) -> Response:
    """Let go of her. A manager may do it for a colleague."""
    return _done(here, request, by, visit, Release())


@routes.post("/{visit}/handover", openapi_extra=DESCRIBED, response_model=EngagementOut)
def post_handover(visit: str, request: Request, by: OwnTablet, here: Here) -> Response:
    """Leave her to a colleague: whoever takes her next. A manager may do it for a colleague."""
    return _done(here, request, by, visit, HandOver())


@routes.post("/{visit}/served", openapi_extra=DESCRIBED, response_model=EngagementOut)
def post_served(
    visit: str, body: ServedIn, request: Request, by: OwnTablet, here: Here
) -> Response:
    """Say that she was helped, and what came of it. Only who has her may; who that was is not kept."""
    return _done(here, request, by, visit, Serve(outcome=body.outcome), body)


@routes.post("/{visit}/not-this-person", openapi_extra=DESCRIBED, response_model=EngagementOut)
def post_not_this_person(visit: str, request: Request, by: OwnTablet, here: Here) -> Response:
    """Say that it is somebody else: for staff and systems she is not in the store during this visit.

    The visit itself stays hers, and she may be recognised again at the next. Who said so is in the audit.
    """
    return _done(here, request, by, visit, Mistake())


def _done(
    here: Services,
    request: Request,
    by: Asks,
    visit: str,
    act: Act,
    body: BaseModel | None = None,
) -> Response:
    must_be_an_id(visit, "visit")
    order = Order(by=by.staff, session=by.session, visit=VisitId(visit), act=act)
    done: Done | None = None
    not_done: NotDone | None = None

    def do(work: UnitOfWork) -> bytes | Refused:
        nonlocal done, not_done
        outcome = act_on(
            work,
            here.entropy,
            here.clock.now_ms(),
            order,
            terms=here.site.terms,
            ladder=here.site.ladder,
        )
        if outcome is None:
            return Refused.MISTAKEN
        if isinstance(outcome, NotDone):
            not_done = outcome
            return outcome.why
        done = outcome
        out = EngagementOut(visit=visit, state=_WORDS[type(outcome.engagement.state)])
        return out.model_dump_json().encode()

    answer = carry_out(here, request, STAFF_COOKIE.secret(request), body, do)
    if isinstance(answer, Refused):
        raise _refused(answer, not_done)
    if done is not None:
        here.live.changed(done.store, [done.person])
    return Response(answer, media_type="application/json")


def _refused(why: Refused, not_done: NotDone | None) -> ProblemError:
    match why:
        case Refused.MISTAKEN:
            return not_found("visit")
        case Refused.TAKEN:
            by = None if not_done is None else not_done.holder
            who = "a colleague" if by is None else f"{by.name} ({by.role})"
            return ProblemError(409, "taken", f"This customer is taken: by {who}.")
        case Refused.NOT_TAKEN:
            return ProblemError(409, "not-taken", "Nobody has taken this customer. Take her first.")
        case Refused.SERVED:
            return ProblemError(409, "served", "This customer was served already.")


_WORDS: Final[Mapping[type[State], Word]] = {
    Taken: "taken",
    Serving: "serving",
    Released: "released",
    HandedOver: "handed_over",
    Served: "served",
    Mistaken: "not_this_person",
}
