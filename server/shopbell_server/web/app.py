"""The application: routes, the door before them, and how errors are told.

Owns: putting the pieces together. Nothing is built on import.
Never: creates tasks; whoever runs the event loop runs `services.live.run(stopping)` beside it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from shopbell_server.web import health
from shopbell_server.web.access.oidc import routes as oidc
from shopbell_server.web.admin import edges, overview, people, stores
from shopbell_server.web.admin import sinks as admin_sinks
from shopbell_server.web.assets import STATIC
from shopbell_server.web.customer import asking, export, leaving, me, page_links
from shopbell_server.web.customer import pages as customer_pages
from shopbell_server.web.http import problems
from shopbell_server.web.http.door import BODY_WITHIN_S, Door
from shopbell_server.web.http.limits import PEER_KEY_BYTES, Limits
from shopbell_server.web.http.outages import Outages
from shopbell_server.web.phones import consent_texts, enrolling, fixed_ids, notices, presence
from shopbell_server.web.staff import boards, pages, taking, visits
from shopbell_server.web.systems import profiles, sinks, tills, tracking

if TYPE_CHECKING:
    from collections.abc import Sequence
    from os import PathLike

    from fastapi import APIRouter, Response
    from starlette.types import Scope

    from shopbell_server.web.services import Services


class _Static(StaticFiles):
    """Files that browsers keep and ask about: an update shows at once, and costs 304 otherwise."""

    def file_response(
        self,
        full_path: str | PathLike[str],
        stat_result: object,
        scope: Scope,
        status_code: int = 200,
    ) -> Response:
        answer = super().file_response(full_path, stat_result, scope, status_code)  # type: ignore[arg-type]
        answer.headers["Cache-Control"] = "no-cache"
        return answer


def create_app(
    services: Services,
    *,
    more: Sequence[APIRouter] = (),
    body_within_s: float = BODY_WITHIN_S,
    serves: Literal["everything", "operators"] = "everything",
) -> FastAPI:
    """Return the application. `more` are routes of pages that only some installations have.

    For `operators` alone it says how the process does, and serves nobody else.
    """
    app = FastAPI(
        title="Shopbell",
        summary="Who is in the store, with their consent.",
        version="1",
        docs_url=None,  # they load scripts from elsewhere, which the CSP refuses
        redoc_url=None,
    )
    app.state.services = services
    app.state.limits = Limits(
        services.clock, services.entropy.token(PEER_KEY_BYTES), services.limits
    )
    app.state.outages = Outages(services.clock)
    _add(app, health.routes)
    if serves == "everything":
        for module in (
            enrolling,
            presence,
            notices,
            fixed_ids,
            tills,
            tracking,
            profiles,
            sinks,
            boards,
            visits,
            taking,
            pages,
            oidc,
            overview,
            edges,
            stores,
            admin_sinks,
            people,
            consent_texts,
            page_links,
            me,
            customer_pages,
            asking,
            leaving,
            export,
        ):
            _add(app, module.routes)
        for routes in more:
            _add(app, routes)
        app.mount("/static", _Static(directory=STATIC), name="static")
    problems.install(app)
    app.add_middleware(Door, body_within_s=body_within_s)
    return app


def _add(app: FastAPI, routes: APIRouter) -> None:
    """Add routes as they are.

    `include_router` is for those that get a prefix or more dependencies: it builds each once more, at the
    first request, which all of ours together make wait for a third of a second.
    """
    app.router.routes.extend(routes.routes)
