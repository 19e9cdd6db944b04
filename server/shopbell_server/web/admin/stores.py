"""`/admin/stores`: stores, their zones, and where both and the scanners lie on the floor.

Owns: what is shown of them.
Never: changing them: `shopbell-server seed` does, from a file that is kept.
"""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Path, Request, Response

from shopbell_server.core.ids import StoreId
from shopbell_server.usecases.intake.edges_now import edges_now
from shopbell_server.web.access.who import Here
from shopbell_server.web.admin.floor_drawing import drawn
from shopbell_server.web.admin.overview import asked_edges
from shopbell_server.web.admin.visitors import Reading, page
from shopbell_server.web.http.problems import must_be_an_id, not_found

routes: Final = APIRouter(prefix="/admin/stores", tags=["pages"])

StoreName = Annotated[str, Path(min_length=1, max_length=64)]


@routes.get("", include_in_schema=False)
def get_stores(request: Request, here: Here, found: Reading) -> Response:
    """List them."""
    with here.database.read() as work:
        stores = sorted(work.registry.stores(), key=lambda each: (each.name, each.id))
        zones = {each.id: work.registry.zones(each.id) for each in stores}
        edges = list(work.registry.edges().values())
        plans = work.floor_plans.versions()
    rows = [
        (each, len(zones[each.id]), sum(edge.store == each.id for edge in edges), each.id in plans)
        for each in stores
    ]
    return page(request, here, found, "admin_stores.html", {"rows": rows})


@routes.get("/{store}", include_in_schema=False)
def get_store(request: Request, here: Here, found: Reading, store: StoreName) -> Response:
    """Show one, with its floor plan if there is one."""
    must_be_an_id(store, "store")
    statuses = asked_edges(here)
    with here.database.read() as work:
        shown = work.registry.store(StoreId(store))
        if shown is None:
            raise not_found("store")
        zones = sorted(work.registry.zones(shown.id), key=lambda each: (each.name, each.id))
        edges = [
            each
            for each in edges_now(work, statuses, here.clock.now_ms())
            if each.edge.store == shown.id
        ]
        plan = work.floor_plans.of(shown.id)
    hears = {
        (each.edge.id, scanner.name): scanner.state == "hearing" and each.health != "offline"
        for each in edges
        for scanner in each.scanners
    }
    names = {each.id: each.name for each in zones}
    levels = () if plan is None else [drawn(level, names, hears) for level in plan.levels]
    context = {"store": shown, "zones": zones, "edges": edges, "levels": levels}
    return page(request, here, found, "admin_store.html", context)
