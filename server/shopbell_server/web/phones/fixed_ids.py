"""`/v1/app/fixed-ids`: a customer's fobs and cards, which she registers with her phone.

Owns: what is sent and answered.
Never: an id in an answer or a path: it is in the body of the request that registers it, and nowhere else.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Final

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, StringConstraints

from shopbell_server.core.recognition.fixed_ids import MOST
from shopbell_server.usecases.customers.fixed_ids import (
    NotGivenBack,
    NotRegistered,
    give_back,
    register,
)
from shopbell_server.web.access.who import Here, OwnPhone
from shopbell_server.web.access.writes import DESCRIBED, carry_out
from shopbell_server.web.http.problems import Problem, ProblemError, must_be_an_id, not_found
from shopbell_server.web.http.times import moment
from shopbell_server.web.phones.enrolling import PROBLEMS

if TYPE_CHECKING:
    from shopbell_server.core.recognition.fixed_ids import FixedId
    from shopbell_server.ports.database import UnitOfWork

routes: Final = APIRouter(prefix="/v1/app/fixed-ids", tags=["app"], responses=PROBLEMS)


class FixedIdIn(BaseModel):
    """The id that a fob or card sends, in hexadecimal.

    20 bytes of an AltBeacon, or of an iBeacon (UUID, major, minor); 16 of an Eddystone-UID (namespace,
    instance).
    """

    id: Annotated[
        str,
        StringConstraints(pattern=r"^([0-9a-fA-F]{32}|[0-9a-fA-F]{40})$", to_lower=True),
    ]


class FixedIdOut(BaseModel):
    """One that is hers. `fixed_id` is a name for it, from which nobody can tell what it sends."""

    fixed_id: str
    registered_at: datetime


class FixedIdsOut(BaseModel):
    """All that are hers, in the order in which they became so."""

    fixed_ids: list[FixedIdOut]


_REFUSED: Final = {
    NotRegistered.NO_CONSENT: (403, "no-consent", "A fob needs the consent recognise_in_store."),
    NotRegistered.TAKEN: (409, "taken", "This fob is registered already, and not to you."),
    NotRegistered.TOO_MANY: (409, "too-many", f"{MOST} are the most; give one back first."),
}


@routes.post(
    "",
    openapi_extra=DESCRIBED,
    status_code=201,
    response_model=FixedIdOut,
    responses={
        403: {"model": Problem, "description": "No consent, or no fobs at this retailer."},
        409: {"model": Problem, "description": "Somebody else's, or too many."},
    },
)
def post_fixed_id(request: Request, body: FixedIdIn, found: OwnPhone, here: Here) -> Response:
    """Register a fob or card: from now on it stands for her. Asking again is fine."""
    mark_of = here.mark_of
    if mark_of is None:
        raise ProblemError(403, "not-offered", "This retailer recognises no fobs.")

    def act(work: UnitOfWork) -> bytes | NotRegistered:
        registered = register(
            work,
            here.entropy,
            here.clock.now_ms(),
            person=found.enrolment.person,
            mark=mark_of(body.id),
        )
        if isinstance(registered, NotRegistered):
            return registered
        return _out(registered).model_dump_json().encode()

    outcome = carry_out(here, request, found.secret, body, act)
    if isinstance(outcome, NotRegistered):
        raise ProblemError(*_REFUSED[outcome])
    return Response(outcome, 201, media_type="application/json")


@routes.get("")
def get_fixed_ids(found: OwnPhone, here: Here) -> FixedIdsOut:
    """Return which are hers."""
    with here.database.read() as work:
        hers = work.people.fixed_ids_of(found.enrolment.person)
    return FixedIdsOut(fixed_ids=[_out(each) for each in hers])


@routes.delete(
    "/{fixed_id}",
    openapi_extra=DESCRIBED,
    status_code=204,
    response_class=Response,
    responses={404: {"model": Problem, "description": "It is not hers, or not any more."}},
)
def delete_fixed_id(request: Request, fixed_id: str, found: OwnPhone, here: Here) -> Response:
    """Give a fob or card back: from now on it stands for nobody."""
    must_be_an_id(fixed_id, "fob")

    def act(work: UnitOfWork) -> bytes | NotGivenBack:
        person = found.enrolment.person
        now_ms = here.clock.now_ms()
        return give_back(work, now_ms, person=person, name=fixed_id) or b""

    if isinstance(carry_out(here, request, found.secret, None, act), NotGivenBack):
        raise not_found("fob")
    return Response(status_code=204)


def _out(fixed_id: FixedId) -> FixedIdOut:
    return FixedIdOut(fixed_id=fixed_id.name, registered_at=moment(fixed_id.registered_ms))
