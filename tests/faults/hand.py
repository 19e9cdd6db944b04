"""An edge played by hand: says over MQTT whatever a test wants, and hears what the server answers."""

from __future__ import annotations

import json
import secrets
import time
from typing import TYPE_CHECKING, Any, Self

from shopbell_wire import codec
from tests.faults.shop import TENANT
from tests.rigs.listener import Listener

if TYPE_CHECKING:
    from shopbell_wire.messages import Ack
    from tests.rigs.brokers import BrokerProcess


class HandEdge:
    """Speaks as `name` while it is entered, in a stream of its own."""

    def __init__(self, broker: BrokerProcess, name: str) -> None:
        self.name = name
        self.stream = secrets.token_hex(16)
        self.up = f"shopbell/v1/{TENANT}/{name}/up/live"
        self._boot = secrets.token_hex(16)
        self._listener = Listener(broker, f"shopbell/v1/{TENANT}/{name}/down/ack", user="edge")

    async def __aenter__(self) -> Self:
        await self._listener.__aenter__()
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self._listener.__aexit__(*exception)

    def batch(self, seq: Any, *events: dict[str, Any], **changes: Any) -> bytes:
        """Return a batch; without `events` it says that the scanner hears."""
        now_ms = time.time_ns() // 1_000_000
        clock = {
            "boot": self._boot,
            "boottime_ms": 1_000,
            "wall_ms": now_ms,
            "state": "synced",
            "err_ms": 100,
        }
        body: dict[str, Any] = {
            "v": 1,
            "edge": self.name,
            "stream": self.stream,
            "seq": seq,
            "clock": clock,
            "dropped": {},
            "events": events or [self.health()],
        }
        return json.dumps(body | changes).encode()

    def health(self) -> dict[str, Any]:
        return {
            "type": "scanner_health",
            "scanner": "air",
            "state": "hearing",
            "since_ms": time.time_ns() // 1_000_000,
            "reason": "listening",
            "coverage": 1.0,
        }

    def presence(self, token: str, **changes: Any) -> dict[str, Any]:
        """Return that somebody was here for the last second."""
        now_ms = time.time_ns() // 1_000_000
        event = {
            "type": "presence",
            "scanner": "air",
            "frame": "service-data",
            "token": token,
            "phase": "present",
            "first_ms": now_ms - 1_000,
            "last_ms": now_ms,
            "n": 4,
            "loss_db": {"median": 10.0, "p10": 8.0, "last": 10.0},
            "reason": "30 s",
        }
        return event | changes

    def say(self, payload: bytes, *, topic: str = "", retain: bool = False) -> None:
        """Publish, on this edge's own topic unless told otherwise."""
        self._listener.say(topic or self.up, payload, retain=retain)

    def answers(self) -> list[Ack]:
        """Return what the server answered so far about this stream."""
        acks = (codec.decode_ack(payload) for payload in self._listener.payloads("down/ack"))
        return [ack for ack in acks if ack.stream == self.stream]

    def committed(self) -> list[int]:
        """Return the batches that were acknowledged, as often as they were."""
        return [
            seq
            for ack in self.answers()
            for first, last in ack.committed
            for seq in range(first, last + 1)
        ]

    def refused(self) -> list[tuple[int, int | None, str]]:
        """Return what was refused, each with its reason, as often as it was."""
        return [(one.seq, one.index, one.reason) for ack in self.answers() for one in ack.refused]

    async def is_told(self, *, committed: int = 0, refused: int = 0) -> None:
        """Wait until so many batches were acknowledged and so many things refused, in all."""
        await self._listener.until(
            lambda: len(self.committed()) >= committed and len(self.refused()) >= refused
        )
