"""`/me/take` and `/me/forget`: the customer takes everything along, or is forgotten.

Owns: the pages for it, which want that she came in a moment ago, and that she says so twice.
Never: what is in the file or what is erased (`/v1/me`, `usecases.keeping.erase`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse

from shopbell_server.core.access.customer_sessions import is_fresh
from shopbell_server.core.audit.chain import HERSELF
from shopbell_server.core.consent.ledger import Purpose
from shopbell_server.usecases.keeping.erase import erase
from shopbell_server.usecases.once import once
from shopbell_server.web.access.customers import PerhapsOnPage
from shopbell_server.web.access.session_cookies import PAGE_COOKIE
from shopbell_server.web.access.who import Here, own_page
from shopbell_server.web.customer.context import (
    Chosen,
    context_of,
    form_of,
    not_as_described,
    own_language,
    to_door,
)
from shopbell_server.web.http.rendering import render

if TYPE_CHECKING:
    from collections.abc import Collection

    from shopbell_server.core.ids import PersonId, StoreId
    from shopbell_server.core.language import Language
    from shopbell_server.ports.database import UnitOfWork
    from shopbell_server.usecases.customers.customer_page import Customer
    from shopbell_server.web.services import Services

routes: Final = APIRouter(tags=["me"], include_in_schema=False)


@routes.get("/me/take")
def get_take(
    request: Request,
    here: Here,
    found: PerhapsOnPage,
    chosen: Chosen,
    kind: Annotated[Literal["json", "csv"], Query(alias="format")] = "json",
) -> Response:
    """Lead to the file with everything; ask who came in a while ago to come in again."""
    if found is None:
        return to_door(chosen)
    if not is_fresh(found.session, here.clock.now_ms()):
        return _stale(request, here, found, chosen)
    return RedirectResponse(f"/v1/me/export?format={kind}", 303)


@routes.get("/me/forget")
def get_forget(request: Request, here: Here, found: PerhapsOnPage, chosen: Chosen) -> Response:
    """Say what being forgotten does, and ask again."""
    if found is None:
        return to_door(chosen)
    if not is_fresh(found.session, here.clock.now_ms()):
        return _stale(request, here, found, chosen)
    voice = here.catalogues.voice(own_language(request, here, found, chosen))
    context = context_of(here, voice, chosen)
    context["recognise"] = here.site.texts.of(Purpose.RECOGNISE_IN_STORE, voice.language).title
    return render(request, voice, "me_forget.html", context)


@routes.post("/me/forget", dependencies=[Depends(own_page)])
async def post_forget(
    request: Request, here: Here, found: PerhapsOnPage, chosen: Chosen
) -> Response:
    """Erase her, at once and for good, and sign her out."""
    if found is None:
        return to_door(chosen)
    if not is_fresh(found.session, here.clock.now_ms()):
        return await run_in_threadpool(_stale, request, here, found, chosen)
    if form_of(await request.body()).get("sure") != "yes":
        raise not_as_described("sure")
    language = await run_in_threadpool(own_language, request, here, found, chosen)
    await run_in_threadpool(_erase, here, found)
    answer = to_door(language, said="erased")
    PAGE_COOKIE.drop(answer)
    return answer


def _erase(here: Services, found: Customer) -> None:
    changed: dict[StoreId, Collection[PersonId]] = {}

    def act(work: UnitOfWork) -> bytes:
        erased = erase(
            work,
            here.entropy,
            here.clock.now_ms(),
            person=found.enrolment.person,
            actor=HERSELF,
            terms=here.site.terms,
        )
        if erased is not None:  # otherwise she was quicker on her phone
            changed.update(erased.changed)
        return b""

    # What is left to do after this commit is done within seconds by the job that completes erasures.
    once(here.database, None, here.clock.now_ms(), act)
    here.live.all_changed(changed)


def _stale(request: Request, here: Services, found: Customer, chosen: Language | None) -> Response:
    voice = here.catalogues.voice(own_language(request, here, found, chosen))
    return render(request, voice, "me_stale.html", context_of(here, voice, chosen), 403)
