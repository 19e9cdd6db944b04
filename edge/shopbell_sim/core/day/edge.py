"""An edge of a simulated day: the core of a real one, a clock that is handed in, no disk and no broker.

Owns: feeding what is heard to the roster of each scanner, and what the edge then tells.
Never: a rule of its own: who came and who left is decided by `shopbell_edge.core`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shopbell_edge.core.ad_structures import parse
from shopbell_edge.core.roster import Roster
from shopbell_edge.core.rules import Rules
from shopbell_edge.core.telling import ONLINE
from shopbell_edge.core.units import Boottime, ScannerName
from shopbell_edge.core.wellbeing import Wellbeing
from shopbell_wire.messages import Clock, Event

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shopbell_edge.core.advertisement import Advertisement
    from shopbell_edge.core.retailer import Retailer
    from shopbell_sim.core.day.mishaps import Outage
    from shopbell_sim.core.day.timeline import Rows
    from shopbell_sim.core.day.voices import Voices
    from shopbell_sim.core.site.site import Receiver

BOOTED_MS: Final = 3_600_000
"""Before the doors open, by an edge's boot clock: staff come first."""

WATCHDOG_S: Final = 105.0
"""A radio that hangs is noticed 90 to 120 s after its last word."""


class DayEdge:
    """One scanner of an edge. `opens_ms` is when the doors open (Unix); seconds count from then."""

    def __init__(
        self, receiver: Receiver, retailer: Retailer, opens_ms: int, outages: Sequence[Outage] = ()
    ) -> None:
        self._scanner = ScannerName(receiver.name)
        self._retailer = retailer
        self._opens_ms = opens_ms
        self._rules = Rules(
            enter_loss_db=receiver.enter_loss_db, leave_loss_db=receiver.leave_loss_db
        )
        self._outages = [each for each in outages if each.befalls(receiver)]
        self._wellbeing = Wellbeing(self._scanner)
        self.roster = self._new_roster()

    def clock(self, at_s: float) -> Clock:
        """Return what its clock says."""
        boottime = boottime_of(at_s)
        return Clock(
            boot="0" * 32,
            boottime_ms=boottime,
            wall_ms=self._opens_ms - BOOTED_MS + boottime,
            state="synced",
            err_ms=20,
        )

    def begin(self, at_s: float) -> list[Event]:
        """Begin to listen; return what is told of it."""
        return self._feels(at_s, hears=True, for_s=0.0)

    def tick(self, at_s: float) -> list[Event]:
        """Let the second before `at_s` have gone by; return what is news."""
        return [*self._mishaps(at_s), *self.roster.tick(self.clock(at_s), ONLINE)]

    def _mishaps(self, at_s: float) -> list[Event]:
        told: list[Event] = []
        for outage in self._outages:
            if outage.kind == "power":
                if _is_now(outage.from_s, at_s):
                    # Whoever was here is forgotten with the process; nobody is left to say so.
                    self.roster = self._new_roster()
                elif _is_now(outage.until_s, at_s):
                    told += self._feels(at_s, hears=False, for_s=at_s - outage.from_s)
                    told += self._feels(at_s, hears=True, for_s=0.0)
            elif _is_now(outage.from_s + WATCHDOG_S, at_s) and outage.for_s > WATCHDOG_S:
                told += self._feels(at_s, hears=False, for_s=at_s - outage.from_s)
            elif _is_now(outage.until_s, at_s):
                told += self._feels(at_s, hears=True, for_s=0.0)
        return told

    def _feels(self, at_s: float, *, hears: bool, for_s: float) -> list[Event]:
        now, for_ms = boottime_of(at_s), round(for_s * 1000)
        if hears:
            self.roster.hearing(now)
            told = self._wellbeing.feel("hearing", "scanning", for_ms, self.clock(at_s))
        else:
            self.roster.blind(Boottime(now - for_ms))
            told = self._wellbeing.feel("blind", "silent", for_ms, self.clock(at_s))
        return [] if told is None else [told]

    def _new_roster(self) -> Roster:
        return Roster(scanner=self._scanner, retailer=self._retailer, rules=self._rules)


class Hearing:
    """Hands what is heard to edges, one per receiver. Bytes that a phone repeats are read once."""

    def __init__(self, edges: Sequence[DayEdge], voices: Voices) -> None:
        self._edges = edges
        self._voices = voices
        self._said: dict[tuple[int, int, int], Advertisement | None] = {}

    def hear(self, rows: Rows) -> int:
        """Take in `rows`; return how many there were."""
        said, voices = self._said, self._voices
        rosters = [each.roster for each in self._edges]
        looks = [each.look for each in rosters]
        columns = (each.tolist() for each in rows)
        for at_s, outing, receiver, frame, rssi_dbm in zip(*columns, strict=True):
            key = voices.key(outing, frame, at_s)
            if key not in said:
                payload = voices.say(outing, frame, at_s)
                said[key] = None if payload is None else parse(payload, 0)
            advertisement = said[key]
            if advertisement is None:
                continue
            now = boottime_of(at_s)
            usual = looks[receiver](*advertisement[1:])
            if usual is not None and not usual.hear(rssi_dbm, now):
                rosters[receiver].hear(advertisement._replace(rssi_dbm=rssi_dbm), now)
        return len(rows.times_s)


def boottime_of(at_s: float) -> Boottime:
    """Return what an edge's boot clock says `at_s` after the doors opened."""
    return Boottime(BOOTED_MS + round(at_s * 1000))


def _is_now(moment_s: float, at_s: float) -> bool:
    """Return whether `moment_s` lies in the second before `at_s`."""
    return at_s - 1 < moment_s <= at_s
