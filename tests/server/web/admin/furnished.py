"""A shop in which operators' pages have something to show, and a line to its edges."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final, Literal

from shopbell_server.core.ids import EdgeId, Millis, TenantId, ZoneId
from shopbell_server.core.registry import Edge
from shopbell_server.core.zones.plan import FloorPlan, Level, Rectangle, Spot, ZonePart
from shopbell_server.ports.edge_line import EdgesUnreachableError
from shopbell_server.web.services import Fleet
from shopbell_wire.messages import Clock, ScannerStatus, Status
from tests.server.db.rows import fact
from tests.server.web.shop import AMS, MINUTE, Shop

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shopbell_wire.orders import Kind

DOOR, TILL, BACK = EdgeId("ams01-door"), EdgeId("ams01-till"), EdgeId("ams01-back")
SIGNED: Final = bytes(64)


class Line:
    """An `EdgeLine`: edges say what a test says, and orders are kept."""

    def __init__(self) -> None:
        self.said: dict[EdgeId, Status] = {}
        self.away = False
        self.sent: list[tuple[EdgeId, Kind, bytes]] = []

    def statuses(self) -> Mapping[EdgeId, Status]:
        if self.away:
            raise EdgesUnreachableError("the broker at 127.0.0.1:1 cannot be used")
        return dict(self.said)

    def deliver(self, edge: EdgeId, kind: Kind, payload: bytes) -> None:
        if self.away:
            raise EdgesUnreachableError("the broker at 127.0.0.1:1 cannot be used")
        self.sent.append((edge, kind, payload))


def status(
    edge: EdgeId,
    at_ms: int,
    *scanners: tuple[str, Literal["hearing", "suspect", "blind"], str],
    state: Literal["online", "offline"] = "online",
) -> Status:
    return Status(
        edge=edge,
        stream="0" * 32,
        conn=1,
        state=state,
        version="0.1.0",
        config="edge.toml",
        clock=Clock(boot="0" * 32, boottime_ms=1, wall_ms=at_ms, state="synced", err_ms=1),
        scanners=tuple(
            ScannerStatus(scanner=name, kind="ble", state=how, reason=why)
            for name, how, why in scanners
        ),
        since_ms=at_ms,
    )


def furnished(shop: Shop | None = None, *, signs: bool = True) -> tuple[Shop, Line]:
    """Return a shop with three edges, of which one is offline and one does not hear; dead letters; a plan."""
    shop, line = shop or Shop(), Line()
    now_ms = shop.clock.now_ms()
    fleet = Fleet(tenant=TenantId("acme"), line=line, sign=(lambda _: SIGNED) if signs else None)
    shop.services = replace(shop.services, fleet=fleet)
    line.said = {
        DOOR: status(DOOR, now_ms - 90 * MINUTE, ("entrance", "hearing", "kernel")),
        TILL: status(
            TILL,
            now_ms - 5 * MINUTE,
            ("till", "hearing", ""),
            ("shoes", "blind", "no advert for 90 s"),
        ),
        BACK: status(BACK, now_ms - 200 * MINUTE, ("back", "hearing", ""), state="offline"),
    }
    with shop.database.begin() as work:
        for edge in (DOOR, TILL, BACK):
            zones = {"entrance": ZoneId("entrance"), "*": ZoneId("shoes")}
            work.registry.put_edge(Edge(id=edge, store=AMS, active=True, zones=zones))
        work.batches.ranges([(DOOR, "s"), (TILL, "s")], now_ms)
        work.batches.put_ranges({(DOOR, "s"): "1-40", (TILL, "s"): "1-7,10-12"}, now_ms)
        work.edge_records.add_losses({(TILL, "full"): 31}, now_ms)
        work.floor_plans.put(AMS, PLAN)
        work.commit()
    guest = shop.welcome("Noor")
    with shop.database.begin() as work:
        for name in ("f-1", "f-2"):
            letter = replace(fact(name, recorded_ms=Millis(now_ms)), person=guest.person)
            work.outgoing.add([letter], ["cdp"], now_ms)
            work.outgoing.give_up("cdp", letter.fact, now_ms, "HTTP 400: unknown field")
        work.commit()
    shop.clock.forward(2 * MINUTE)
    return shop, line


def _rectangle(left: float, bottom: float, right: float, top: float) -> Rectangle:
    return Rectangle(left_m=left, bottom_m=bottom, right_m=right, top_m=top)


PLAN: Final = FloorPlan(
    levels=(
        Level(
            name="Begane grond",
            extent=_rectangle(0, 0, 30, 14),
            zones=(
                ZonePart(zone=ZoneId("entrance"), within=_rectangle(0, 0, 8, 14)),
                ZonePart(zone=ZoneId("shoes"), within=_rectangle(8, 4, 24, 14)),
                ZonePart(zone=ZoneId("till"), within=_rectangle(24, 0, 30, 8)),
            ),
            spots=(
                Spot(edge=DOOR, scanner="entrance", x_m=2, y_m=7, z_m=2.5),
                Spot(edge=TILL, scanner="shoes", x_m=16, y_m=13, z_m=2.5),
                Spot(edge=TILL, scanner="till", x_m=28, y_m=3, z_m=2.5),
                Spot(edge=BACK, scanner="back", x_m=29, y_m=13, z_m=2.5),
            ),
        ),
    )
)
