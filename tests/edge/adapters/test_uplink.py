"""What every Uplink promises, over each broker and version that it speaks."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from shopbell_edge.adapters.mqtt.broker import Broker
from shopbell_edge.adapters.mqtt.uplink import MqttUplink
from shopbell_edge.ports import UplinkLostError
from shopbell_wire import codec
from shopbell_wire.messages import Ack, Status
from tests.fakes.clock import FakeClock
from tests.fakes.uplink import FakeUplink
from tests.rigs.brokers import MosquittoBroker, NatsBroker
from tests.rigs.listener import Listener

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path
    from typing import Literal

    from shopbell_edge.ports import Uplink
    from shopbell_wire.orders import Kind
    from tests.rigs.brokers import BrokerProcess

STREAM = "5" * 32
ROOT = "shopbell/v1/acme/edge-1"
WAIT_S = 20.0


def describe(number: int, state: Literal["online", "offline"]) -> Status:
    return Status(
        edge="edge-1",
        stream=STREAM,
        conn=number,
        state=state,
        version="test",
        config="none",
        clock=FakeClock().now(),
        scanners=(),
    )


def acknowledgement(server_ms: int) -> Ack:
    return Ack(stream=STREAM, committed=((1, 2),), refused=(), server_ms=server_ms)


class FarEnd(Protocol):
    """The server's side of an uplink, and the power over what lies between."""

    uplink: Uplink

    async def arrived(self, lane: str, count: int) -> list[bytes]: ...

    async def statuses(self, count: int) -> list[Status]: ...

    async def say(self, ack: Ack) -> None: ...

    async def order(self, kind: Kind, payload: bytes) -> None: ...

    async def cut(self) -> None: ...

    async def mend(self) -> None: ...


class FakeFarEnd:
    def __init__(self) -> None:
        self.fake = FakeUplink()
        self.uplink: Uplink = self.fake
        self.fake.connect()

    async def arrived(self, lane: str, count: int) -> list[bytes]:
        await self.fake.until(lambda: len(self._in(lane)) >= count)
        return self._in(lane)

    async def statuses(self, count: int) -> list[Status]:
        await self.fake.until(lambda: len(self.fake.statuses) >= count)
        return self.fake.statuses

    async def say(self, ack: Ack) -> None:
        self.fake.deliver(ack)

    async def order(self, kind: Kind, payload: bytes) -> None:
        self.fake.order(kind, payload)

    async def cut(self) -> None:
        self.fake.disconnect()

    async def mend(self) -> None:
        self.fake.connect()

    def _in(self, lane: str) -> list[bytes]:
        return [payload for where, payload in self.fake.published if where == lane]


class BrokerFarEnd:
    def __init__(self, broker: BrokerProcess, uplink: MqttUplink, listener: Listener) -> None:
        self.broker = broker
        self.uplink: Uplink = uplink
        self._listener = listener

    async def arrived(self, lane: str, count: int) -> list[bytes]:
        return await self._on(f"up/{lane}", count)

    async def statuses(self, count: int) -> list[Status]:
        # The one that begins a connection is not of the uplink's user.
        payloads = await self._on("up/status", count + 1)
        return [codec.decode_status(payload) for payload in payloads[1:]]

    async def say(self, ack: Ack) -> None:
        self._listener.say(f"{ROOT}/down/ack", codec.encode(ack))

    async def order(self, kind: Kind, payload: bytes) -> None:
        self._listener.say(f"{ROOT}/down/{kind}", payload, retain=kind == "config")

    async def cut(self) -> None:
        await asyncio.to_thread(self.broker.kill)

    async def mend(self) -> None:
        await asyncio.to_thread(self.broker.start)
        await self._listener.subscribed()

    async def _on(self, ending: str, count: int) -> list[bytes]:
        await self._listener.until(lambda: len(self._listener.payloads(ending)) >= count)
        return self._listener.payloads(ending)


@asynccontextmanager
async def running(uplink: MqttUplink) -> AsyncIterator[MqttUplink]:
    task = asyncio.create_task(uplink.run())
    try:
        yield uplink
    finally:
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled(), task.exception()


def account(broker: BrokerProcess, folder: Path, **settings: Any) -> Broker:
    password_file = folder / "password"
    password_file.write_text(f"{broker.users['edge']}\n")
    known: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": broker.port,
        "tenant": "acme",
        "edge": "edge-1",
        "version": broker.versions[-1],
        "username": "edge",
        "password_file": password_file,
        "first_retry_s": 0.05,
        "most_retry_s": 0.2,
    }
    return Broker(**(known | settings))


@pytest.fixture(params=["fake", "nats 3.1.1", "mosquitto 3.1.1", "mosquitto 5"])
async def far(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[FarEnd]:
    """Every Uplink there is; what a test asks of one it asks of all."""
    if request.param == "fake":
        yield FakeFarEnd()
        return
    name, version = request.param.split()
    kind: Callable[[Path], BrokerProcess] = NatsBroker if name == "nats" else MosquittoBroker
    with kind(tmp_path / name) as broker:
        uplink = MqttUplink(account(broker, tmp_path, version=version), describe)
        async with Listener(broker, f"{ROOT}/up/#") as listener, running(uplink):
            async with asyncio.timeout(WAIT_S):
                await uplink.connected()
            yield BrokerFarEnd(broker, uplink, listener)


async def test_what_is_published_arrives_in_its_lane(far: FarEnd) -> None:
    await far.uplink.publish("live", b"ding")
    await far.uplink.publish("backlog", b"dong")
    assert await far.arrived("live", 1) == [b"ding"]
    assert await far.arrived("backlog", 1) == [b"dong"]


async def test_a_batch_of_the_greatest_size_arrives(far: FarEnd) -> None:
    payload = b"x" * codec.MAX_BYTES
    await far.uplink.publish("live", payload)
    assert await far.arrived("live", 1) == [payload]


async def test_answers_come_in_their_order(far: FarEnd) -> None:
    for number in (1, 2, 3):
        await far.say(acknowledgement(number))
    heard = []
    async with asyncio.timeout(WAIT_S):
        async for ack in far.uplink.acks():
            heard.append(ack.server_ms)
            if len(heard) == 3:
                break
    assert heard == [1, 2, 3]


async def test_a_status_is_reported(far: FarEnd) -> None:
    status = describe(77, "online")
    await far.uplink.report(status)
    assert await far.statuses(1) == [status]


async def test_the_first_connection_is_number_one(far: FarEnd) -> None:
    assert far.uplink.connection == 1


async def test_without_a_connection_nothing_is_taken_and_nothing_kept(far: FarEnd) -> None:
    async with asyncio.timeout(2 * WAIT_S):
        await far.cut()
        await far.uplink.lost()
        with pytest.raises(UplinkLostError):
            await far.uplink.publish("live", b"into the void")
        with pytest.raises(UplinkLostError):
            await far.uplink.report(describe(1, "online"))
        await far.mend()
        await far.uplink.connected()
        assert far.uplink.connection == 2


async def test_a_new_connection_carries_both_ways(far: FarEnd) -> None:
    async with asyncio.timeout(2 * WAIT_S):
        await far.cut()
        await far.uplink.lost()
        await far.mend()
        await far.uplink.connected()
    await far.uplink.publish("live", b"again")
    assert (await far.arrived("live", 1))[-1] == b"again"
    await far.say(acknowledgement(9))
    async with asyncio.timeout(WAIT_S):
        async for ack in far.uplink.acks():
            assert ack.server_ms == 9
            break


async def ordered(far: FarEnd, count: int) -> list[tuple[Kind, bytes]]:
    """Return the next `count` orders that come."""
    came: list[tuple[Kind, bytes]] = []
    async with asyncio.timeout(WAIT_S):
        async for order in far.uplink.orders():
            came.append(order)
            if len(came) == count:
                break
    return came


async def test_orders_come_as_they_were_sent_each_with_its_kind(far: FarEnd) -> None:
    await far.order("command", b"blink")
    assert await ordered(far, 1) == [("command", b"blink")]
    await far.order("config", b"\xff not even JSON")
    assert await ordered(far, 1) == [("config", b"\xff not even JSON")]


async def test_the_newest_settings_come_with_every_connection(far: FarEnd) -> None:
    await far.order("config", b"old")
    await far.order("config", b"new")
    assert await ordered(far, 2) == [("config", b"old"), ("config", b"new")]
    async with asyncio.timeout(2 * WAIT_S):
        await far.cut()
        await far.uplink.lost()
        await far.mend()
        await far.uplink.connected()
    # A broker without a disk has forgotten them; whoever ordered them says them again.
    if isinstance(far, BrokerFarEnd) and far.broker.name == "mosquitto":
        await far.order("config", b"new")
    assert await ordered(far, 1) == [("config", b"new")]
