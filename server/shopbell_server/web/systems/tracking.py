"""`/v1/batch` and its kin: Segment's tracking API, so that its libraries may be pointed here.

Owns: the paths, the answers as those libraries expect them, and what pages of other sites may send.
Never: what is kept (`usecases.channels`). What is dropped is answered as
accepted, as Segment does, and counted.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Annotated, Final

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response
from prometheus_client import Counter as Metric

from shopbell_server.core.channels.tracked import CALLS
from shopbell_server.usecases.channels.take import ChannelTerms, Taken, not_for_browsers, take
from shopbell_server.usecases.once import once
from shopbell_server.web.access.who import (  # read when routes are made
    Buckets,  # noqa: TC001
    Here,  # noqa: TC001
)
from shopbell_server.web.access.write_keys import sender_of
from shopbell_server.web.http import problems
from shopbell_server.web.http.problems import ProblemError
from shopbell_server.web.systems.tracking_body import batch_in, event_in, unpacked

if TYPE_CHECKING:
    from shopbell_server.core.channels.tracked import Call
    from shopbell_server.ports.database import UnitOfWork
    from shopbell_server.web.http.limits import Limits
    from shopbell_server.web.services import Services
    from shopbell_server.web.systems.tracking_body import Body

_EVENTS: Final = Metric(
    "shopbell_channel_events", "Events of other channels, by what became of them.", ["result"]
)

routes: Final = APIRouter(tags=["channels"])

_CORS: Final = {"Access-Control-Allow-Origin": "*"}
"""Anybody's page may send, and nothing is answered that is anybody's: a key is all that lets it in, and no
cookie goes along."""

_PREFLIGHT: Final = {
    **_CORS,
    "Access-Control-Allow-Methods": "POST",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, X-Retry-Count",
    "Access-Control-Max-Age": "86400",
}
"""What Segment's browser library sends beside a plain request."""

DESCRIBED: Final = {
    "requestBody": {
        "required": True,
        "description": "As Segment's libraries send it; JSON, also as text/plain, plain or with gzip.",
        "content": {
            each: {"schema": {"type": "object"}} for each in ("application/json", "text/plain")
        },
    },
}


async def _whole(request: Request) -> bytes:
    return await request.body()


Bytes = Annotated[bytes, Depends(_whole)]


def _add(path: str, call: Call | None, *, of_browsers: bool) -> None:
    name = call or "batch"

    def post(request: Request, body: Bytes, here: Here, buckets: Buckets) -> Response:
        headers = _CORS if of_browsers else {}
        try:
            plain = unpacked(body, request.headers.get("content-encoding", ""))
            sent = batch_in(plain) if call is None else event_in(plain, call)
            _take(request, sent, here, buckets)
        except ProblemError as error:
            return _refused(error, headers)
        return JSONResponse({"success": True}, headers=headers)

    routes.add_api_route(
        path,
        post,
        methods=["POST"],
        name=f"post_{name}{'_of_browser' if of_browsers else ''}",
        summary=f"Take in `{name}` of another channel",
        description="Accepted is also what is dropped: the README says what is kept.",
        openapi_extra=DESCRIBED,
        response_class=JSONResponse,
    )
    if of_browsers:

        def preflight() -> Response:
            return Response(status_code=204, headers=_PREFLIGHT)

        routes.add_api_route(
            path,
            preflight,
            methods=["OPTIONS"],
            name=f"let_{name}_of_browser",
            summary="Let pages of other sites send",
            status_code=204,
            response_class=Response,
        )


def _take(request: Request, body: Body, here: Services, buckets: Limits) -> None:
    sender = sender_of(request, here, buckets, body.write_key)
    now_ms = here.clock.now_ms()
    sent = body.read(now_ms)
    if not sender.is_server and not_for_browsers(sent.events):
        detail = (
            "A browser's key sends anonymous page, screen and track alone, and nothing that a service "
            "says. Send the rest from your server, with a key of kind channel."
        )
        raise ProblemError(403, "not-for-browsers", detail)
    taken = Taken()

    def act(work: UnitOfWork) -> bytes:
        nonlocal taken
        terms = ChannelTerms(user_id=here.site.user_id, guards=here.site.guards)
        taken = take(work, here.entropy, now_ms, events=sent.events, sender=sender, terms=terms)
        return b""

    if sent.events:
        once(here.database, None, now_ms, act)
    _count("kept", taken.kept)
    _count("repeated", taken.repeated)
    for why, number in (Counter(sent.dropped) + Counter(taken.dropped)).items():
        _count(why.value, number)
    here.live.all_changed(taken.changed)


def _refused(error: ProblemError, headers: dict[str, str]) -> Response:
    """Return a refusal in Segment's form: its libraries show `code` and `message`."""
    problems.count(error.kind)
    content = {"success": False, "code": error.kind.replace("-", "_"), "message": error.detail}
    return JSONResponse(content, error.status, {**error.headers, **headers})


def _count(result: str, number: int) -> None:
    _EVENTS.labels(result).inc(number)


_add("/v1/batch", None, of_browsers=False)
_add("/v1/b", None, of_browsers=True)
for _call in CALLS:
    _add(f"/v1/{_call}", _call, of_browsers=False)
    # Of browsers, which want no leave for it: by the first letter.
    _add(f"/v1/{_call[0]}", _call, of_browsers=True)
