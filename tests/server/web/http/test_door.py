from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import httpx2
import pytest
from structlog.testing import capture_logs

from shopbell_server.web.http.door import MOST_BYTES
from shopbell_server.web.http.headers import HEADERS
from tests.server.web.conftest import HOST
from tests.server.web.phones.test_phones import BACKEND
from tests.server.web.shop import Shop

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.types import Message

JSON = {**BACKEND, "Content-Type": "application/json"}


async def drip(size: int) -> AsyncIterator[bytes]:
    """Send a body without a length, as browsers and curl send streams."""
    for _ in range(size // 65_536 + 1):
        yield b" " * 65_536


async def test_ten_megabytes_are_too_much(client: httpx2.AsyncClient) -> None:
    whole = await client.post("/v1/app/tickets", content=b" " * 10_000_000, headers=JSON)
    chunked = await client.post("/v1/app/tickets", content=drip(10_000_000), headers=JSON)
    for answer in (whole, chunked):
        assert answer.status_code == 413
        assert answer.json()["detail"] == f"At most {MOST_BYTES} bytes."
        assert answer.headers["connection"] == "close"


async def test_a_claimed_length_is_not_relied_on(client: httpx2.AsyncClient) -> None:
    for claim in ("-1", "x", "9" * 30, "\uff11"):
        headers = {**JSON, "Content-Length": claim.encode()}
        answer = await client.post("/v1/app/tickets", content=b"{}", headers=headers)  # type: ignore[arg-type]
        assert answer.status_code == 413


async def test_a_body_that_is_not_json_is_refused(client: httpx2.AsyncClient) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded", "", "multipart/form-data"):
        answer = await client.post(
            "/v1/app/tickets",
            content=b'{"profile_id": "p"}',
            headers={**BACKEND, "Content-Type": kind},
        )
        assert answer.status_code == 415
    assert (
        await client.post("/login", content=b"x", headers={"Content-Type": "text/plain"})
    ).status_code == 415


@pytest.mark.parametrize("body", [b"{", b"\xff", b'{"profile_id": "\\ud800"}', b"[" * 100_000])
async def test_json_that_cannot_be_read_is_the_callers_fault(
    client: httpx2.AsyncClient, body: bytes
) -> None:
    answer = await client.post("/v1/app/tickets", content=body, headers=JSON)
    assert answer.status_code in {400, 422}
    assert answer.headers["content-type"] == "application/problem+json"


async def test_additions_are_ignored(client: httpx2.AsyncClient) -> None:
    answer = await client.post(
        "/v1/app/tickets", json={"profile_id": "p", "new": {"in": [1]}}, headers=BACKEND
    )
    assert answer.status_code == 201


async def test_who_drips_a_body_is_cut_off() -> None:
    app = Shop().app(body_within_s=0.05)
    sent: list[Message] = []

    async def receive() -> Message:
        if sent:
            await asyncio.Event().wait()
        await asyncio.sleep(0.01)
        return {"type": "http.request", "body": b" ", "more_body": True}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/v1/app/tickets",
        "headers": [(b"content-type", b"application/json")],
    }
    await app(scope, receive, send)
    assert sent[0]["status"] == 408


async def test_who_hangs_up_within_a_body_is_let_go() -> None:
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "PUT", "path": "/", "headers": []}
    await Shop().app()(scope, receive, send)
    assert sent[0]["status"] == 400


async def test_every_answer_carries_the_headers(shop: Shop) -> None:
    transport = httpx2.ASGITransport(app=shop.app(), raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url=HOST) as client:
        answers = [
            await client.get("/healthz"),
            await client.get("/nothing"),
            await client.get("/login"),
            await client.post("/v1/app/tickets", content=b"x"),
            await client.get("/static/shopbell.css"),
            await client.put("/healthz"),
        ]
    assert [answer.status_code for answer in answers] == [200, 404, 200, 415, 200, 405]
    for answer in answers:
        assert {name: answer.headers[name] for name in HEADERS} == HEADERS


async def test_a_fault_of_ours_tells_nothing() -> None:
    def broken() -> str:
        raise ZeroDivisionError("a name that nobody should read")

    shop = Shop(checks={"broken": broken})
    transport = httpx2.ASGITransport(app=shop.app(), raise_app_exceptions=False)
    with capture_logs() as logs:
        async with httpx2.AsyncClient(transport=transport, base_url=HOST) as client:
            answer = await client.get("/readyz")
    assert answer.status_code == 500
    (told,) = logs
    assert (told["event"], told["error"]) == ("request_failed", "ZeroDivisionError")
    assert told["place"].startswith("services.py:")
    assert "nobody should read" not in str(told)
    assert answer.json()["type"] == "urn:shopbell:problem:internal"
    assert "nobody should read" not in answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"
