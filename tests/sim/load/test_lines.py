"""The connections of a load, before a broker that takes its time."""

from __future__ import annotations

import asyncio
from typing import Final

from shopbell_sim.adapters.load_line import Broker
from shopbell_sim.load.lines import AT_ONCE, Lines
from tests.rigs.waiting import until

COUNT: Final = 3 * AT_ONCE

CONNECT: Final = 0x10
SUBSCRIBE: Final = 0x82
CONNACK: Final = bytes([0x20, 2, 0, 0])


class SlowBroker:
    """Answers nobody before as many are at the door as may be, or as are left."""

    def __init__(self) -> None:
        self.most = 0
        """So many were at the door at once."""
        self.gone = 0
        self._at_door = 0
        self._done = 0
        self._moved = asyncio.Condition()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert (await packet(reader))[0] == CONNECT
        async with self._moved:
            self._at_door += 1
            self.most = max(self.most, self._at_door)
            self._moved.notify_all()
            await self._moved.wait_for(self._is_full)
        writer.write(CONNACK)
        kind, body = await packet(reader)
        assert kind == SUBSCRIBE
        async with self._moved:
            self._at_door -= 1
            self._done += 1
            self._moved.notify_all()
        writer.write(bytes([0x90, 3, *body[:2], 1]))
        while await reader.read(1000):
            pass
        writer.close()
        await writer.wait_closed()
        self.gone += 1

    def _is_full(self) -> bool:
        return self._at_door + self._done >= min(COUNT, self._done // AT_ONCE * AT_ONCE + AT_ONCE)


async def packet(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """Return the kind and the body of the next MQTT packet."""
    kind, length, shift, more = (await reader.readexactly(1))[0], 0, 0, True
    while more:
        byte = (await reader.readexactly(1))[0]
        length, shift, more = length | (byte & 127) << shift, shift + 7, byte > 127
    return kind, await reader.readexactly(length)


class Nobody:
    """Whose edges these are; it has nothing to say."""

    def __init__(self) -> None:
        self.edges: set[int] = set()

    def status(self, edge: int, connection: int, *, online: bool) -> bytes:
        return f"{edge} {connection} {online}".encode()

    def connected(self, edge: int, connection: int) -> None:
        assert connection == 1
        self.edges.add(edge)

    def taken(self, edge: int, seq: int) -> None:
        raise AssertionError((edge, seq))

    def heard(self, topic: str, payload: bytes) -> None:
        raise AssertionError((topic, payload))


async def test_few_are_at_the_brokers_door_at_once_and_all_come_in() -> None:
    broker, speaker = SlowBroker(), Nobody()
    async with await asyncio.start_server(broker.serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        there = Broker(
            host="127.0.0.1", port=port, tls=False, username=None, password=None, ca=None
        )
        names = [f"edge-{number}" for number in range(COUNT)]
        lines = Lines(there, "acme", names, COUNT, speaker)
        keeping = asyncio.create_task(lines.keep())
        try:
            await until("all are connected", lambda: lines.up == COUNT)
        finally:
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)
        await until("all have left", lambda: broker.gone == COUNT)
    assert broker.most == AT_ONCE
    assert speaker.edges == set(range(COUNT))
    assert lines.lost == 0
