"""Messages that wait to be taken in.

Owns: how many may wait, what becomes of more, and gathering them into groups.
Never: where they come from.
"""

from __future__ import annotations

import queue
import time
from dataclasses import dataclass
from typing import Final

import structlog

log = structlog.get_logger()

MOST_WAITING: Final = 4096
"""Messages in the queue. Brokers hand out at most 20 (Mosquitto) to 1024 (NATS) undone ones over MQTT, so
this is never reached by default. Of what hands out more, the rest is let go: the edges send it again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """A message as it came. `mid` is the broker's number for it."""

    topic: str
    payload: bytes
    retained: bool
    mid: int = 0
    connection: int = 0


class Waiting:
    """A queue between the thread that hears and the one that takes in."""

    def __init__(self, most: int = MOST_WAITING) -> None:
        self._queue: queue.Queue[Incoming] = queue.Queue(most)
        self._is_full = False

    @property
    def is_full(self) -> bool:
        """Whether the last message that came found no room."""
        return self._is_full

    def put(self, incoming: Incoming) -> bool:
        """Add a message; return whether there was room. Never blocks."""
        try:
            self._queue.put_nowait(incoming)
        except queue.Full:
            if not self._is_full:
                self._is_full = True
                log.warning("ingest_queue_full", waiting=self._queue.maxsize)
            return False
        self._is_full = False
        return True

    def gather(self, most: int, wait_s: float, idle_s: float) -> list[Incoming]:
        """Return up to `most` messages: those within `wait_s` of the first; none after `idle_s`."""
        gathered: list[Incoming] = []
        try:
            gathered.append(self._queue.get(timeout=idle_s))
            until = time.monotonic() + wait_s
            while len(gathered) < most:
                left_s = until - time.monotonic()
                gathered.append(
                    self._queue.get(timeout=left_s) if left_s > 0 else self._queue.get_nowait()
                )
        except queue.Empty:
            pass
        return gathered
