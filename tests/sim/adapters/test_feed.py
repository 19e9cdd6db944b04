from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from shopbell_edge.adapters.socket_radio import SocketRadio
from shopbell_edge.core.units import ScannerName
from shopbell_sim.adapters.feed import Feed
from shopbell_sim.core import advert
from tests.rigs.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine
    from pathlib import Path
    from typing import Any

    from shopbell_edge.core.advertisement import Advertisement

UUID = "6f2a1c5e-9b7d-4e03-a1c4-0f5d2e8b7a61"
FRAME = advert.ibeacon(UUID, "2ca154c2", -59).payload


@asynccontextmanager
async def _running(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    task = asyncio.ensure_future(work)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_an_edge_hears_what_is_put_on_the_air(tmp_path: Path) -> None:
    heard: list[Advertisement] = []
    feed = Feed(tmp_path / "door.sock")
    radio = SocketRadio(tmp_path / "door.sock", scanner=ScannerName("door"))
    async with _running(radio.listen(heard.append, lambda _: None)), _running(feed.run()):
        await asyncio.wait_for(feed.connected(), 10)
        assert feed.send(FRAME, -61)
        await until("the advertisement is heard", lambda: bool(heard))
    assert heard[0].rssi_dbm == -61
    assert heard[0].manufacturer_data[0x004C].hex().endswith("2ca154c2c5")
    assert radio.malformed == 0


async def test_nobody_hears_before_an_edge_listens_or_after_it_ended(tmp_path: Path) -> None:
    feed = Feed(tmp_path / "door.sock")
    radio = SocketRadio(tmp_path / "door.sock", scanner=ScannerName("door"))
    async with _running(feed.run()):
        assert not feed.send(FRAME, -61)
        async with _running(radio.listen(lambda _: None, lambda _: None)):
            await asyncio.wait_for(feed.connected(), 10)
        await until("the feed has noticed", lambda: not feed.send(FRAME, -61))


async def test_an_edge_that_starts_again_is_heard_of(tmp_path: Path) -> None:
    feed = Feed(tmp_path / "door.sock")
    heard: list[Advertisement] = []
    async with _running(feed.run()):
        for _ in range(2):
            heard.clear()
            radio = SocketRadio(tmp_path / "door.sock", scanner=ScannerName("door"))
            async with _running(radio.listen(heard.append, lambda _: None)):
                await until("it is heard", lambda: feed.send(FRAME, -50) and bool(heard))
