"""`/v1/visits…`: visits of the past and the present, for the staff of their stores."""

from __future__ import annotations

import base64
import binascii
import re
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Final, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel

from shopbell_server.core.audit.chain import What
from shopbell_server.core.board.disclosure import Field
from shopbell_server.core.evidence import EvidenceName
from shopbell_server.core.ids import Millis, VisitId
from shopbell_server.usecases.staff.looks import Look
from shopbell_server.usecases.staff.visits_list import Position, get_visit, list_visits
from shopbell_server.web.access.lookers import VisitsLooker
from shopbell_server.web.access.who import Here, may_see
from shopbell_server.web.http.problems import Fault, Problem, invalid, not_found
from shopbell_server.web.http.times import moment
from shopbell_server.web.live.leaving import only
from shopbell_server.web.live.rows import HandleOut, handle_out

if TYPE_CHECKING:
    from shopbell_server.core.language import Speech
    from shopbell_server.usecases.staff.visits_list import SeenVisit
    from shopbell_server.web.live.leaving import Fields

MOST_PER_PAGE: Final = 200

MOST_ID_CHARACTERS: Final = 64
"""A UUID has 36."""

_DIGITS: Final = re.compile(r"[0-9]{1,15}")
"""Milliseconds until the year 33658: what any database holds."""

routes: Final = APIRouter(
    prefix="/v1/visits",
    tags=["visits"],
    responses={status: {"model": Problem} for status in (401, 404, 422, 429, 503)},
)


class ZoneTimeOut(BaseModel):
    """How long she was in a zone."""

    zone: str
    dwell_s: int
    dwelt: bool
    """For so long that she was there and did not only cross it."""


class VisitOut(BaseModel):
    """A visit, as far as it may be shown to whoever asks."""

    id: str
    store: str
    state: Literal["candidate", "open", "ended"]
    revision: int
    began: datetime
    last: datetime
    duration_s: int
    duration_known: bool
    handle: HandleOut
    first_name: str | None
    language: str | None
    evidence: EvidenceName
    confidence: Literal["low", "medium", "high"]
    confidence_reasons: list[str]
    zones: list[ZoneTimeOut]
    reentries: int
    engaged: bool
    overlong: bool
    converted: bool | None
    """Whether she bought something; null where that may not be seen."""
    rule_version: str


VISIT: Final[Fields] = {
    "id": Field.PRESENCE,
    "store": Field.PRESENCE,
    "state": Field.PRESENCE,
    "revision": Field.PRESENCE,
    "began": Field.PRESENCE,
    "last": Field.PRESENCE,
    "duration_s": Field.PRESENCE,
    "duration_known": Field.PRESENCE,
    "handle": Field.HANDLE,
    "first_name": Field.FIRST_NAME,
    "language": Field.LANGUAGE,
    "evidence": Field.RECOGNITION,
    "confidence": Field.RECOGNITION,
    "confidence_reasons": Field.RECOGNITION,
    "zones": Field.STAY,
    "reentries": Field.STAY,
    "engaged": Field.STAY,
    "overlong": Field.STAY,
    "converted": Field.CONVERTED,
    "rule_version": Field.PRESENCE,
}
"""What each field of a visit tells. One that is not named here does not leave."""


class VisitsOut(BaseModel):
    """A page, newest first. `next_cursor` is null on the last one.

    A page may hold fewer than were asked for: what may not be shown is left out of it.
    """

    visits: list[VisitOut]
    next_cursor: str | None


@routes.get("")
def get_visits(
    looker: VisitsLooker,
    here: Here,
    page_size: Annotated[int, Query(ge=1, le=MOST_PER_PAGE)] = 50,
    cursor: Annotated[str | None, Query(max_length=128)] = None,
) -> VisitsOut:
    """Return a page of the visits in the caller's stores.

    Other systems read them with an API key that has the scope `visits`; they see nobody's name, and only
    customers who share with them (`share_with_cdp`).
    """
    page = list_visits(
        here.database,
        here.clock.now_ms(),
        stores=looker.stores,
        viewer=looker.viewer,
        after=None if cursor is None else _position(cursor),
        size=page_size,
        ladder=here.site.ladder,
    )
    may_see(here, [_look(looker.session, each) for each in page.visits])
    voice = here.catalogues.voice(looker.language)
    return VisitsOut(
        visits=[visit_out(each, voice) for each in page.visits],
        next_cursor=None if page.next is None else _cursor(page.next),
    )


@routes.get("/{visit}")
def get_one(visit: str, looker: VisitsLooker, here: Here) -> VisitOut:
    """Return one visit."""
    if not _can_be_an_id(visit):
        raise not_found("visit")
    seen = get_visit(
        here.database,
        here.clock.now_ms(),
        stores=looker.stores,
        viewer=looker.viewer,
        visit=VisitId(visit),
        ladder=here.site.ladder,
    )
    if seen is None:
        raise not_found("visit")
    may_see(here, [_look(looker.session, seen)])
    return visit_out(seen, here.catalogues.voice(looker.language))


def _look(session: bytes, seen: SeenVisit) -> Look:
    visit = seen.visit
    return Look(
        session=session,
        what=What.VISIT_READ,
        visit=visit.id,
        person=visit.person,
        store=visit.store,
    )


def visit_out(seen: SeenVisit, speech: Speech) -> VisitOut:
    """Return a visit as it leaves: of its fields those that `VISIT` names and that may be seen."""
    visit, person, session = seen.visit, seen.person, seen.visit.session
    values = {
        "id": visit.id,
        "store": visit.store,
        "state": visit.state,
        "revision": visit.revision,
        "began": moment(session.start_ms),
        "last": moment(session.end_ms),
        "duration_s": (session.end_ms - session.start_ms) // 1000,
        "duration_known": session.duration_known,
        "handle": handle_out(person.handle, speech),
        "first_name": person.first_name,
        "language": person.language,
        "evidence": session.evidence.written,
        "confidence": session.confidence.name.lower(),
        "confidence_reasons": list(session.reasons),
        "zones": [
            ZoneTimeOut(zone=each.zone, dwell_s=each.dwell_ms // 1000, dwelt=each.dwelt)
            for each in session.zones
        ],
        "reentries": session.reentries,
        "engaged": session.engaged,
        "overlong": session.overlong,
        "converted": visit.converted,
        "rule_version": session.rule_version,
    }
    return VisitOut(**only(values, VISIT, person.may))


def _can_be_an_id(text: str) -> bool:
    """Return whether every database can be asked for it: PostgreSQL takes no NUL."""
    return 0 < len(text) <= MOST_ID_CHARACTERS and text.isascii() and text.isprintable()


def _cursor(position: Position) -> str:
    text = f"{position.start_ms}.{position.visit}"
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def _position(cursor: str) -> Position:
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", validate=True).decode()
    except (ValueError, binascii.Error):
        text = ""
    start_ms, _, visit = text.partition(".")
    if _DIGITS.fullmatch(start_ms) is None or not _can_be_an_id(visit):
        fault = Fault(
            field="cursor",
            got=f"text of {len(cursor)} characters",
            allowed="next_cursor of a page, unchanged",
        )
        raise invalid([fault])
    return Position(Millis(int(start_ms)), VisitId(visit))
