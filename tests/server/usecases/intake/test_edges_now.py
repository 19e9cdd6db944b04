"""How edges do, by what they say and by what came in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from shopbell_server.core.edges.deafness import CLOSED
from shopbell_server.core.ids import EdgeId, Millis, StoreId
from shopbell_server.core.registry import Edge
from shopbell_server.usecases.intake.edges_now import edges_now, health_of
from shopbell_wire.messages import Clock, ScannerStatus, Status
from tests.server.web.shop import AMS, MINUTE, Shop

if TYPE_CHECKING:
    from shopbell_server.ports.database import Database

PI = EdgeId("pi-1")


def edge(*, active: bool = True) -> Edge:
    return Edge(id=PI, store=StoreId(AMS), active=active, zones={})


def status(*scanners: tuple[str, str, str], state: Any = "online", at_ms: int = 0) -> Status:
    return Status(
        edge=PI,
        stream="0" * 32,
        conn=1,
        state=state,
        version="1.2",
        config="c",
        clock=Clock(boot="0" * 32, boottime_ms=1, wall_ms=at_ms, state="synced", err_ms=1),
        scanners=tuple(
            ScannerStatus(scanner=name, kind="ble", state=how, reason=why)  # type: ignore[arg-type]  # one of its words
            for name, how, why in scanners
        ),
        since_ms=at_ms,
    )


@pytest.mark.parametrize(
    ("said", "active", "health"),
    [
        (None, True, "unknown"),
        (status(), False, "inactive"),
        (status(state="offline"), True, "offline"),
        (status(("shoes", "hearing", "")), True, "well"),
        (status(("shoes", "blind", CLOSED)), True, "well"),
        (status(("shoes", "hearing", ""), ("till", "suspect", "quiet")), True, "deaf"),
    ],
)
def test_one_word_says_how_it_does(said: Status | None, health: str, *, active: bool) -> None:
    assert health_of(edge(active=active), said) == health


def test_what_came_in_is_counted_by_scanner_without_anybody(database: Database) -> None:
    shop = Shop(database=database)
    now_ms = shop.clock.now_ms()
    with database.begin() as work:
        work.registry.put_edge(edge())
        work.batches.ranges([(PI, "s")], now_ms)
        work.batches.put_ranges({(PI, "s"): "1-2,5"}, Millis(now_ms + 7))
        work.edge_records.add_losses({(PI, "full"): 3}, now_ms)
        work.commit()
    for name in ("Noor", "Ravi"):
        shop.hear(shop.welcome(name), zone="shoes")
    shop.clock.forward(MINUTE // 2)
    said = {PI: status(("shoes", "hearing", "mgmt"), ("till", "hearing", ""), at_ms=5)}
    with database.read() as work:
        (now,) = edges_now(work, said, shop.clock.now_ms())
        (unasked,) = edges_now(work, None, shop.clock.now_ms())
    assert [(each.name, each.customers) for each in now.scanners] == [("shoes", 2), ("till", 0)]
    assert (now.health, now.since_ms, now.version) == ("well", 5, "1.2")
    assert (now.last_batch_ms, now.missing, now.given_up) == (now_ms + 7, 2, {"full": 3})
    assert (unasked.health, unasked.scanners, unasked.missing) == ("unknown", (), 2)
