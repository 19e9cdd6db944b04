"""How fast events get from the spool to the server and out of the spool again."""

from __future__ import annotations

import asyncio
import random
import sys
import tempfile
import time
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Final, Literal

from paho.mqtt.enums import CallbackAPIVersion

from shopbell_edge.adapters.clock import system_clock
from shopbell_edge.adapters.mqtt.broker import Broker
from shopbell_edge.adapters.mqtt.uplink import MqttUplink
from shopbell_edge.adapters.spool.batches import Speaker
from shopbell_edge.adapters.spool.sqlite import SqliteSpool
from shopbell_edge.core.hush import Hush
from shopbell_edge.core.resend import SendRules
from shopbell_edge.tasks.drain import PULSE, drain
from shopbell_edge.tasks.pulses import Pulses
from shopbell_program.mqtt_client import EndableClient
from shopbell_wire.messages import Status
from tests.bench.report import Report, at_least, figure
from tests.edge import events
from tests.rigs.brokers import NatsBroker
from tests.rigs.fake_bluez.bus import running

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from shopbell_edge.core.batching import Lane
    from tests.rigs.brokers import BrokerProcess

TITLE: Final = "Edge: publish"
MEASURES: Final = (
    "Events per second through spool (SQLite, every commit synced), MQTT and the server's "
    "acknowledgement, until the spool is empty; pacing off; nats-server 3.1.1; the server is a process "
    "that decodes and answers. Beside it paho alone, publishing the same bytes with QoS 1 to the same "
    "broker. `one by one`: twenty radios, each of which waits until the disk has its event."
)
WHY: Final = "the disk: each commit waits for it, and other programs use it too."

EVENTS_PER_S: Final = 5_000

EVENTS: Final = 20_000
APPENDED: Final = 100
"""Events per append: what the tick of a busy radio has to say."""

ROUNDS: Final = 5
URGENT: Final = 1_000
RADIOS: Final = 20
WINDOW: Final = 64
LIMIT_S: Final = 60.0


async def measure(*, long: bool) -> Report:
    del long
    through: list[float] = []
    alone: list[float] = []
    urgent: list[float] = []
    with (
        tempfile.TemporaryDirectory(prefix="shopbell-bench-") as folder,
        NatsBroker(Path(folder, "broker")) as broker,
        running([sys.executable, "-m", "tests.bench.committing", str(broker.port), folder]),
    ):
        for number in range(ROUNDS):
            async with road(Path(folder, f"round-{number}"), broker) as each:
                through.append(EVENTS / await each.seconds_for(EVENTS))
                alone.append(EVENTS / await raw(broker, each.uplink.payloads))
                urgent.append(URGENT / await each.seconds_one_by_one(URGENT))
    return Report(
        title=TITLE,
        measures=MEASURES,
        figures=(
            figure("spool + MQTT + answer", "events/s", through),
            figure("paho alone, same bytes", "events/s", alone),
            figure("ratio", "", [one / other for one, other in zip(through, alone, strict=True)]),
            figure("one by one, 20 radios", "events/s", urgent),
        ),
        verdicts=(at_least("spool + MQTT + answer", median(through), EVENTS_PER_S, "events/s"),),
        why=WHY,
    )


class RecordingUplink(MqttUplink):
    """Remembers what it published."""

    payloads: list[bytes]

    async def publish(self, lane: Lane, payload: bytes) -> None:
        self.payloads.append(payload)
        await super().publish(lane, payload)


class Road:
    """A spool that is being drained."""

    def __init__(self, spool: SqliteSpool, uplink: RecordingUplink) -> None:
        self.uplink = uplink
        self._spool = spool
        self._clock = system_clock("system", err_ms=1)

    async def seconds_for(self, count: int) -> float:
        """Return how long it takes `count` events from the first append to the last answer."""
        began = time.perf_counter()
        for first in range(0, count, APPENDED):
            some = [events.presence(number) for number in range(first, first + APPENDED)]
            await self._spool.append(some, self._clock.now())
        await self._empty()
        return time.perf_counter() - began

    async def seconds_one_by_one(self, count: int) -> float:
        """Return the same of events that may not wait, each in a commit of its own."""

        async def radio(first: int) -> None:
            for number in range(first, first + count // RADIOS):
                await self._spool.append([events.presence(number, "entered")], self._clock.now())

        began = time.perf_counter()
        await asyncio.gather(*(radio(each * count) for each in range(RADIOS)))
        await self._empty()
        return time.perf_counter() - began

    async def _empty(self) -> None:
        async with asyncio.timeout(LIMIT_S):
            while True:
                depth = await self._spool.depth()
                if depth.unsealed == depth.sealed == 0:
                    return
                await asyncio.sleep(0.005)


@asynccontextmanager
async def road(folder: Path, broker: BrokerProcess) -> AsyncIterator[Road]:
    """Run everything of an edge that stands between its spool and the broker."""
    password = _password_in(folder, broker.users["edge"])
    clock = system_clock("system", err_ms=1)
    stream = f"{random.getrandbits(128):032x}"
    speaker = Speaker(edge="edge-1", stream=stream, software="bench")

    def describe(conn: int, state: Literal["online", "offline"]) -> Status:
        return Status(
            edge="edge-1",
            stream=stream,
            conn=conn,
            state=state,
            version="bench",
            config="",
            clock=clock.now(),
            scanners=(),
        )

    access = Broker(
        host="127.0.0.1",
        port=broker.port,
        tenant="acme",
        edge="edge-1",
        version="3.1.1",
        username="edge",
        password_file=password,
    )
    uplink = RecordingUplink(access, describe)
    uplink.payloads = []
    async with SqliteSpool(folder / "spool.db", speaker, clock.now()) as spool:
        rules = SendRules(backlog_events_per_s=None, reconnect_wait_ms=0)
        draining = drain(
            spool,
            uplink,
            clock,
            Pulses(clock, [PULSE]),
            rules=rules,
            hush=Hush(),
            roll=random.random,
        )
        tasks = [asyncio.create_task(uplink.run()), asyncio.create_task(draining)]
        try:
            await uplink.connected()
            yield Road(spool, uplink)
        finally:
            for task in tasks:
                task.cancel()
            with suppress(asyncio.CancelledError):
                await asyncio.gather(*tasks)


def _password_in(folder: Path, password: str) -> Path:
    folder.mkdir()
    file = folder / "password"
    file.write_text(password)
    return file


async def raw(broker: BrokerProcess, payloads: list[bytes]) -> float:
    """Return how long paho alone takes to publish these."""
    client = EndableClient(CallbackAPIVersion.VERSION2)
    client.username_pw_set("edge", broker.users["edge"])
    client.max_inflight_messages_set(WINDOW)
    client.max_queued_messages_set(0)
    await asyncio.to_thread(client.connect, "127.0.0.1", broker.port)
    client.loop_start()
    try:
        began = time.perf_counter()
        sent = [client.publish("bench/raw", payload, qos=1) for payload in payloads]
        for each in sent:
            await asyncio.to_thread(each.wait_for_publish, LIMIT_S)
        return time.perf_counter() - began
    finally:
        client.disconnect()
        client.loop_stop()
