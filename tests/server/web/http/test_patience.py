"""Who opens a connection and does not ask, over real sockets."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import TYPE_CHECKING, Any

import pytest
import uvicorn

from shopbell_server.web.http.patience import PatientProtocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

LIMIT_S = 30.0
"""Until a test gives up: what it waits for comes within a tenth of a second."""


class Hasty(PatientProtocol):
    head_within_s = 0.1


class Web(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Any:
        yield


class App:
    """Answers `/`; `/stream` once `go_on` is set."""

    def __init__(self) -> None:
        self.go_on = asyncio.Event()

    async def __call__(self, scope: Any, _: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        if scope["path"] == "/stream":
            await send({"type": "http.response.body", "body": b"first ", "more_body": True})
            await self.go_on.wait()
        await send({"type": "http.response.body", "body": b"last"})


@pytest.fixture
def app() -> App:
    return App()


@pytest.fixture
async def port(app: App) -> AsyncIterator[int]:
    config = uvicorn.Config(
        app,
        http=Hasty,
        lifespan="off",
        log_config=None,
        access_log=False,
        ws="none",
        timeout_keep_alive=60,
    )
    web = Web(config)
    listening = socket.create_server(("127.0.0.1", 0))
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(web.serve([listening]))
        yield listening.getsockname()[1]
        web.should_exit = True
        app.go_on.set()


@contextlib.asynccontextmanager
async def connected(
    port: int,
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    async with asyncio.timeout(LIMIT_S):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            yield reader, writer
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()


async def is_cut_off(reader: asyncio.StreamReader) -> bool:
    try:
        return not await reader.read()
    except ConnectionError:
        return True


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: "])
async def test_who_does_not_finish_a_request_is_cut_off(port: int, sent: bytes) -> None:
    async with connected(port) as (reader, writer):
        writer.write(sent)
        assert await is_cut_off(reader)


async def test_a_byte_at_a_time_makes_it_no_longer(port: int) -> None:
    async with connected(port) as (reader, writer):
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ")
        gone = asyncio.create_task(is_cut_off(reader))
        with contextlib.suppress(ConnectionError):
            while not gone.done():
                writer.write(b"y")
                await writer.drain()
                await asyncio.sleep(0.01)
        assert await gone


async def test_the_same_after_an_answer(port: int) -> None:
    async with connected(port) as (reader, writer):
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        await reader.readuntil(b"last")
        await reader.readuntil(b"0\r\n\r\n")
        writer.write(b"GET / HTTP/1.1\r\n")
        assert await is_cut_off(reader)


async def test_a_body_that_nobody_reads_holds_no_connection(port: int) -> None:
    async with connected(port) as (reader, writer):
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\ny")
        await reader.readuntil(b"0\r\n\r\n")
        assert await is_cut_off(reader)


async def test_one_request_after_another_is_answered(port: int) -> None:
    async with connected(port) as (reader, writer):
        for _ in range(3):
            writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            await reader.readuntil(b"0\r\n\r\n")


async def test_a_stream_lasts(app: App, port: int) -> None:
    async with connected(port) as (reader, writer), connected(port) as (idle, _):
        writer.write(b"GET /stream HTTP/1.1\r\nHost: x\r\n\r\n")
        await reader.readuntil(b"first ")
        # Two connections that asked nothing are gone by now, one after the other.
        assert await is_cut_off(idle)
        async with connected(port) as (later, _):
            assert await is_cut_off(later)
        app.go_on.set()
        await reader.readuntil(b"last")
