"""A roster at which advertisements are heard, at the test's pace."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from shopbell_edge.core.roster import MOST_TOKENS, Roster
from shopbell_edge.core.rules import Rules
from shopbell_edge.core.telling import ONLINE, Pace
from shopbell_edge.core.units import Boottime, ScannerName
from shopbell_wire.messages import Clock, Presence
from tests.edge.core.advertisements import (
    RETAILER,
)

if TYPE_CHECKING:
    from shopbell_edge.core.advertisement import Advertisement

WALL_MS = 1_795_262_800_000
NEAR_DBM, FAR_DBM, GONE_DBM = -70, -85, -95


@dataclass
class Shop:
    """A roster with a clock: what a daemon does, at the test's pace."""

    roster: Roster
    now_ms: int = 0

    def hear(self, advertisement: Advertisement) -> list[Presence]:
        if self.roster.hear(advertisement, Boottime(self.now_ms)):
            return self.roster.take(self.clock())
        assert self.roster.take(self.clock()) == []
        return []

    def tick(self, pace: Pace = ONLINE) -> list[Presence]:
        return self.roster.tick(self.clock(), pace)

    def wait(self, span_ms: int, pace: Pace = ONLINE) -> list[Presence]:
        """Let time pass in silence, with a tick a second."""
        events = []
        for _ in range(span_ms // 1000):
            self.now_ms += 1000
            events += self.tick(pace)
        return events

    def stay_near(
        self, advertisement: Advertisement, span_ms: int, pace: Pace = ONLINE
    ) -> list[Presence]:
        """Let time pass with an advertisement and a tick a second."""
        events = []
        for _ in range(span_ms // 1000):
            self.now_ms += 1000
            events += self.hear(advertisement) + self.tick(pace)
        return events

    def enter(self, advertisement: Advertisement) -> Presence:
        events = [event for _ in range(3) for event in self.hear(advertisement)]
        assert [event.phase for event in events] == ["entered"]
        return events[0]

    def clock(self) -> Clock:
        return Clock(
            boot="0" * 32,
            boottime_ms=self.now_ms,
            wall_ms=WALL_MS + self.now_ms,
            state="synced",
            err_ms=5,
        )


def open_shop(rules: Rules | None = None, most_tokens: int = MOST_TOKENS) -> Shop:
    """Return a shop in which nobody has been heard yet."""
    return Shop(
        Roster(
            scanner=ScannerName("hci0"),
            retailer=RETAILER,
            rules=rules or Rules(),
            most_tokens=most_tokens,
        )
    )


def phases(events: list[Presence]) -> list[str]:
    return [event.phase for event in events]
