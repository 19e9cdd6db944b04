"""`/v1/stores/{store}/…`: who is here, once and live."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Header
from fastapi.responses import StreamingResponse

from shopbell_server.web.live import LiveEndedError
from shopbell_server.web.problems import Problem, ProblemError, not_found
from shopbell_server.web.rows import BoardOut, Boards, View
from shopbell_server.web.who import Here, OwnStore, SignedIn

routes: Final = APIRouter(
    prefix="/v1/stores",
    tags=["board"],
    responses={status: {"model": Problem} for status in (401, 404, 429, 503)},
)


@routes.get("/{store}/present")
def get_present(store: OwnStore, found: SignedIn, here: Here) -> BoardOut:
    """Return who is here, by consent and role, longest here first."""
    view = View(store, found.role, found.language)
    boards = Boards(here.database, here.clock, here.site.rules)
    board = boards.board(view, here.live.zones(view))
    if board is None:
        raise not_found("store")
    return board


@routes.get(
    "/{store}/stream",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {}}, "description": "snapshot, changed, …"}},
)
async def get_stream(
    store: OwnStore,
    found: SignedIn,
    here: Here,
    last_event_id: Annotated[str | None, Header(max_length=64)] = None,
) -> StreamingResponse:
    """Return the same, live: events `snapshot`, `changed`, `gone`, and `heartbeat` every 5 s.

    Each has an id; `Last-Event-ID` brings what was missed, or a snapshot.
    """
    view = View(store, found.role, found.language)
    try:
        events = await here.live.look(view, last_event_id)
    except LookupError:
        raise not_found("store") from None
    except LiveEndedError:
        detail = "The server is starting or stopping. Try again."
        raise ProblemError(503, "not-live", detail, headers={"Retry-After": "2"}) from None
    # A proxy that gathers bytes would hold the bell back.
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(events, media_type="text/event-stream", headers=headers)
