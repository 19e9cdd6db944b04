"""Pages of a shop in memory, over real HTTP: where it is served, and what a page says on its console."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING

import uvicorn

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from playwright.async_api import Page

    from tests.server.web.shop import Shop


@asynccontextmanager
async def served(shop: Shop, port: int = 0) -> AsyncIterator[str]:
    """Serve the shop, its live boards too; yield where. `port` 0: any free one."""
    server = uvicorn.Server(
        uvicorn.Config(shop.app(), port=port, log_level="warning", lifespan="off", ws="none")
    )
    stopping = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(shop.live.run(stopping))
        tasks.create_task(server.serve())
        async with asyncio.timeout(10):
            while not server.started:  # noqa: ASYNC110  (uvicorn tells nobody)
                await asyncio.sleep(0.01)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
        stopping.set()
        server.should_exit = True


@contextmanager
def quiet(page: Page, *expected: str) -> Iterator[None]:
    """Let the page say nothing on its console, but for what holds one of `expected`."""
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield
    assert [text for text in complaints if not any(each in text for each in expected)] == []
