"""`GET /v1/me/export` and `DELETE /v1/me`: take everything along, be forgotten.

Owns: what is answered. Both want a fresh proof that it is she.
Never: what is in the file (`usecases.keeping.export`), or what is erased (`usecases.keeping.erase`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

from fastapi import APIRouter, Query, Request, Response

from shopbell_server.core.audit.chain import HERSELF
from shopbell_server.core.keeping.takeout import as_json, as_zip
from shopbell_server.usecases.customers.fresh_proof import NotProven, prove
from shopbell_server.usecases.keeping.erase import erase
from shopbell_server.usecases.keeping.export import Form, export
from shopbell_server.usecases.once import once
from shopbell_server.web.access.customers import OwnDataProven, not_proven
from shopbell_server.web.access.who import Here
from shopbell_server.web.access.writes import DESCRIBED, carry_out
from shopbell_server.web.http.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Collection

    from shopbell_server.core.ids import PersonId, StoreId
    from shopbell_server.ports.database import UnitOfWork

routes: Final = APIRouter(
    prefix="/v1/me",
    tags=["me"],
    responses={status: {"model": Problem} for status in (401, 403, 429, 503)},
)

_KIND: Final = {"json": ("application/json", "json"), "csv": ("application/zip", "zip")}


@routes.get("/export", response_class=Response)
def get_export(
    found: OwnDataProven, here: Here, form: Annotated[Form, Query(alias="format")] = "json"
) -> Response:
    """Return everything of this enrolment as a file: JSON, or a ZIP of CSV files."""
    now_ms = here.clock.now_ms()

    def act(work: UnitOfWork) -> bytes | NotProven:
        refused = prove(work, found.enrolment, found.proof, now_ms)
        if refused is not None:
            return refused
        enrolment = work.people.enrolments([found.enrolment.person]).get(found.enrolment.person)
        if enrolment is None:
            return NotProven.NOT_FRESH  # she was forgotten a moment ago
        taken = export(
            work, now_ms, enrolment=enrolment, rules=here.site.rules, actor=HERSELF, form=form
        )
        return as_json([taken]) if form == "json" else as_zip([taken])

    outcome = once(here.database, None, now_ms, act)
    if not isinstance(outcome, bytes):
        raise not_proven()
    media_type, ending = _KIND[form]
    return Response(
        outcome,
        media_type=media_type,
        headers={
            "Content-Disposition": f'attachment; filename="shopbell.{ending}"',
            "Cache-Control": "no-store",
        },
    )


@routes.delete("", status_code=202, response_class=Response, openapi_extra=DESCRIBED)
def delete_me(request: Request, found: OwnDataProven, here: Here) -> Response:
    """Forget this enrolment: its rows are gone with this answer, its keys seconds later, sinks are told."""
    now_ms = here.clock.now_ms()
    changed: dict[StoreId, Collection[PersonId]] = {}

    def act(work: UnitOfWork) -> bytes | NotProven:
        refused = prove(work, found.enrolment, found.proof, now_ms)
        if refused is not None:
            return refused
        person = found.enrolment.person
        erased = erase(
            work, here.entropy, now_ms, person=person, actor=HERSELF, terms=here.site.terms
        )
        changed.clear()
        if erased is not None:  # otherwise she was quicker at her page: the answer is the same
            changed.update(erased.changed)
        return b""

    outcome = carry_out(here, request, found.secret, None, act)
    if isinstance(outcome, NotProven):
        raise not_proven()
    here.live.all_changed(changed)
    return Response(status_code=202)
