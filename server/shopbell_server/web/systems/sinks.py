"""`/v1/sinks…`: how sinks do, and their dead letters."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Final

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel, ConfigDict

from shopbell_server.core.ids import FactId
from shopbell_server.usecases.delivery.dead_letters import (
    Nothing,
    Reason,
    dead_letters,
    discard,
    look_at,
    replay,
    sinks_now,
)
from shopbell_server.web.access.operators import SinkKeeper
from shopbell_server.web.access.who import Here
from shopbell_server.web.access.writes import DESCRIBED, carry_out
from shopbell_server.web.http.problems import Problem, must_be_an_id, not_found
from shopbell_server.web.http.times import moment

if TYPE_CHECKING:
    from collections.abc import Callable

    from shopbell_server.ports.database import UnitOfWork
    from shopbell_server.usecases.delivery.dead_letters import Listed
    from shopbell_server.web.access.operators import InCharge
    from shopbell_server.web.services import Services

routes: Final = APIRouter(
    prefix="/v1/sinks",
    tags=["sinks"],
    responses={status: {"model": Problem} for status in (401, 403, 404, 409, 422, 429, 503)},
)

SinkName = Annotated[str, Path(min_length=1, max_length=64)]
FactName = Annotated[str, Path(min_length=1, max_length=64)]
"""A UUID has 36."""


class SinkOut(BaseModel):
    """How a sink does. One that is not configured any more may still have dead letters."""

    name: str
    configured: bool
    waiting: int
    waiting_since: datetime | None
    dead_letters: int


class SinksOut(BaseModel):
    """All of them, by name."""

    sinks: list[SinkOut]


class DeadLetterOut(BaseModel):
    """An event that was given up, and what the sink answered last. Nothing of the customer."""

    id: str
    type: str
    recorded: datetime
    given_up: datetime
    attempts: int
    reason: str


class DeadLettersOut(BaseModel):
    """The latest 200, the latest first."""

    dead_letters: list[DeadLetterOut]


class SeenOut(DeadLetterOut):
    """One of them, with what the sink would get but for who it is about."""

    event: dict[str, Any]


class DiscardIn(BaseModel):
    """Why it is thrown away."""

    model_config = ConfigDict(extra="forbid")

    reason: Reason


class DoneOut(BaseModel):
    """How many dead letters it was done with."""

    count: int


@routes.get("")
def get_sinks(_found: SinkKeeper, here: Here) -> SinksOut:
    """Return how the sinks do."""
    with here.database.read() as work:
        found = sinks_now(work, here.site.sinks)
    return SinksOut(
        sinks=[
            SinkOut(
                name=each.name,
                configured=each.configured,
                waiting=each.waiting,
                waiting_since=None if each.since_ms is None else moment(each.since_ms),
                dead_letters=each.dead,
            )
            for each in found
        ]
    )


@routes.get("/{sink}/dead-letters")
def get_dead_letters(sink: SinkName, _found: SinkKeeper, here: Here) -> DeadLettersOut:
    """Return what was given up of a sink."""
    must_be_an_id(sink, "sink")
    with here.database.read() as work:
        if not is_known(work, here, sink):
            raise not_found("sink")
        found = dead_letters(work, sink)
    return DeadLettersOut(dead_letters=[DeadLetterOut(**_out(each)) for each in found])


@routes.get("/{sink}/dead-letters/{fact}")
def get_dead_letter(sink: SinkName, fact: FactName, found: SinkKeeper, here: Here) -> SeenOut:
    """Return one of them. The look is on record, and the customer whom it is about is told of it."""
    must_be_an_id(sink + fact, "dead letter")
    seen = look_at(
        here.database, here.clock.now_ms(), sink=sink, fact=FactId(fact), actor=found.actor
    )
    if seen is None:
        raise not_found("dead letter")
    return SeenOut(**_out(seen.listed), event=dict(seen.event))


@routes.post("/{sink}/dead-letters/replay", openapi_extra=DESCRIBED, response_model=DoneOut)
def post_replay_all(request: Request, sink: SinkName, found: SinkKeeper, here: Here) -> Response:
    """Send all dead letters of a sink again: those whose customers still allow it."""
    must_be_an_id(sink, "sink")

    def act(work: UnitOfWork) -> int | Nothing:
        if not is_known(work, here, sink):
            return Nothing.NOTHING
        now_ms = here.clock.now_ms()
        return replay(work, now_ms, sink=sink, fact=None, actor=found.actor)

    return _done(here, request, found, None, act, "sink")


@routes.post("/{sink}/dead-letters/{fact}/replay", openapi_extra=DESCRIBED, response_model=DoneOut)
def post_replay(
    request: Request, sink: SinkName, fact: FactName, found: SinkKeeper, here: Here
) -> Response:
    """Send a dead letter again, if its customer still allows it. It goes out with the same id."""
    must_be_an_id(sink + fact, "dead letter")

    def act(work: UnitOfWork) -> int | Nothing:
        now_ms = here.clock.now_ms()
        return replay(work, now_ms, sink=sink, fact=FactId(fact), actor=found.actor)

    return _done(here, request, found, None, act, "dead letter")


@routes.post("/{sink}/dead-letters/{fact}/discard", openapi_extra=DESCRIBED, response_model=DoneOut)
def post_discard(
    request: Request, sink: SinkName, fact: FactName, body: DiscardIn, found: SinkKeeper, here: Here
) -> Response:
    """Throw a dead letter away, for good."""
    must_be_an_id(sink + fact, "dead letter")

    def act(work: UnitOfWork) -> int | Nothing:
        now_ms = here.clock.now_ms()
        return discard(
            work, now_ms, sink=sink, fact=FactId(fact), actor=found.actor, reason=body.reason
        )

    return _done(here, request, found, body, act, "dead letter")


def is_known(work: UnitOfWork, here: Services, sink: str) -> bool:
    """Return whether there is a sink of that name, or was one that has dead letters."""
    return sink in here.site.sinks or sink in work.outgoing.dead()


def _done(
    here: Services,
    request: Request,
    found: InCharge,
    body: BaseModel | None,
    act: Callable[[UnitOfWork], int | Nothing],
    what: str,
) -> Response:
    def carried(work: UnitOfWork) -> bytes | Nothing:
        outcome = act(work)
        if isinstance(outcome, Nothing):
            return outcome
        return DoneOut(count=outcome).model_dump_json().encode()

    outcome = carry_out(here, request, found.secret, body, carried)
    if isinstance(outcome, Nothing):
        raise not_found(what)
    return Response(outcome, media_type="application/json")


def _out(listed: Listed) -> dict[str, Any]:
    return {
        "id": listed.fact,
        "type": listed.kind,
        "recorded": moment(listed.recorded_ms),
        "given_up": moment(listed.dead_ms),
        "attempts": listed.attempts,
        "reason": listed.reason,
    }
