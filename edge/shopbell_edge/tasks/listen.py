"""Radio to spool: who is near, as far as one radio hears."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import structlog

from shopbell_edge.core.telling import OFFLINE, PARTING
from shopbell_edge.ports import SpoolFullError
from shopbell_wire.messages import ScannerHealth

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from shopbell_edge.core.advertisement import Advertisement
    from shopbell_edge.core.roster import Roster
    from shopbell_edge.core.tally import Tally
    from shopbell_edge.core.telling import Pace
    from shopbell_edge.core.units import Boottime
    from shopbell_edge.ports import EdgeClock, Health, Radio, Spool
    from shopbell_wire.messages import Event

log = structlog.get_logger()

TICK_S: Final = 1.0
"""How late a leaving may be noticed: nothing against the three minutes that it takes."""


class Listening:
    """One radio and what is known through it. Run it once."""

    def __init__(
        self, radio: Radio, roster: Roster, spool: Spool, clock: EdgeClock, tally: Tally
    ) -> None:
        self._radio = radio
        self._roster = roster
        self._spool = spool
        self._clock = clock
        self._tally = tally
        self._news = asyncio.Event()
        self._health: list[Event] = []
        self._said: tuple[str, Boottime, int] | None = None
        tally.adverts[radio.scanner] = lambda: roster.counts

    async def run(self, online: Callable[[], bool], pace: Pace, alive: Callable[[], None]) -> None:
        """Listen until cancelled. `pace` holds while `online`; `alive` is called with every tick.

        Raises RadioLostError when the radio cannot be made to hear. What was not told yet goes into
        the spool before this returns, whatever the reason.
        """
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._radio.listen(self._heard, self._feels), name="radio")
                tasks.create_task(self._tell(online, pace, alive), name="tell")
        finally:
            await keep(self._spool, self._clock, self._take(PARTING), self._tally)

    def _heard(self, advertisement: Advertisement) -> None:
        if self._roster.hear(advertisement, self._clock.boottime()):
            self._news.set()

    def _feels(self, health: Health) -> None:
        """Tell the server when the state changes; a new reason for the old state is for the log."""
        scanner = self._radio.scanner
        now = self._clock.boottime()
        if health.state == "hearing":
            self._roster.hearing(now)
        else:
            self._roster.blind(now)
        log.info("scanner_health", scanner=scanner, state=health.state, reason=health.reason)
        self._tally.hearing[scanner] = (health.state, health.reason)
        if self._said is not None and self._said[0] == health.state:
            return
        listened_ms = self._roster.listened_ms(now)
        clock = self._clock.now()
        self._health.append(
            ScannerHealth(
                scanner=scanner,
                state=health.state,
                since_ms=clock.wall_ms,
                reason=health.reason,
                coverage=_coverage(self._said, now, listened_ms),
            )
        )
        self._said = (health.state, now, listened_ms)
        self._news.set()

    async def _tell(
        self, online: Callable[[], bool], pace: Pace, alive: Callable[[], None]
    ) -> None:
        while True:
            try:
                async with asyncio.timeout(TICK_S):
                    await self._news.wait()
            except TimeoutError:
                pass
            self._news.clear()
            await keep(
                self._spool, self._clock, self._take(pace if online() else OFFLINE), self._tally
            )
            alive()

    def _take(self, pace: Pace) -> list[Event]:
        health, self._health = self._health, []
        return [*health, *self._roster.tick(self._clock.now(), pace)]


async def keep(spool: Spool, clock: EdgeClock, events: Sequence[Event], tally: Tally) -> bool:
    """Store `events`; return whether all of them are. What finds no room is counted by the spool too."""
    if not events:
        return True
    try:
        given_up = await spool.append(events, clock.now())
    except SpoolFullError:
        given_up = len(events)
    if given_up:
        log.error("spool_full", given_up=given_up)
        tally.dropped["spool_full"] += given_up
    for event in events:
        tally.events[str(event.__struct_config__.tag)] += 1
    return not given_up


def _coverage(said: tuple[str, Boottime, int] | None, now: Boottime, listened_ms: int) -> float:
    """Return the share of the time since the last word in which the scanner could hear."""
    if said is None or now <= said[1]:
        return 1.0
    return min(1.0, max(0.0, (listened_ms - said[2]) / (now - said[1])))
