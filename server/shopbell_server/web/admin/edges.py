"""`/admin/edges`: how edges do, and ordering them about.

Owns: what is shown of them, and which orders a form may give.
Never: how an order is made (`usecases.intake.orders`) or sent (`ports.edge_line`).
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse
from pydantic import BaseModel

from shopbell_server.core.ids import EdgeId
from shopbell_server.ports.edge_line import EdgesUnreachableError
from shopbell_server.usecases.intake.edges_now import edges_now
from shopbell_server.usecases.intake.orders import UnknownEdgeError, Wish, ordered_in
from shopbell_server.web.access.who import Here, own_page
from shopbell_server.web.access.writes import carry_out
from shopbell_server.web.admin.overview import asked_edges
from shopbell_server.web.admin.visitors import (
    ONCE,
    Acting,
    Reading,
    form_of,
    not_as_described,
    page,
)
from shopbell_server.web.http.problems import must_be_an_id, not_found
from shopbell_wire.malformed import MalformedError
from shopbell_wire.orders import (
    COMMAND_MOST_MS,
    Configure,
    Identify,
    RestartScanner,
    RotateIdentity,
    SendDiagnostics,
    kind_of,
)
from shopbell_wire.settable import unsettable

if TYPE_CHECKING:
    from shopbell_server.core.ids import Millis
    from shopbell_server.ports.database import UnitOfWork
    from shopbell_server.usecases.intake.orders import Sealed
    from shopbell_server.web.admin.visitors import Visitor
    from shopbell_server.web.services import Services
    from shopbell_wire.orders import Task

routes: Final = APIRouter(prefix="/admin/edges", tags=["pages"])

ORDERS_SHOWN: Final = 20

CONFIGURE_LIVES_MS: Final = 365 * 86_400_000
"""As `shopbell-server edge configure`: settings wait for an edge that is away."""

SETTINGS_CHARACTERS: Final = 32_768
"""An order has 64 KB at most; a document of settings has 2 KB."""

EdgeName = Annotated[str, Path(min_length=1, max_length=64)]
What = Literal["identify", "diagnostics", "restart-scanner", "rotate-identity", "configure"]
Said = Annotated[Literal["ordered"] | None, Query()]


class OrderForm(BaseModel):
    """What a form asks of an edge."""

    what: str
    scanner: str
    settings: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """What the page says of the order that led to it, and what was given if it has to be mended."""

    done: bool = False
    error: str = ""
    given: dict[str, str] = field(default_factory=dict)
    status: int = 200


class SettingsRefusedError(ValueError):
    """The text is no settings that an edge may be given; it says where and why."""


@routes.get("", include_in_schema=False)
def get_edges(request: Request, here: Here, found: Reading) -> Response:
    """List them."""
    statuses = asked_edges(here)
    with here.database.read() as work:
        edges = edges_now(work, statuses, here.clock.now_ms())
        stores = {each.id: each for each in work.registry.stores()}
    context = {"edges": edges, "stores": stores, "asked": statuses is not None}
    return page(request, here, found, "admin_edges.html", context)


@routes.get("/{edge}", include_in_schema=False)
def get_edge(
    request: Request, here: Here, found: Reading, edge: EdgeName, said: Said = None
) -> Response:
    """Show one, with what it was ordered."""
    return _shown(request, here, found, edge, _Told(done=said is not None))


@routes.post("/{edge}/orders", include_in_schema=False, dependencies=[Depends(own_page)])
async def post_order(request: Request, here: Here, found: Acting, edge: EdgeName) -> Response:
    """Order an edge to do something now, or to be otherwise from now on."""
    fields = form_of(await request.body())
    return await run_in_threadpool(_ordered, request, here, found, edge, fields)


def _ordered(
    request: Request, here: Services, found: Visitor, edge: str, fields: dict[str, str]
) -> Response:
    _ = found.voice.gettext
    must_be_an_id(edge, "edge")
    if here.fleet is None or here.fleet.sign is None:
        said = _("Orders are not signed here: [orders] in the settings names no key.")
        return _shown(request, here, found, edge, _Told(error=said, status=409))
    try:
        task, lives_ms = _task(fields)
    except SettingsRefusedError as error:
        said = _("These settings cannot be sent: {why}").format(why=error)
        return _shown(request, here, found, edge, _Told(error=said, given=fields, status=422))
    try:
        # Asked first: an order that cannot be sent is not given a number.
        here.fleet.line.statuses()
        sealed = _carried(request, here, found, _wish(here, found, edge, task, lives_ms), fields)
        if sealed is not None:
            here.fleet.line.deliver(sealed.ordered.edge, kind_of(task), sealed.payload)
    except UnknownEdgeError:
        raise not_found("edge") from None
    except MalformedError as error:
        said = _("These settings cannot be sent: {why}").format(why=error)
        return _shown(request, here, found, edge, _Told(error=said, given=fields, status=422))
    except EdgesUnreachableError:
        said = _("The broker does not answer. The order was not sent; try again.")
        return _shown(request, here, found, edge, _Told(error=said, given=fields, status=503))
    return RedirectResponse(f"/admin/edges/{edge}?said=ordered#orders", 303)


def _wish(here: Services, found: Visitor, edge: str, task: Task, lives_ms: int) -> Wish:
    assert here.fleet is not None  # noqa: S101  (its caller looked)
    return Wish(
        tenant=here.fleet.tenant,
        edge=EdgeId(edge),
        task=task,
        by=found.staff.id,
        now_ms=here.clock.now_ms(),
        lives_ms=lives_ms,
        actor=found.actor,
    )


def _carried(
    request: Request, here: Services, found: Visitor, wish: Wish, fields: dict[str, str]
) -> Sealed | None:
    """Return the order, committed; None if this very form was carried out before."""
    assert here.fleet is not None  # noqa: S101  (its caller looked)
    sign = here.fleet.sign
    assert sign is not None  # noqa: S101  (the same)
    made: list[Sealed] = []

    def act(work: UnitOfWork) -> bytes:
        made[:] = [ordered_in(work, wish, sign)]
        return b"ordered"

    body = OrderForm(
        what=fields.get("what", ""),
        scanner=fields.get("scanner", ""),
        settings=fields.get("settings", ""),
    )
    carry_out(here, request, found.secret, body, act, named=fields.get(ONCE))
    return made[0] if made else None


def _task(fields: dict[str, str]) -> tuple[Task, int]:
    """Return what a form asks for, and how long it is good. Raises SettingsRefusedError, ProblemError."""
    match fields.get("what"):
        case "identify":
            return Identify(), COMMAND_MOST_MS
        case "diagnostics":
            return SendDiagnostics(), COMMAND_MOST_MS
        case "restart-scanner":
            scanner = fields.get("scanner", "")
            if not (0 < len(scanner) <= 64 and scanner.isprintable()):  # noqa: PLR2004  (as names are)
                raise not_as_described("scanner")
            return RestartScanner(scanner=scanner), COMMAND_MOST_MS
        case "rotate-identity":
            return RotateIdentity(), COMMAND_MOST_MS
        case "configure":
            return Configure(settings=_settings(fields.get("settings", ""))), CONFIGURE_LIVES_MS
        case _:
            raise not_as_described("what")


def _settings(text: str) -> dict[str, Any]:
    if len(text) > SETTINGS_CHARACTERS:
        raise SettingsRefusedError(f"{len(text)} characters, at most {SETTINGS_CHARACTERS}")
    try:
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise SettingsRefusedError(f"no TOML: {error}") from None
    problems = [f"{key}: {problem}" for key, problem in unsettable(document)]
    if problems:
        raise SettingsRefusedError("; ".join(problems))
    return document


def _shown(
    request: Request, here: Services, found: Visitor, edge: str, told: _Told | None = None
) -> Response:
    told = told or _Told()
    must_be_an_id(edge, "edge")
    statuses = asked_edges(here)
    now_ms: Millis = here.clock.now_ms()
    with here.database.read() as work:
        if EdgeId(edge) not in work.registry.edges():
            raise not_found("edge")
        (shown,) = [each for each in edges_now(work, statuses, now_ms) if each.edge.id == edge]
        store = work.registry.store(shown.edge.store)
        zones = {each.id: each.name for each in work.registry.zones(shown.edge.store)}
        orders = work.orders.of(EdgeId(edge), ORDERS_SHOWN)
    context = {
        "edge": shown,
        "store": store,
        "zones": zones,
        "orders": [(each, kind_word(each.task)) for each in orders],
        "now_ms": now_ms,
        "asked": statuses is not None,
        "signs": here.fleet is not None and here.fleet.sign is not None,
        "done": told.done,
        "error": told.error,
        "given": told.given,
    }
    return page(request, here, found, "admin_edge.html", context, told.status)


def kind_word(task: Task) -> What:
    """Return by what the page names an order."""
    match task:
        case Configure():
            return "configure"
        case RestartScanner():
            return "restart-scanner"
        case SendDiagnostics():
            return "diagnostics"
        case Identify():
            return "identify"
        case RotateIdentity():
            return "rotate-identity"
