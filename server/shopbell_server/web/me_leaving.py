"""`/me/take` and `/me/forget`: the customer takes everything along, or is forgotten.

Owns: the pages for it, which want that she came in a moment ago, and that she says so twice.
Never: what is in the file or what is erased (`/v1/me`, `usecases.erase`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final, Literal

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse

from shopbell_server.core.customer_sessions import is_fresh
from shopbell_server.web.customers import PerhapsOnPage
from shopbell_server.web.me_context import (
    TEMPLATES,
    Chosen,
    chosen_query,
    context_of,
    own_language,
)
from shopbell_server.web.page_links import ENTRANCE
from shopbell_server.web.who import Here

if TYPE_CHECKING:
    from shopbell_server.core.handles import Language
    from shopbell_server.usecases.customer_page import Customer
    from shopbell_server.web.services import Services

routes: Final = APIRouter(tags=["me"], include_in_schema=False)


@routes.get("/me/take")
def get_take(
    request: Request,
    here: Here,
    found: PerhapsOnPage,
    kind: Annotated[Literal["json", "csv"], Query(alias="format")] = "json",
    chosen: Chosen = None,
) -> Response:
    """Lead to the file with everything; ask who came in a while ago to come in again."""
    if found is None:
        return RedirectResponse(f"{ENTRANCE}{chosen_query(chosen)}", 303)
    if not is_fresh(found.session, here.clock.now_ms()):
        return _stale(request, here, found, chosen)
    return RedirectResponse(f"/v1/me/export?format={kind}", 303)


def _stale(request: Request, here: Services, found: Customer, chosen: Language | None) -> Response:
    language = own_language(request, here, found, chosen)
    return TEMPLATES.TemplateResponse(
        request, "me_stale.html", context_of(here, language, chosen), 403
    )
