"""Radio to spool: who is near, as far as one radio hears, and how well it does."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Final

from shopbell_edge.core.closing import Closing
from shopbell_edge.core.measuring import Measuring
from shopbell_edge.core.telling import OFFLINE, PARTING
from shopbell_edge.core.units import Boottime
from shopbell_edge.core.wellbeing import CLOSED
from shopbell_edge.ports import Health
from shopbell_edge.tasks.feelings import Feelings
from shopbell_edge.tasks.keeping import keep

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from shopbell_edge.core.advertisement import Advertisement
    from shopbell_edge.core.roster import Roster
    from shopbell_edge.core.tally import Tally
    from shopbell_edge.core.telling import Pace
    from shopbell_edge.ports import EdgeClock, Radio, Spool
    from shopbell_wire.messages import Event

TICK_S: Final = 1.0
"""How late a leaving may be noticed: nothing against the three minutes that it takes."""

CHECK_MS: Final = 30_000
"""How often the beacon is measured: as often as silence is looked at (`Recovery.check_s`)."""

HEARTBEAT: Final = "heartbeat"
"""The `result` of an advertisement of the store's own beacon."""


class Listening:
    """One radio and what is known through it. Run it once."""

    def __init__(  # noqa: PLR0913  (what it works with, each by name)
        self,
        radio: Radio,
        roster: Roster,
        spool: Spool,
        clock: EdgeClock,
        tally: Tally,
        *,
        measuring: Measuring | None = None,
        closing: Closing | None = None,
    ) -> None:
        """Believe the radio as far as `measuring` does, and let it sleep when `closing` says so.

        Without them its word is believed, and it never sleeps.
        """
        self._radio = radio
        self._roster = roster
        self._spool = spool
        self._clock = clock
        self._tally = tally
        self._measuring = measuring or Measuring()
        self._closing = closing or Closing()
        self._news = asyncio.Event()
        self._wakes, self._sleeps = asyncio.Event(), asyncio.Event()
        self._feelings = Feelings(radio.scanner, clock, tally, self._news.set)
        self._felt: Health | None = None
        self._said: tuple[object, ...] = ()
        self._checked_at = clock.boottime()
        self._beacons = 0
        self._pushed_out = 0
        self._held_back = 0
        self._dropped_before: Counter[str] = Counter()
        tally.adverts[radio.scanner] = self._counts

    async def run(self, online: Callable[[], bool], pace: Pace, alive: Callable[[], None]) -> None:
        """Listen until cancelled. `pace` holds while `online`; `alive` is called with every tick.

        Raises RadioLostError when the radio cannot be made to hear. What was not told yet goes into
        the spool before this returns, whatever the reason.
        """
        try:
            self._attend()
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._tell(online, pace, alive), name="tell")
                if not self._wakes.is_set():
                    self._rest()
                while True:
                    await self._wakes.wait()
                    hears = self._radio.listen(self._heard, self._feels)
                    listening = tasks.create_task(hears, name="radio")
                    await self._sleeps.wait()
                    listening.cancel()
                    await asyncio.wait({listening})
                    self._rest()
        finally:
            await keep(self._spool, self._clock, self._take(PARTING), self._tally)

    def _heard(self, advertisement: Advertisement) -> None:
        now = self._clock.boottime()
        if self._measuring.hear(advertisement, now):
            self._beacons += 1
            self._follow()
        elif self._roster.hear(advertisement, now):
            self._news.set()

    def _feels(self, health: Health) -> None:
        self._felt = health
        now, others = self._clock.boottime(), self._others()
        self._measuring.told(
            health.state, health.reason, health.for_ms, health.way, now=now, others=others
        )
        self._follow()

    def _follow(self) -> None:
        """Let leave timers, log, metrics and server follow what is thought of the radio, if that changed."""
        verdict, felt = self._measuring.verdict, self._felt
        if felt is None:
            return  # it has not said how it does, and nothing is thought of it
        # Which way it hears is said together with its own reason, which explains it.
        way = felt.way if verdict.reason == felt.reason else None
        told = (verdict.state, verdict.reason, way)
        said, before = (told, verdict.tells_leaving), self._said
        if said == before:
            return
        self._said = said
        now = self._clock.boottime()
        if verdict.state == "hearing" or verdict.tells_leaving:
            self._roster.hearing(now)
        else:
            self._roster.blind(Boottime(now - verdict.for_ms))
        if told not in before:
            self._feelings.feel(
                Health(state=verdict.state, reason=verdict.reason, for_ms=verdict.for_ms, way=way)
            )

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
            self._attend()
            self._check()
            await keep(
                self._spool, self._clock, self._take(pace if online() else OFFLINE), self._tally
            )
            alive()

    def _attend(self) -> None:
        """Wake up or fall asleep, as the store's hours have it."""
        asleep = self._closing.look(self._clock.now(), self._roster.present) == "asleep"
        begin, end = (self._sleeps, self._wakes) if asleep else (self._wakes, self._sleeps)
        end.clear()
        begin.set()

    def _rest(self) -> None:
        """Let whoever is here leave, and say that this radio does not hear, and is not to."""
        self._dropped_before += Counter(self._radio.dropped)
        self._roster.close()
        self._feels(Health(state="blind", reason=CLOSED))

    def _check(self) -> None:
        """Measure the beacon, if it is time to, and have mended what that shows."""
        now = self._clock.boottime()
        if now - self._checked_at < CHECK_MS:
            return
        self._checked_at = now
        asked = self._measuring.check(now, self._others())
        if self._measuring.reception is not None:
            self._feelings.measured(self._measuring.reception)
        self._follow()
        if asked is not None:
            self._radio.mend(*asked)

    def _take(self, pace: Pace) -> list[Event]:
        events = [*self._feelings.take(), *self._roster.tick(self._clock.now(), pace)]
        if self._roster.pushed_out > self._pushed_out:
            self._tally.dropped["token_pushed_out"] += self._roster.pushed_out - self._pushed_out
            self._pushed_out = self._roster.pushed_out
        if self._roster.held_back > self._held_back:
            self._tally.dropped["token_held_back"] += self._roster.held_back - self._held_back
            self._held_back = self._roster.held_back
        return events

    def _others(self) -> int:
        """Return how many advertisements were received that are not the beacon's."""
        return sum(self._counts().values()) - self._beacons

    def _counts(self) -> Mapping[str, int]:
        """Return advertisements by result: what the radio dropped, and what the roster made of the rest."""
        resting = self._felt is not None and self._felt.reason == CLOSED
        counts = Counter(self._roster.counts) + self._dropped_before
        if not resting:
            counts += Counter(self._radio.dropped)
        if self._beacons:
            counts[HEARTBEAT] = self._beacons
        return counts
