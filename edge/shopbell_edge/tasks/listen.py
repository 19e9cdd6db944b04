"""Radio to spool: who is near, as far as one radio hears."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Final

from shopbell_edge.core.telling import OFFLINE, PARTING
from shopbell_edge.core.units import Boottime
from shopbell_edge.tasks.feelings import Feelings
from shopbell_edge.tasks.keeping import keep

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from shopbell_edge.core.advertisement import Advertisement
    from shopbell_edge.core.roster import Roster
    from shopbell_edge.core.tally import Tally
    from shopbell_edge.core.telling import Pace
    from shopbell_edge.ports import EdgeClock, Health, Radio, Spool
    from shopbell_wire.messages import Event

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
        self._feelings = Feelings(radio.scanner, clock, tally, self._news.set)
        self._pushed_out = 0
        tally.adverts[radio.scanner] = self._counts

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
        now = self._clock.boottime()
        if health.state == "hearing":
            self._roster.hearing(now)
        else:
            self._roster.blind(Boottime(now - health.for_ms))
        self._feelings.feel(health)

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
        events = [*self._feelings.take(), *self._roster.tick(self._clock.now(), pace)]
        if self._roster.pushed_out > self._pushed_out:
            self._tally.dropped["token_pushed_out"] += self._roster.pushed_out - self._pushed_out
            self._pushed_out = self._roster.pushed_out
        return events

    def _counts(self) -> Mapping[str, int]:
        """Return advertisements by result: what the radio dropped, and what the roster made of the rest."""
        return Counter(self._radio.dropped) + Counter(self._roster.counts)
