"""An edge whose clock learns, and the server: tasks and use cases are theirs, the test carries batches."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from shopbell_edge.adapters.spool.batches import Speaker
from shopbell_edge.adapters.spool.sqlite import SqliteSpool
from shopbell_edge.core.hush import Hush
from shopbell_edge.core.liveness import BeatRules
from shopbell_edge.core.resend import SendRules
from shopbell_edge.core.roster import Roster
from shopbell_edge.core.rules import Rules
from shopbell_edge.core.tally import Tally
from shopbell_edge.core.telling import OFFLINE
from shopbell_edge.core.units import ScannerName
from shopbell_edge.tasks.beat import anchor_clock
from shopbell_edge.tasks.drain import PULSE, drain
from shopbell_edge.tasks.listen import Listening
from shopbell_edge.tasks.pulses import Pulses
from shopbell_server.core.ids import EdgeId
from shopbell_server.usecases.intake.take import Message
from shopbell_wire import codec
from tests.edge.core.advertisements import RETAILER, service_data
from tests.fakes.radio import FakeRadio
from tests.fakes.uplink import FakeUplink
from tests.rigs.waiting import until
from tests.server.usecases.floor import EDGES, MINUTE, Floor

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.fakes.learning_clock import LearningClock
    from tests.server.usecases.floor import Someone

HOUR: Final = 60 * MINUTE
BOOT: Final = "b0" * 16
STREAM: Final = "5" * 32
UNPACED: Final = SendRules(backlog_events_per_s=None, jitter=0.0)
BEAT: Final = BeatRules(beat_ms=5)

EVERY_MS: Final = 2_000
"""Between two advertisements of a phone that are heard."""

LOOK_MS: Final = 10
"""What passes between two looks at whether all is answered: a `present` waits a second for company, and a
clock that stands still would let it wait for ever. 4 000 looks at most are 40 s: nobody leaves by them."""

NEAR_MS: Final = EVERY_MS
"""Times of a visit are those of sightings; a batch travels 80 ms."""


@dataclass(slots=True)
class Store:
    """One edge with its radio, and the server; time passes only here."""

    floor: Floor
    clock: LearningClock
    spool: SqliteSpool
    radio: FakeRadio = field(default_factory=FakeRadio)
    uplink: FakeUplink = field(default_factory=FakeUplink)
    travels_ms: int = 40
    """How long a batch is under way to the server, and an answer back."""
    carried_already: int = 0
    rounds: int = 0
    refused: list[str] = field(default_factory=list)
    alarms: list[str] = field(default_factory=list)

    async def is_near(self, someone: Someone, for_ms: int) -> None:
        """Let her phone be heard for so long."""
        for _ in range(0, for_ms, EVERY_MS):
            token = self.floor.token(someone, self.clock.true_ms).id64
            self.radio.play(service_data(int(token, 16)))
            await self.radio.played()
            self.clock.forward(EVERY_MS)
        await self.told()

    async def passes(self, ms: int) -> None:
        """Let nobody be near for so long."""
        self.clock.forward(ms)
        await self.told(2)  # one that was under way may have looked at the clock before

    async def told(self, rounds: int = 1) -> None:
        """Let the listening task go round: its ticks are real."""
        before = self.rounds
        await until("it went round", lambda: self.rounds >= before + rounds)

    def tick(self) -> None:
        self.rounds += 1

    async def show(self, someone: Someone) -> int:
        """Let her pass be read; return the true time at which it was."""
        scan = self.floor.shows_pass(someone, self.clock.true_ms)
        now = self.clock.now()
        await self.spool.append([replace(scan, at_ms=now.wall_ms)], now)
        return self.clock.true_ms

    async def carried(self) -> None:
        """Carry batches to the server and answers back until nothing waits."""

        async def empty() -> bool:
            self.carry()
            self.clock.forward(LOOK_MS)
            depth = await self.spool.depth()
            return depth.unsealed == depth.sealed == 0

        await until("all is answered", empty)

    def carry(self) -> None:
        """Let the server take in what was published since the last time."""
        for _, payload in self.uplink.published[self.carried_already :]:
            self.carried_already += 1
            self.clock.forward(self.travels_ms)
            message = Message(edge=EdgeId(EDGES[0]), payload=payload)
            taken = self.floor.take(message, now_ms=self.clock.true_ms)
            self.clock.forward(self.travels_ms)
            self.alarms += [why for why, _ in taken.alarms]
            for _, ack in taken.answers:
                self.refused += [one.reason for one in ack.refused]
                self.uplink.deliver(ack)

    def said(self) -> list[list[str]]:
        """Return the types of events of each batch that was published."""
        batches = (codec.decode_batch(payload) for _, payload in self.uplink.published)
        return [[str(e.__struct_config__.tag) for _, e in each.events] for each in batches]

    def sent(self) -> set[tuple[str, int, bytes]]:
        """Return what was published, with the key that the server knows it by."""
        payloads = {payload for _, payload in self.uplink.published}
        batches = [(codec.decode_batch(payload), payload) for payload in payloads]
        return {(batch.stream, batch.seq, payload) for batch, payload in batches}


@asynccontextmanager
async def opened(
    folder: Path, floor: Floor, clock: LearningClock, *, stream: str = STREAM
) -> AsyncIterator[Store]:
    """Run the edge's tasks as the daemon does, with a radio, and nobody at the other end but `carry`."""
    speaker = Speaker(edge=EDGES[0], stream=stream, software="test")
    async with SqliteSpool(folder / "spool.db", speaker, clock.now()) as spool:
        store = Store(floor, clock, spool)
        tally = Tally()
        roster = Roster(
            scanner=ScannerName("hci0"), retailer=RETAILER, rules=Rules(), most_tokens=1_000
        )
        listening = Listening(store.radio, roster, spool, clock, tally)
        pulses = Pulses(clock, [PULSE])
        work = [
            listening.run(lambda: store.uplink.online, OFFLINE, store.tick),
            anchor_clock(spool, clock, BEAT),
            drain(spool, store.uplink, clock, pulses, rules=UNPACED, hush=Hush(), roll=lambda: 0.0),
        ]
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(each) for each in work]
            yield store
            for task in tasks:
                task.cancel()
