"""The least of a server: takes batches over a real broker, remembers them, acknowledges."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from shopbell_wire import codec
from shopbell_wire.messages import Ack
from tests.rigs.listener import Listener

if TYPE_CHECKING:
    from collections.abc import Callable

    from shopbell_edge.adapters.mqtt.broker import Tls
    from shopbell_wire.codec import Received
    from shopbell_wire.messages import Event
    from tests.rigs.brokers import BrokerProcess


class CommittingServer:
    """Hears one edge. `taken` holds every batch once; one key with two contents fails the test.

    `silent` says how many answers are yet to be lost.
    """

    def __init__(
        self, broker: BrokerProcess, *, tenant: str, edge: str, tls: Tls | None = None
    ) -> None:
        self.taken: dict[tuple[str, int], bytes] = {}
        self.lanes: list[str] = []
        self.repeats = 0
        self.conflicts = 0
        self.silent = 0
        self._root = f"shopbell/v1/{tenant}/{edge}"
        lanes = (f"{self._root}/up/live", f"{self._root}/up/backlog")
        self._listener = Listener(broker, *lanes, tls=tls)
        self._listener.on_message = self._take

    async def __aenter__(self) -> Self:
        await self._listener.__aenter__()
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self._listener.__aexit__(*exception)

    async def until(self, true: Callable[[], bool]) -> None:
        """Return once `true` holds; it is asked again after each batch that comes."""
        await self._listener.until(true)

    def batches(self) -> list[Received]:
        return [codec.decode_batch(payload) for _, payload in sorted(self.taken.items())]

    def events(self) -> list[Event]:
        return [event for batch in self.batches() for _, event in batch.events]

    def _take(self, topic: str, payload: bytes) -> None:
        batch = codec.decode_batch(payload)
        key = (batch.stream, batch.seq)
        self.lanes.append(topic.rsplit("/", maxsplit=1)[-1])
        self.repeats += key in self.taken
        self.conflicts += self.taken.setdefault(key, payload) != payload
        if self.silent:
            self.silent -= 1
            return
        ack = Ack(
            stream=batch.stream,
            committed=((batch.seq, batch.seq),),
            refused=(),
            server_ms=batch.clock.wall_ms,
        )
        self._listener.say(f"{self._root}/down/ack", codec.encode(ack))
