from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import httpx2
from prometheus_client import Counter

from shopbell_server.ports.database import DatabaseLostError
from shopbell_server.web.app import create_app
from shopbell_server.web.http.door import TRACKING_PATHS
from tests.fakes.server import MemoryDatabase
from tests.server.web.conftest import HOST
from tests.server.web.shop import Shop

if TYPE_CHECKING:
    from shopbell_server.ports.database import UnitOfWork


async def test_alive_is_not_ready(client: httpx2.AsyncClient) -> None:
    assert (await client.get("/healthz")).json() == {"status": "ok"}
    ready = await client.get("/readyz")
    assert (ready.status_code, ready.json()) == (200, {"ready": True, "problems": {}})


async def test_not_ready_says_what_is_missing() -> None:
    shop = Shop(checks={"broker": lambda: "not connected", "lag": lambda: None})
    transport = httpx2.ASGITransport(app=shop.app())
    async with httpx2.AsyncClient(transport=transport, base_url=HOST) as client:
        answer = await client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json() == {"ready": False, "problems": {"broker": "not connected"}}


async def test_without_its_database_a_server_is_alive_and_not_ready(shop: Shop) -> None:
    class Lost:
        boxes = shop.database.boxes

        def begin(self) -> UnitOfWork:
            raise DatabaseLostError

        def read(self) -> UnitOfWork:
            raise DatabaseLostError

    app = create_app(replace(shop.services, database=Lost()))
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url=HOST) as client:
        assert (await client.get("/healthz")).status_code == 200
        ready = await client.get("/readyz")
        assert (ready.status_code, ready.json()["problems"]) == (
            503,
            {"database": "does not answer"},
        )
        metrics = await client.get("/metrics")
        assert (metrics.status_code, "visits_open" in metrics.text) == (200, False)
        asked = await client.get("/v1/app/tokens", headers={"Authorization": "Bearer x"})
        assert (asked.status_code, asked.headers["retry-after"]) == (503, "2")


async def test_without_the_store_of_keys_a_server_is_not_ready() -> None:
    database = MemoryDatabase()
    transport = httpx2.ASGITransport(app=Shop(database=database).app())
    database.keys.away = True
    async with httpx2.AsyncClient(transport=transport, base_url=HOST) as client:
        ready = await client.get("/readyz")
        assert (ready.status_code, ready.json()["problems"]) == (
            503,
            {"keys": "their store does not answer"},
        )
        figures = (await client.get("/metrics")).text.splitlines()
        assert 'shopbell_ready{part="keys"} 0.0' in figures
        assert 'shopbell_ready{part="database"} 1.0' in figures
        database.keys.away = False
        assert (await client.get("/readyz")).status_code == 200


async def test_metrics_are_those_of_the_process(shop: Shop, client: httpx2.AsyncClient) -> None:
    Counter("shopbell_batches", "Batches taken in.", ["result"], registry=shop.services.metrics)
    answer = await client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")
    assert "# TYPE shopbell_batches_total counter" in answer.text
    assert "shopbell_visits_open 0.0" in answer.text


async def test_open_visits_are_counted(shop: Shop, client: httpx2.AsyncClient) -> None:
    shop.scan(shop.welcome("Noor"))
    shop.hear(shop.welcome("Ravi"), lasting_ms=10_000, n=3)  # a candidate
    assert "shopbell_visits_open 1.0" in (await client.get("/metrics")).text


async def test_the_interface_describes_itself(client: httpx2.AsyncClient) -> None:
    paths = (await client.get("/openapi.json")).json()["paths"]
    assert {
        "/v1/app/tickets",
        "/v1/app/enrolments",
        "/v1/app/enrolments/{enrolment_id}",
        "/v1/app/tokens",
        "/v1/app/presence",
        "/v1/app/notices/{notice_id}",
        "/v1/app/consent-texts",
        "/v1/app/me-link",
        "/v1/me",
        "/v1/me/export",
        "/v1/me/now",
        "/v1/me/receipt",
        "/v1/app/consents",
        "/v1/app/fixed-ids",
        "/v1/app/fixed-ids/{fixed_id}",
        "/v1/stores/{store}/present",
        "/v1/stores/{store}/stream",
        "/v1/pos/receipts",
        "/v1/visits",
        "/v1/visits/{visit}",
        "/v1/visits/{visit}/take",
        "/v1/visits/{visit}/release",
        "/v1/visits/{visit}/handover",
        "/v1/visits/{visit}/served",
        "/v1/visits/{visit}/not-this-person",
        "/v1/sinks",
        "/v1/sinks/{sink}/dead-letters",
        "/v1/sinks/{sink}/dead-letters/replay",
        "/v1/sinks/{sink}/dead-letters/{fact}",
        "/v1/sinks/{sink}/dead-letters/{fact}/replay",
        "/v1/sinks/{sink}/dead-letters/{fact}/discard",
        "/v1/profiles/{profile}",
        *TRACKING_PATHS,
        "/v1/profiles/{profile}/history",
        "/v1/profiles/{profile}/merge",
        "/v1/profiles/{profile}/split",
        "/healthz",
        "/readyz",
        "/metrics",
        "/login",
        "/logout",
    } == set(paths)
