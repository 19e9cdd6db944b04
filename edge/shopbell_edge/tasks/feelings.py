"""What a scanner says of itself: to the log, to whoever watches the edge, and to the server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from shopbell_edge.core.complaint_pace import Flapping
from shopbell_edge.core.wellbeing import Wellbeing

if TYPE_CHECKING:
    from collections.abc import Callable

    from shopbell_edge.core.reception import Reception
    from shopbell_edge.core.tally import Tally
    from shopbell_edge.core.units import ScannerName
    from shopbell_edge.ports import EdgeClock, Health
    from shopbell_wire.messages import Event

log = structlog.get_logger()


class Feelings:
    """Of one scanner. `news` is called when there is something to `take`."""

    def __init__(
        self, scanner: ScannerName, clock: EdgeClock, tally: Tally, news: Callable[[], None]
    ) -> None:
        self._scanner = scanner
        self._clock = clock
        self._tally = tally
        self._news = news
        self._wellbeing = Wellbeing(scanner)
        self._states = Flapping()
        self._faults = Flapping()
        self._untold: list[Event] = []
        tally.hearing[scanner] = ("blind", "starting")

    def feel(self, health: Health) -> None:
        """Take in how it does. The server hears of new states, metrics of new reasons, the log of news."""
        well = health.state == "hearing"
        trouble = None if well else f"{health.state} {health.reason}"
        if self._states.is_news(trouble, self._clock.boottime()):
            say = log.info if well else log.warning
            say("scanner_health", scanner=self._scanner, state=health.state, reason=health.reason)
        self._tally.hearing[self._scanner] = (health.state, health.reason)
        if health.way is not None:
            self._tally.ways[self._scanner] = (health.way, health.reason)
        told = self._wellbeing.feel(health.state, health.reason, health.for_ms, self._clock.now())
        if told is not None:
            self._untold.append(told)
            self._news()

    def measured(self, reception: Reception) -> None:
        """Take in how the store's beacon is heard. A new fault and its end are said in the log, if news."""
        before = self._tally.receptions.get(self._scanner)
        self._tally.receptions[self._scanner] = reception
        if reception.fault == (None if before is None else before.fault):
            return
        if self._faults.is_news(reception.fault, self._clock.boottime()):
            say = log.info if reception.fault is None else log.warning
            say(
                "heartbeat_measured",
                scanner=self._scanner,
                fault=reception.fault,
                heard=round(reception.share, 2),
                expected=round(reception.expected, 2),
            )

    def take(self) -> list[Event]:
        """Return what the server has not been told."""
        untold, self._untold = self._untold, []
        return untold
