"""`/admin/staff` and `/admin/consents`: who may look, who is signed in, and how many customers allow what.

Owns: what is shown of both.
Never: a customer: consents are counts, and small ones are not told. What somebody of the staff did: the day
of the last sign-in says whether an account is still used, and no more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse
from pydantic import BaseModel

from shopbell_server.core.consent.ledger import Change, Purpose
from shopbell_server.core.language import N_
from shopbell_server.usecases.staff.staff_sessions import NoSession, open_sessions, revoke_in
from shopbell_server.web.access.who import Here, own_page
from shopbell_server.web.access.writes import carry_out
from shopbell_server.web.admin.visitors import ONCE, Acting, Reading, form_of, page

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shopbell_server.core.registry import Role
    from shopbell_server.ports.database import UnitOfWork
    from shopbell_server.web.admin.visitors import Visitor
    from shopbell_server.web.services import Services

routes: Final = APIRouter(prefix="/admin", tags=["pages"])

LEAST: Final = 10
"""Fewer are not told: in a small shop an operator would know who they are."""

ROLES: Final[dict[Role, str]] = {
    "advisor": N_("Advisor"),
    "manager": N_("Manager"),
    "operator": N_("Operator"),
    "auditor": N_("Auditor"),
}

Said = Annotated[Literal["ended", "nothing"] | None, Query()]


class SessionForm(BaseModel):
    """Which session is to end."""

    session: str


@routes.get("/staff", include_in_schema=False)
def get_staff(request: Request, here: Here, found: Reading, said: Said = None) -> Response:
    """List the staff, and who is signed in."""
    sessions = open_sessions(here.database, here.clock.now_ms())
    with here.database.read() as work:
        everybody = sorted(work.registry.all_staff(), key=lambda each: (each.name, each.id))
        stores = {each.id: each for each in work.registry.stores()}
        last = work.audit.last_signed_in()
    rows = [
        {
            "staff": each,
            "role": found.voice.gettext(ROLES[each.role]),
            "stores": sorted(stores[name].name for name in each.stores if name in stores),
            "last_ms": last.get(each.id),
            "sessions": [session for session, _ in sessions if session.staff == each.id],
            "timezone": next(
                (stores[name].timezone for name in sorted(each.stores) if name in stores), "UTC"
            ),
        }
        for each in everybody
    ]
    return page(request, here, found, "admin_staff.html", {"rows": rows, "said": said})


@routes.post("/staff/sessions/end", include_in_schema=False, dependencies=[Depends(own_page)])
async def post_end(request: Request, here: Here, found: Acting) -> Response:
    """End somebody's session, on every screen within seconds."""
    fields = form_of(await request.body())
    return await run_in_threadpool(_ended, request, here, found, fields)


@routes.get("/consents", include_in_schema=False)
def get_consents(request: Request, here: Here, found: Reading) -> Response:
    """Count what customers allow."""
    with here.database.read() as work:
        tally = work.ledger.tally()
    rows = [
        (
            here.site.texts.of(purpose, found.voice.language).title,
            [_told(tally, purpose, *changes) for changes in _STATES],
        )
        for purpose in Purpose
    ]
    return page(request, here, found, "admin_consents.html", {"rows": rows, "least": LEAST})


def _told(tally: Mapping[tuple[Purpose, Change], int], purpose: Purpose, *of: Change) -> str:
    """Return the count, or that it is a small one. 0 is a small one too: it says something of everybody."""
    number = sum(tally.get((purpose, each), 0) for each in of)
    return str(number) if number >= LEAST else f"< {LEAST}"


def _ended(request: Request, here: Services, found: Visitor, fields: dict[str, str]) -> Response:
    body = SessionForm(session=fields.get("session", ""))

    def act(work: UnitOfWork) -> bytes | NoSession:
        now_ms = here.clock.now_ms()
        whose = revoke_in(work, now_ms, body.session, found.actor)
        return whose if isinstance(whose, NoSession) else b"ended"

    outcome = carry_out(here, request, found.secret, body, act, named=fields.get(ONCE))
    said = "nothing" if isinstance(outcome, NoSession) else "ended"
    return RedirectResponse(f"/admin/staff?said={said}", 303)


_STATES: Final = ((Change.GIVEN, Change.RENEWED), (Change.WITHDRAWN,), (Change.EXPIRED,))
