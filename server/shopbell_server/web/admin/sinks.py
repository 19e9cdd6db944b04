"""`/admin/sinks`: what waits for receivers, what they did not take, and what to do about it.

Owns: what is shown of them, and the forms.
Never: what a dead letter is, or whether it may still be sent (`usecases.delivery`).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Final, Literal, get_args

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse
from pydantic import BaseModel

from shopbell_server.core.ids import FactId
from shopbell_server.core.language import N_
from shopbell_server.usecases.delivery.dead_letters import (
    MOST,
    Nothing,
    Reason,
    dead_letters,
    discard,
    look_at,
    replay,
    sinks_now,
)
from shopbell_server.web.access.who import Here, own_page
from shopbell_server.web.access.writes import carry_out
from shopbell_server.web.admin.visitors import (
    ONCE,
    Acting,
    Reading,
    form_of,
    not_as_described,
    page,
)
from shopbell_server.web.http.problems import must_be_an_id, not_found

if TYPE_CHECKING:
    from shopbell_server.ports.database import UnitOfWork
    from shopbell_server.web.admin.visitors import Visitor
    from shopbell_server.web.services import Services

routes: Final = APIRouter(prefix="/admin/sinks", tags=["pages"])

SinkName = Annotated[str, Path(min_length=1, max_length=64)]
FactName = Annotated[str, Path(min_length=1, max_length=64)]
Said = Annotated[Literal["again", "gone", "nothing"] | None, Query()]

SAID: Final = {
    "again": N_("It is sent again within seconds, as far as customers still allow it."),
    "gone": N_("It is thrown away."),
    "nothing": N_("There was nothing to do: somebody else was quicker."),
}

REASONS: Final[dict[Reason, str]] = {
    "never_taken": N_("The receiver will never take it"),
    "out_of_date": N_("Nobody needs it any more"),
    "told_otherwise": N_("The receiver was told in another way"),
    "mistake": N_("It should never have been sent"),
}

TIMEZONE: Final = "UTC"
"""Of receivers: they are in no store, and their own logs are in it."""


class LetterForm(BaseModel):
    """What a form says of dead letters: which one, None for all, and why it is thrown away."""

    fact: str | None
    reason: str | None = None


@routes.get("", include_in_schema=False)
def get_sinks(request: Request, here: Here, found: Reading) -> Response:
    """List them."""
    with here.database.read() as work:
        sinks = sinks_now(work, here.site.sinks)
    return page(request, here, found, "admin_sinks.html", {"sinks": sinks})


@routes.get("/{sink}", include_in_schema=False)
def get_sink(
    request: Request, here: Here, found: Reading, sink: SinkName, said: Said = None
) -> Response:
    """Show what one did not take."""
    must_be_an_id(sink, "sink")
    with here.database.read() as work:
        known = [each for each in sinks_now(work, here.site.sinks) if each.name == sink]
        if not known:
            raise not_found("sink")
        letters = dead_letters(work, sink)
    context = {
        "sink": known[0],
        "letters": letters,
        "most": MOST,
        "said": None if said is None else found.voice.gettext(SAID[said]),
        "timezone": TIMEZONE,
    }
    return page(request, here, found, "admin_sink.html", context)


@routes.get("/{sink}/{fact}", include_in_schema=False)
def get_letter(
    request: Request, here: Here, found: Acting, sink: SinkName, fact: FactName
) -> Response:
    """Look at a dead letter: on record, and the customer is told."""
    must_be_an_id(sink + fact, "dead letter")
    seen = look_at(
        here.database, here.clock.now_ms(), sink=sink, fact=FactId(fact), actor=found.actor
    )
    if seen is None:
        raise not_found("dead letter")
    context = {
        "sink": sink,
        "letter": seen.listed,
        "event": json.dumps(seen.event, indent=2, ensure_ascii=False),
        "reasons": {key: found.voice.gettext(text) for key, text in REASONS.items()},
        "timezone": TIMEZONE,
    }
    return page(request, here, found, "admin_letter.html", context)


@routes.post("/{sink}/replay", include_in_schema=False, dependencies=[Depends(own_page)])
async def post_replay(request: Request, here: Here, found: Acting, sink: SinkName) -> Response:
    """Send one dead letter again, or all of the sink."""
    fields = form_of(await request.body())
    return await run_in_threadpool(_replayed, request, here, found, sink, fields)


@routes.post("/{sink}/discard", include_in_schema=False, dependencies=[Depends(own_page)])
async def post_discard(request: Request, here: Here, found: Acting, sink: SinkName) -> Response:
    """Throw a dead letter away."""
    fields = form_of(await request.body())
    return await run_in_threadpool(_discarded, request, here, found, sink, fields)


def _replayed(
    request: Request, here: Services, found: Visitor, sink: str, fields: dict[str, str]
) -> Response:
    must_be_an_id(sink + fields.get("fact", ""), "dead letter")
    _require(here, sink)
    body = LetterForm(fact=fields.get("fact"))

    def act(work: UnitOfWork) -> bytes | Nothing:
        fact = None if body.fact is None else FactId(body.fact)
        done = replay(work, here.clock.now_ms(), sink=sink, fact=fact, actor=found.actor)
        return done if isinstance(done, Nothing) else b"again"

    return _led_back(
        sink, carry_out(here, request, found.secret, body, act, named=fields.get(ONCE))
    )


def _discarded(
    request: Request, here: Services, found: Visitor, sink: str, fields: dict[str, str]
) -> Response:
    fact, reason = fields.get("fact", ""), fields.get("reason", "")
    must_be_an_id(sink + fact, "dead letter")
    _require(here, sink)
    chosen: Reason | None = next((each for each in get_args(Reason) if each == reason), None)
    if chosen is None:
        raise not_as_described("reason")
    body = LetterForm(fact=fact, reason=chosen)

    def act(work: UnitOfWork) -> bytes | Nothing:
        done = discard(
            work,
            here.clock.now_ms(),
            sink=sink,
            fact=FactId(fact),
            actor=found.actor,
            reason=chosen,
        )
        return done if isinstance(done, Nothing) else b"gone"

    return _led_back(
        sink, carry_out(here, request, found.secret, body, act, named=fields.get(ONCE))
    )


def _require(here: Services, sink: str) -> None:
    with here.database.read() as work:
        if sink not in {each.name for each in sinks_now(work, here.site.sinks)}:
            raise not_found("sink")


def _led_back(sink: str, outcome: bytes | Nothing) -> Response:
    said = "nothing" if isinstance(outcome, Nothing) else outcome.decode()
    return RedirectResponse(f"/admin/sinks/{sink}?said={said}", 303)
