"""A shop and somebody who asks it over HTTP."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import httpx2
import pytest

from tests.server.web.shop import Shop
from tests.server.web.stage import Door, Stage

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

HOST = "https://board.test"


@pytest.fixture
def shop() -> Shop:
    return Shop()


@pytest.fixture
def stage() -> Stage:
    return Stage()


@pytest.fixture
def door() -> Door:
    return Door()


@pytest.fixture
async def client(shop: Shop) -> AsyncIterator[httpx2.AsyncClient]:
    """Be a browser or an app; https, because a browser keeps our cookie for nothing less."""
    transport = httpx2.ASGITransport(app=shop.app())
    async with httpx2.AsyncClient(transport=transport, base_url=HOST) as client:
        yield client


@pytest.fixture
async def running(shop: Shop) -> AsyncIterator[asyncio.Event]:
    """Run the live view, until the event that this gives is set."""
    stopping = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(shop.live.run(stopping))
        await asyncio.sleep(0)
        yield stopping
        stopping.set()
