"""Answers as a row of pulses of whatever can be switched: a lamp, a bell.

Owns: the rhythm.
Never: the switch.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Protocol

from shopbell_edge.core.answering import PULSES

if TYPE_CHECKING:
    from shopbell_edge.core.answering import Answer


class Switch(Protocol):
    """On or off."""

    def switch(self, *, on: bool) -> None:
        """Do so, without waiting; OSError if the thing is not there."""
        ...


class LightOrSound:
    """A Feedback that switches `switch` as `core.answering` says, `speed` times as fast."""

    def __init__(self, switch: Switch, *, speed: float = 1.0) -> None:
        self._switch = switch
        self._speed = speed

    async def give(self, answer: Answer) -> bool:
        """Pulse; return False at the first pulse that could not be."""
        try:
            for pulse in PULSES[answer]:
                self._switch.switch(on=True)
                try:
                    await self._for(pulse.on_ms)
                finally:
                    # A thing that has gone meanwhile is off, and its error must not hide a cancellation.
                    with contextlib.suppress(OSError):
                        self._switch.switch(on=False)
                await self._for(pulse.off_ms)
        except OSError:
            return False
        return True

    async def _for(self, ms: int) -> None:
        await asyncio.sleep(ms / 1000 / self._speed)
