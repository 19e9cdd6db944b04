"""`POST /v1/app/presence`: a phone that nobody can hear says where it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final, Literal

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field, StringConstraints

from shopbell_server.core.access.credentials import fingerprint
from shopbell_server.core.access.request_limits import Limit
from shopbell_server.core.visits.app_reports import OLDEST_MS, Spot
from shopbell_server.usecases.intake.app_presence import (
    NotReported,
    Report,
    Reported,
    report_presence,
)
from shopbell_server.web.access.who import Buckets, Here, OwnPhone
from shopbell_server.web.access.writes import DESCRIBED, carry_out
from shopbell_server.web.http.fields import At
from shopbell_server.web.http.problems import Fault, Problem, ProblemError, invalid
from shopbell_server.web.http.times import millis
from shopbell_server.web.phones.enrolling import PROBLEMS

if TYPE_CHECKING:
    from collections.abc import Collection

    from shopbell_server.core.ids import PersonId, StoreId
    from shopbell_server.ports.database import UnitOfWork

routes: Final = APIRouter(prefix="/v1/app/presence", tags=["app"], responses=PROBLEMS)

Number = Annotated[int, Field(ge=0, le=65_535)]


class SpotIn(BaseModel):
    """How the phone heard the beacon: the three parts of an iBeacon."""

    uuid: Annotated[
        str,
        StringConstraints(
            pattern=r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$", to_lower=True
        ),
    ]
    major: Number
    minor: Number

    def spot(self) -> Spot:
        """Return it as the registry knows it."""
        return Spot(uuid=self.uuid, major=self.major, minor=self.minor)


class PresenceIn(BaseModel):
    """A beacon of a store, by the name that the registry has for it or as it is heard; and what of it."""

    beacon: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,40}$")] | SpotIn
    state: Literal["enter", "inside", "exit"]
    at: At
    """When the phone noticed, not when it could say so."""

    def report(self) -> Report:
        """Return it as the use case takes it."""
        said = self.beacon
        beacon = said.spot() if isinstance(said, SpotIn) else said
        return Report(beacon=beacon, state=self.state, at_ms=millis(self.at))


class PresenceOut(BaseModel):
    """The report is taken. The same one, said again, gets the same answer and changes nothing."""

    store: str
    """In which the beacon hangs."""


@routes.post(
    "",
    openapi_extra=DESCRIBED,
    response_model=PresenceOut,
    responses={403: {"model": Problem, "description": "recognise_in_store was or is not given."}},
)
def post_presence(
    request: Request, body: PresenceIn, found: OwnPhone, here: Here, buckets: Buckets
) -> Response:
    """Say that this phone came to a beacon of a store, is still there, or has left it.

    It is a hint, until an edge in that store notices her as well. Who says nothing more is taken to be there
    for as long as the store expects people to stay.
    """
    buckets.draw(Limit.PRESENCE, fingerprint(found.secret))
    changed: dict[StoreId, Collection[PersonId]] = {}

    def act(work: UnitOfWork) -> bytes | NotReported:
        reported = report_presence(
            work,
            here.entropy,
            here.clock.now_ms(),
            enrolment=found.enrolment,
            report=body.report(),
            terms=here.site.terms,
        )
        if not isinstance(reported, Reported):
            return reported
        changed.update(reported.changed)
        return PresenceOut(store=reported.store).model_dump_json().encode()

    outcome = carry_out(here, request, found.secret, body, act)
    if isinstance(outcome, NotReported):
        raise _refused(outcome)
    here.live.all_changed(changed)
    return Response(outcome, 200, media_type="application/json")


def _refused(why: NotReported) -> ProblemError:
    if why is NotReported.NO_CONSENT:
        detail = "A report needs the consent recognise_in_store, at its time and now."
        return ProblemError(403, "no-consent", detail)
    return invalid([_FAULTS[why]])


_FAULTS: Final = {
    NotReported.UNKNOWN_BEACON: Fault(
        field="beacon",
        got="a beacon that is not known here",
        allowed="one of `beacons` of a store in the seed",
    ),
    NotReported.FROM_THE_FUTURE: Fault(
        field="at", got="a time in the future", allowed="at most 5 minutes ahead"
    ),
    NotReported.TOO_OLD: Fault(
        field="at",
        got="a time of long ago",
        allowed=f"at most {OLDEST_MS // 86_400_000} days ago",
    ),
}
