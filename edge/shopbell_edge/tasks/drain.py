"""Spool to server: seal, send, and forget what the server has committed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import structlog

from shopbell_edge.core import resend
from shopbell_edge.core.batching import Unripe
from shopbell_edge.core.resend import Fresh, Wire
from shopbell_edge.ports import UplinkLostError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from shopbell_edge.core.hush import Hush
    from shopbell_edge.core.resend import Again, SendRules
    from shopbell_edge.ports import EdgeClock, Spool, Uplink
    from shopbell_edge.tasks.pulses import Pulses

PULSE: Final = "drain"
"""Under this name the loop tells its pulse."""

_IDLE_S: Final = 5.0
"""Between two signs of life when there is nothing to do."""

log = structlog.get_logger()


async def drain(  # noqa: PLR0913  (each by name)
    spool: Spool,
    uplink: Uplink,
    clock: EdgeClock,
    pulses: Pulses,
    *,
    rules: SendRules,
    hush: Hush,
    roll: Callable[[], float],
) -> None:
    """Move events from the spool to the server until cancelled.

    Nothing leaves the spool but by the server's answer. `hush` learns which tokens mean nobody there; `roll`
    returns a random number from 0 up to but not 1. What the spool raises, but for a full one, rises: without
    a spool there is no edge.
    """
    road = _Road(spool, uplink, clock, pulses, rules=rules, hush=hush, roll=roll)
    await road.resume()
    async with asyncio.TaskGroup() as group:
        group.create_task(road.send(), name="drain-send")
        group.create_task(road.settle(), name="drain-settle")
        group.create_task(road.watch_connection(), name="drain-connection")
        group.create_task(road.watch_spool(), name="drain-spool")


class _Road:
    """What the four loops share; `wire` is replaced whole, and never across an await."""

    def __init__(  # noqa: PLR0913  (each by name)
        self,
        spool: Spool,
        uplink: Uplink,
        clock: EdgeClock,
        pulses: Pulses,
        *,
        rules: SendRules,
        hush: Hush,
        roll: Callable[[], float],
    ) -> None:
        self._spool = spool
        self._uplink = uplink
        self._clock = clock
        self._pulses = pulses
        self._rules = rules
        self._hush = hush
        self._roll = roll
        self._wire = Wire()
        self._wake = asyncio.Event()

    async def resume(self) -> None:
        """Take over what an earlier process had sealed."""
        self._wire = resend.resume(await self._spool.unacknowledged(), self._clock.boottime())

    async def send(self) -> None:
        """Send one batch after the other; sleep while there is none to send."""
        while True:
            self._pulses.tell(PULSE)
            if not await _within(_IDLE_S, self._uplink.connected()):
                continue
            self._wake.clear()
            pause_s = await self._take_turn()
            if pause_s > 0:
                await _within(min(pause_s, _IDLE_S), self._wake.wait())

    async def settle(self) -> None:
        """Let the spool forget what the server has answered."""
        async for ack in self._uplink.acks():
            answered = self._clock.boottime()
            keys = await self._spool.settle(ack)
            asked = resend.asked_at(self._wire, keys)
            if asked is not None:
                self._clock.learn(asked, answered, ack.server_ms)
            self._wire = resend.settled(self._wire, keys, self._clock.boottime(), self._rules)
            self._wake.set()
            if keys and isinstance(ack.nobody, tuple):  # what answers nothing of ours hushes nobody
                self._hush.learn(ack.nobody, answered)
            refused = [one for one in ack.refused if (ack.stream, one.seq) in keys]
            if refused:  # of ours; what else is in an answer is nobody's news
                reasons = sorted({one.reason for one in refused})
                log.warning("batches_refused", count=len(refused), reasons=reasons)

    async def watch_connection(self) -> None:
        """Begin the wait after a reconnect when it happens, not when something is to be sent."""
        while True:
            await self._uplink.connected()
            self._note_connection()
            self._wake.set()
            await self._uplink.lost()

    async def watch_spool(self) -> None:
        """Wake the sender when something was appended."""
        while True:
            await self._spool.changed()
            self._wake.set()

    async def _take_turn(self) -> float:
        """Send the best there is now; return the seconds until there may be something, 0 if it did."""
        self._note_connection()
        now = self._clock.boottime()
        pauses_ms = [int(_IDLE_S * 1_000)]
        dated = self._clock.now().state != "unsynced"
        for turn in resend.turns(self._wire, now, self._rules, dated=dated):
            if isinstance(turn, Fresh):
                made = await self._spool.seal(turn.wanted, self._clock.now())
                if isinstance(made, Unripe):
                    pauses_ms += [] if made.in_ms is None else [made.in_ms]
                    continue
                await self._send(resend.in_lane(made, now, self._rules))
            elif turn.sealed.key not in self._wire.outstanding:
                continue  # answered while the spool was asked for another; nobody would answer it again
            else:
                await self._send(turn)
            return 0.0
        next_look_ms = resend.next_look_ms(self._wire, now)
        pauses_ms += [] if next_look_ms is None else [next_look_ms]
        return min(pauses_ms) / 1_000

    async def _send(self, turn: Again) -> None:
        sealed = turn.sealed
        self._wire = resend.sent(
            self._wire, turn, self._clock.boottime(), self._roll(), self._rules
        )
        try:
            await self._uplink.publish(turn.lane, sealed.payload)
        except UplinkLostError as error:
            log.warning("batch_not_taken", seq=sealed.seq, lane=turn.lane, reason=str(error))
        else:
            self._wire = resend.taken(self._wire, sealed.key)

    def _note_connection(self) -> None:
        number = self._uplink.connection
        if number != self._wire.connection:
            self._wire = resend.connected(
                self._wire, number, self._clock.boottime(), self._roll(), self._rules
            )


async def _within(limit_s: float, event: Awaitable[object]) -> bool:
    """Return whether `event` came within `limit_s`."""
    try:
        async with asyncio.timeout(limit_s):
            await event
    except TimeoutError:
        return False
    return True
