"""What is on the air of a shop: phones that advertise again and again, and strangers."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

INTERVAL_S: Final = 0.25
"""As the retailer's app advertises."""

RSSI_DBM: Final = -65
"""Two metres away."""


class Air(Protocol):
    """A Bluetooth adapter hears what is sent here."""

    async def send(self, ad: bytes, address: str, rssi_dbm: int) -> None:
        """Let one advertisement be received."""


class Sender(Protocol):
    """Something that advertises."""

    @property
    def address(self) -> str:
        """Its Bluetooth address."""
        ...

    def ad(self) -> bytes:
        """Return what it advertises now."""
        ...


@asynccontextmanager
async def advertising(air: Air, *senders: Sender) -> AsyncIterator[None]:
    """Let all of them advertise until the end of the block."""

    async def advertise() -> None:
        while True:
            for sender in senders:
                await air.send(sender.ad(), sender.address, RSSI_DBM)
            await asyncio.sleep(INTERVAL_S)

    task = asyncio.create_task(advertise())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
