"""`POST /me/help`: she asks for help in the store, or takes that back. A form of her page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fastapi import APIRouter, Depends, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse

from shopbell_server.usecases.once import once
from shopbell_server.usecases.serving.asking import ask_for_help
from shopbell_server.web.access.customers import PerhapsOnPage
from shopbell_server.web.access.who import Here, own_page
from shopbell_server.web.customer.context import (
    Chosen,
    chosen_query,
    form_of,
    not_as_described,
    to_door,
)

if TYPE_CHECKING:
    from shopbell_server.ports.database import UnitOfWork
    from shopbell_server.usecases.customers.customer_page import Customer
    from shopbell_server.usecases.serving.asking import Asked
    from shopbell_server.web.services import Services

routes: Final = APIRouter(tags=["me"], include_in_schema=False)


@routes.post("/me/help", dependencies=[Depends(own_page)])
async def post_help(request: Request, here: Here, found: PerhapsOnPage, chosen: Chosen) -> Response:
    """Ask for help where staff see her, or take it back; anywhere else nothing happens."""
    if found is None:
        return to_door(chosen)
    wants = form_of(await request.body()).get("help")
    if wants not in {"yes", "no"}:
        raise not_as_described("help")
    await run_in_threadpool(_ask, here, found, wants=wants == "yes")
    return RedirectResponse(f"/me{chosen_query(chosen)}#here", 303)


def _ask(here: Services, found: Customer, *, wants: bool) -> None:
    asked: Asked | None = None

    def act(work: UnitOfWork) -> bytes:
        nonlocal asked
        asked = ask_for_help(
            work,
            here.clock.now_ms(),
            found.enrolment,
            here.site.rules,
            here.site.ladder,
            wants=wants,
        )
        return b""

    once(here.database, None, here.clock.now_ms(), act)
    if asked is not None:
        here.live.changed(asked.store, [asked.person])
