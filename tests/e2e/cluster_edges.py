"""Edges that have something to say: fifty thousand reports in sealed batches, sent until they are answered.

The uplink is the edge's own: connections, last will, answers, turning to another node. What stands around
it is as little as an edge can do: a window, and patience.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Literal

from shopbell_edge.adapters.mqtt.uplink import MqttUplink
from shopbell_edge.ports import UplinkLostError
from shopbell_wire import codec
from shopbell_wire.messages import Clock, Status
from tests.bench.people import Talker

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from shopbell_edge.adapters.mqtt.broker import Broker
    from tests.bench.people import Guest

WINDOW: Final = 16
"""Batches of each edge on the wire, of the 64 that may be: a machine short of time answers late."""

DOUBLINGS: Final = 4

PER_BATCH: Final = 50

STAYED_MS: Final = 70_000
"""When the first report is made: everybody is on the board by then."""

ROUND_MS: Final = 500
"""Between two reports of a phone: so close that one token, with its tolerance, is enough."""


class Crowd:
    """What edges hear of guests who all walk about before all of them: each report is another one."""

    def __init__(self, guests: Sequence[Guest], edges: int, began_ms: int) -> None:
        self._guests = guests
        self._talkers = [Talker(number) for number in range(edges)]
        self._began_ms = began_ms

    def says(self, reports: int, sealed_ms: int) -> Mapping[str, Sequence[bytes]]:
        """Return the batches of every edge, in order, with so many reports in all."""
        each = reports // len(self._talkers)
        return {talker.edge: self._batches(talker, each, sealed_ms) for talker in self._talkers}

    def _batches(self, talker: Talker, reports: int, sealed_ms: int) -> list[bytes]:
        events = []
        for number in range(reports):
            turn, which = divmod(number, len(self._guests))
            first_ms = self._began_ms + which
            last_ms = first_ms + STAYED_MS + ROUND_MS * turn
            loss_db = 5.0 + (7 * number) % 40
            events.append(
                self._guests[which].presence(
                    "hci0", first_ms, last_ms, 1 + 20 * turn, loss_db=loss_db
                )
            )
        groups = [events[first : first + PER_BATCH] for first in range(0, reports, PER_BATCH)]
        return [talker.batch(group, sealed_ms) for group in groups]


class Sender:
    """An edge with its sealed batches; `answered` grows to the numbers of all."""

    def __init__(self, broker: Broker, batches: Sequence[bytes], answer_s: float) -> None:
        """`answer_s` is how long it waits for an answer before it sends again, twice as long each time.

        30 in a shop; `core.resend` says why it is doubled: or what is late is sent so often that all is late.
        """
        first = codec.decode_batch(batches[0])
        self.sends: Counter[int] = Counter()
        self.answered: set[int] = set()
        self.refused: list[str] = []
        self._edge = first.edge
        self._stream = first.stream
        self._batches = dict(enumerate(batches, start=1))
        self._answer_s = answer_s
        self._due_s: dict[int, float] = {}
        self._uplink = MqttUplink(broker, self._describe)

    @property
    def connections(self) -> int:
        return self._uplink.connection

    async def run(self) -> None:
        """Return when everything is answered."""
        tasks = [asyncio.create_task(self._uplink.run()), asyncio.create_task(self._hear())]
        try:
            while len(self.answered) < len(self._batches):
                for each in tasks:
                    if each.done():
                        each.result()
                with suppress(TimeoutError):
                    async with asyncio.timeout(0.1):
                        await self._uplink.connected()
                await self._send_due()
        finally:
            for each in tasks:
                each.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _send_due(self) -> None:
        now_s = asyncio.get_running_loop().time()
        window = [seq for seq in self._batches if seq not in self.answered][:WINDOW]
        due = [seq for seq in window if self._due_s.get(seq, 0.0) <= now_s]
        for seq in due:
            if seq in self.answered:
                continue
            self.sends[seq] += 1
            try:
                await self._uplink.publish("live", self._batches[seq])
            except UplinkLostError:
                return
            patience_s = self._answer_s * 2 ** min(self.sends[seq] - 1, DOUBLINGS)
            self._due_s[seq] = asyncio.get_running_loop().time() + patience_s
        if not due:
            await asyncio.sleep(0.01)

    async def _hear(self) -> None:
        async for ack in self._uplink.acks():
            if ack.stream != self._stream:
                continue
            self.refused += [each.reason for each in ack.refused]
            for first, last in ack.committed:
                self.answered.update(range(first, last + 1))

    def _describe(self, conn: int, state: Literal["online", "offline"]) -> Status:
        clock = Clock(boot="0" * 32, boottime_ms=conn, wall_ms=conn, state="synced", err_ms=5)
        return Status(
            edge=self._edge,
            stream=self._stream,
            conn=conn,
            state=state,
            version="test",
            config="",
            clock=clock,
            scanners=(),
        )
