"""One load, from the first connection to the last answer.

Owns: the loop from customers to batches, and the counts.
Never: who is where (`core.load_crowd`), or what an edge may send when (`core.load_edge`).
"""

from __future__ import annotations

import asyncio
import random
import time
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Final

from shopbell_edge.core.units import Boottime
from shopbell_program.commands import CommandError
from shopbell_sim.core.load_crowd import Crowd
from shopbell_sim.core.load_edge import LoadEdge, clock
from shopbell_sim.core.waits import Waits
from shopbell_sim.load import events
from shopbell_sim.load.folder import edge_name
from shopbell_sim.load.lines import Lines
from shopbell_sim.load.summary import Summary
from shopbell_wire import codec
from shopbell_wire.malformed import MalformedError
from shopbell_wire.topics import EdgeTopic, Kind, parse

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from shopbell_sim.core.load_crowd import Told
    from shopbell_sim.load.asked import Load
    from shopbell_sim.load.folder import Known

TICK_S: Final = 0.02
"""Between two looks at who has something to say: as long as a server gathers."""

SAY_EVERY_S: Final = 10.0

CONNECTED_WITHIN_S: Final = 60.0
CONNECTED_A_SECOND: Final = 20
"""For all connections together, those that fail and are tried again included. Mosquitto makes hundreds a
second; NATS, which keeps three consumers of each on its disk, some dozens."""

ONE_WITHIN_S: Final = 15.0
"""For the first one: a NATS cluster that starts took up to 14 s for a login."""

ANSWERED_WITHIN_S: Final = 120.0
"""After the last event: a batch that was lost on the way is sent again after 30 to 38 s, then after 60."""


class Shift:
    """Speaks for all edges of `load`. `people` are by store and number; `say` is told how it goes."""

    def __init__(
        self,
        load: Load,
        people: Mapping[tuple[int, int], Known],
        say: Callable[[str], None],
    ) -> None:
        self._load = load
        self._people = people
        self._say = say
        self._dice = random.Random(load.seed)
        # A stream is never one of an earlier load, whatever the seed: the server would know its batches.
        chance = random.SystemRandom()
        self._boot = chance.randbytes(16).hex()
        size = load.size
        self._edges = [
            LoadEdge(edge_name(store, edge), chance.randbytes(16).hex(), self._boot, load.rules)
            for store in range(size.stores)
            for edge in range(size.edges)
        ]
        names = [edge.name for edge in self._edges]
        self._number = {name: number for number, name in enumerate(names)}
        self._lines = Lines(load.broker, load.tenant, names, load.connections, self)
        self._wakes: list[tuple[int, int]] = []
        self._waits = Waits()
        self._acknowledged = self._refused = self._nobody = self._batch_bytes = 0

    async def run(self) -> Summary:
        """Connect, speak for `load.duration_s`, wait for what is unanswered. Raises CommandError."""
        keeping = asyncio.create_task(self._lines.keep())  # ended below, whatever happens
        try:
            await self._connect(keeping)
            began_s, cpu_s = time.monotonic(), time.process_time()
            await self._speak(began_s)
            await self._wait()
            return self._summary(time.monotonic() - began_s, time.process_time() - cpu_s)
        finally:
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)

    # What `Lines` asks for and tells (`lines.Speaker`).

    def status(self, edge: int, connection: int, *, online: bool) -> bytes:
        """Return the retained status of an edge."""
        of = self._edges[edge]
        now = clock(self._boot, _now(), _unix_ms())
        return codec.encode(events.status(of.name, of.stream, connection, now, online=online))

    def connected(self, edge: int, connection: int) -> None:
        """Let an edge speak."""
        self._wake(edge, self._edges[edge].connected(connection, _now(), self._dice.random()))

    def taken(self, edge: int, seq: int) -> None:
        """Note that the broker has a batch."""
        self._edges[edge].taken(seq)

    def heard(self, topic: str, payload: bytes) -> None:
        """Take in an acknowledgement; what is none, or cannot be read, is as if it had not come."""
        try:
            to = parse(topic)
            if not isinstance(to, EdgeTopic) or to.kind is not Kind.ACK:
                return
            ack = codec.decode_ack(payload)
        except MalformedError:
            return
        number = self._number.get(to.edge)
        if number is None:
            return
        done = self._edges[number].answered(ack, _now())
        self._acknowledged += done.events - done.refused
        self._refused += done.refused
        self._nobody += done.nobody
        for waited_ms in done.waited_ms:
            self._waits.add(waited_ms)
        self._wake(number, self._edges[number].next_look(_now()))

    async def _connect(self, keeping: asyncio.Task[None]) -> None:
        began_s = said_s = time.monotonic()
        lines = self._lines
        all_s = CONNECTED_WITHIN_S + len(lines) / CONNECTED_A_SECOND
        while lines.up < len(lines):
            if keeping.done():
                await keeping  # it raises what ended it
            now_s = time.monotonic()
            spent_s = now_s - began_s
            if now_s - said_s >= SAY_EVERY_S:
                said_s = now_s
                self._say(f"{lines.up} of {len(lines)} connections after {spent_s:.0f} s")
            if spent_s > (all_s if lines.up else ONE_WITHIN_S):
                broker = self._load.broker
                raise CommandError(
                    f"{broker.host}:{broker.port}: {lines.up} of {len(lines)} connections after "
                    f"{spent_s:.0f} s; the last one that failed: {lines.trouble or 'no answer yet'}. "
                    "Does the broker run there, with this user, and may it have so many connections?"
                )
            await asyncio.sleep(TICK_S)

    async def _speak(self, began_s: float) -> None:
        load = self._load
        crowd = Crowd(load.size, load.people, random.Random(load.seed), _unix_ms())
        said_s = began_s
        while (now_s := time.monotonic()) - began_s < load.duration_s:
            for told in crowd.until(_unix_ms()):
                self._hear(told)
            self._send()
            if now_s - said_s >= SAY_EVERY_S:
                said_s = now_s
                self._say(self._progress(now_s - began_s))
            await asyncio.sleep(TICK_S)

    async def _wait(self) -> None:
        until_s = time.monotonic() + ANSWERED_WITHIN_S
        while time.monotonic() < until_s and any(edge.unanswered for edge in self._edges):
            self._send()
            await asyncio.sleep(TICK_S)

    def _hear(self, told: Told) -> None:
        number = told.store * self._load.size.edges + told.edge
        event = events.event(told, self._people[told.store, told.person])
        self._wake(number, self._edges[number].hear(event, _now()))

    def _wake(self, number: int, at_ms: int | None) -> None:
        """Look at an edge then, unless it is looked at before."""
        edge = self._edges[number]
        if at_ms is not None and (edge.wake_ms is None or at_ms < edge.wake_ms):
            edge.wake_ms = at_ms
            heappush(self._wakes, (at_ms, number))

    def _send(self) -> None:
        now = _now()
        while self._wakes and self._wakes[0][0] <= now:
            at_ms, number = heappop(self._wakes)
            edge = self._edges[number]
            if edge.wake_ms != at_ms:
                continue  # it was looked at meanwhile
            edge.wake_ms = None
            if not self._lines.open(number):
                continue  # the next connection wakes it
            for lane, sealed in edge.turns(now, _unix_ms(), self._dice.random()):
                kind = Kind.LIVE if lane == "live" else Kind.BACKLOG
                self._lines.send(number, kind, sealed.seq, sealed.payload)
                self._batch_bytes += len(sealed.payload)
            self._wake(number, edge.next_look(now))

    def _progress(self, seconds: float) -> str:
        lines = self._lines
        away = "" if lines.up == len(lines) else f"; {len(lines) - lines.up} away: {lines.trouble}"
        return (
            f"{seconds:.0f} s: {self._acknowledged} events acknowledged, "
            f"{sum(edge.unanswered for edge in self._edges)} on the way, "
            f"p99 {self._waits.below_ms(0.99)} ms{away}"
        )

    def _summary(self, seconds: float, cpu_s: float) -> Summary:
        size = self._load.size
        traffic = self._lines.traffic()
        return Summary(
            stores=size.stores,
            edges=len(self._edges),
            customers=size.customers * size.stores,
            connections=len(self._lines),
            seconds=round(seconds, 2),
            cpu_s=round(cpu_s, 2),
            events=sum(edge.sealed_events for edge in self._edges),
            batches=sum(edge.sealed_batches for edge in self._edges),
            batch_bytes=self._batch_bytes,
            line_sent_bytes=traffic.sent_bytes,
            line_received_bytes=traffic.received_bytes,
            line_packets=traffic.packets,
            acknowledged=self._acknowledged,
            refused=self._refused,
            unanswered=sum(edge.unanswered for edge in self._edges),
            given_up=sum(edge.given_up for edge in self._edges),
            nobody=self._nobody,
            sent_again=sum(edge.sent_again for edge in self._edges),
            lines_lost=self._lines.lost,
            p50_ms=self._waits.below_ms(0.5),
            p99_ms=self._waits.below_ms(0.99),
            most_ms=self._waits.most_ms,
        )


def _now() -> Boottime:
    return Boottime(time.monotonic_ns() // 1_000_000)


def _unix_ms() -> int:
    return time.time_ns() // 1_000_000
