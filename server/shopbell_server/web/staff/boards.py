"""`/v1/stores/{store}/…`: who is here, once and live."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Header
from fastapi.responses import StreamingResponse

from shopbell_server.core.audit.chain import What
from shopbell_server.core.ids import StoreId
from shopbell_server.usecases.staff.looks import Look
from shopbell_server.web.access.lookers import PresentLooker
from shopbell_server.web.access.who import Here, OwnSession, OwnStore, SignedIn, may_see
from shopbell_server.web.http.problems import Problem, ProblemError, not_found
from shopbell_server.web.live.audience import LiveEndedError, NoRoomError, SessionFullError
from shopbell_server.web.live.rows import BoardOut, Boards, View
from shopbell_server.web.live.streams import EventStream

routes: Final = APIRouter(
    prefix="/v1/stores",
    tags=["board"],
    responses={status: {"model": Problem} for status in (401, 404, 429, 503)},
)


_LATER: Final = {"Retry-After": "20"}
"""A connection that went away is noticed after so long (`assembly.UNANSWERED_MS`)."""


@routes.get("/{store}/present")
def get_present(store: str, looker: PresentLooker, here: Here) -> BoardOut:
    """Return who is here, by consent and role; who is helped next first.

    Other systems read it with an API key that has the scope `present`; they see nobody's name, and only
    customers who share with them (`share_with_cdp`).
    """
    where = StoreId(store)
    if where not in looker.stores:
        raise not_found("store")
    view = View(where, looker.viewer, looker.language)
    boards = Boards(here.database, here.clock, here.site.rules, here.site.ladder, here.catalogues)
    board = boards.board(view, here.live.floor(where))
    if board is None:
        raise not_found("store")
    looks = [
        Look(session=looker.session, what=What.BOARD_READ, visit=visit, person=person, store=where)
        for visit, person in board.persons.items()
    ]
    may_see(here, looks)
    return board.out


@routes.get(
    "/{store}/stream",
    response_class=StreamingResponse,  # as FastAPI reads it; sent as an EventStream
    responses={200: {"content": {"text/event-stream": {}}, "description": "snapshot, changed, …"}},
)
async def get_stream(
    store: OwnStore,
    found: SignedIn,
    session: OwnSession,
    here: Here,
    last_event_id: Annotated[str | None, Header(max_length=64)] = None,
) -> EventStream:
    """Return the same, live: events `snapshot`, `changed`, `gone`, and `heartbeat` every 5 s.

    Each has an id; `Last-Event-ID` brings what was missed, or a snapshot. It ends within seconds of the
    session. At most 16 are open in a session (429), and 500 in all (503): `Retry-After` says when to come
    back.
    """
    view = View(store, found.role, found.language)
    try:
        stream = await here.live.look(view, session, last_event_id)
    except LookupError:
        raise not_found("store") from None
    except LiveEndedError:
        detail = "The server is starting or stopping. Try again."
        raise ProblemError(503, "not-live", detail, headers={"Retry-After": "2"}) from None
    except SessionFullError:
        detail = "Too many boards are open in this session. Close some, and try again."
        raise ProblemError(429, "too-many-streams", detail, headers=_LATER) from None
    except NoRoomError:
        detail = "Too many boards are open on this server. Try again later."
        raise ProblemError(503, "too-many-streams", detail, headers=_LATER) from None
    return EventStream(stream)
