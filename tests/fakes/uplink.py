"""An uplink whose other end is the test."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from shopbell_edge.ports import UplinkLostError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from shopbell_edge.core.batching import Lane
    from shopbell_wire.messages import Ack, Status
    from shopbell_wire.orders import Kind

WAIT_S = 10.0


class FakeUplink:
    """Not connected until `connect`. Keeps what was published; `deliver` gives it an ack.

    `order` gives it an order: the newest document of settings comes with every connection.
    `refusing` batches and `refusing_statuses` are not taken though there is a connection; under
    `breaking` batches the connection breaks.
    """

    def __init__(self) -> None:
        self.published: list[tuple[Lane, bytes]] = []
        self.statuses: list[Status] = []
        self.refusing = 0
        self.refusing_statuses = 0
        self.breaking = 0
        self._connection = 0
        self._up = asyncio.Event()
        self._down = asyncio.Event()
        self._down.set()
        self._acks: asyncio.Queue[Ack] = asyncio.Queue()
        self._orders: asyncio.Queue[tuple[Kind, bytes]] = asyncio.Queue()
        self._retained: bytes | None = None
        self._more = asyncio.Condition()

    def connect(self) -> None:
        self._connection += 1
        if self._retained is not None:
            self._orders.put_nowait(("config", self._retained))
        self._down.clear()
        self._up.set()

    def disconnect(self) -> None:
        self._up.clear()
        self._down.set()

    def deliver(self, ack: Ack) -> None:
        self._acks.put_nowait(ack)

    def order(self, kind: Kind, payload: bytes) -> None:
        if kind == "config":
            self._retained = payload
        if self._up.is_set():
            self._orders.put_nowait((kind, payload))

    async def until(self, true: Callable[[], bool]) -> None:
        """Return once `true` holds; it is asked again after everything that is published."""
        async with asyncio.timeout(WAIT_S), self._more:
            await self._more.wait_for(true)

    @property
    def connection(self) -> int:
        return self._connection

    @property
    def online(self) -> bool:
        return self._up.is_set()

    async def connected(self) -> None:
        await self._up.wait()

    async def lost(self) -> None:
        await self._down.wait()

    async def publish(self, lane: Lane, payload: bytes) -> None:
        self._check()
        if self.refusing:
            self.refusing -= 1
            raise UplinkLostError("refused")
        if self.breaking:
            self.breaking -= 1
            self.disconnect()
            raise UplinkLostError("broke")
        async with self._more:
            self.published.append((lane, payload))
            self._more.notify_all()

    async def report(self, status: Status) -> None:
        self._check()
        if self.refusing_statuses:
            self.refusing_statuses -= 1
            raise UplinkLostError("refused")
        async with self._more:
            self.statuses.append(status)
            self._more.notify_all()

    async def acks(self) -> AsyncIterator[Ack]:
        while True:
            yield await self._acks.get()

    async def orders(self) -> AsyncIterator[tuple[Kind, bytes]]:
        while True:
            yield await self._orders.get()

    def _check(self) -> None:
        if not self._up.is_set():
            raise UplinkLostError("no connection")
