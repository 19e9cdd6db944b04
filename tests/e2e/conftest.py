"""Fixtures of the end-to-end tests."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.e2e.browser import chromium, looking
from tests.e2e.people import App
from tests.e2e.shop import open_shop

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from playwright.async_api import Browser

    from tests.e2e.browser import Board
    from tests.e2e.shop import Shop
    from tests.rigs.fake_bluez.client import FakeBluez


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as browser:
        yield browser


@pytest.fixture
async def shop(migrated_file: Path, tmp_path: Path) -> AsyncIterator[Shop]:
    """Run what a single store has: SQLite and the embedded broker."""
    file = shutil.copy(migrated_file, tmp_path / "shop.db")
    async with open_shop(tmp_path, f"sqlite:///{file}") as shop:
        yield shop


@pytest.fixture(params=["sqlite, embedded broker", "postgresql, mosquitto with MQTT 5"])
async def each_shop(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Shop]:
    """Run the smallest installation, and one that is not, from empty databases on."""
    if request.param.startswith("sqlite"):
        async with open_shop(tmp_path, f"sqlite:///{tmp_path}/shop.db") as shop:
            yield shop
    else:
        url = request.getfixturevalue("empty_postgres_url")
        async with open_shop(tmp_path, url, broker="mosquitto") as shop:
            yield shop


@pytest.fixture
async def app(shop: Shop) -> AsyncIterator[App]:
    async with App(shop) as app:
        yield app


@pytest.fixture
async def board(browser: Browser, shop: Shop) -> AsyncIterator[Board]:
    async with looking(browser, shop) as board:
        yield board


@pytest.fixture
def air(bluez: FakeBluez) -> FakeAir:
    return FakeAir(bluez)


class FakeAir:
    """The air of a fake BlueZ's first adapter."""

    def __init__(self, bluez: FakeBluez) -> None:
        self.bluez = bluez

    async def send(self, ad: bytes, address: str, rssi_dbm: int) -> None:
        await self.bluez.inject(ad, address, rssi_dbm)
