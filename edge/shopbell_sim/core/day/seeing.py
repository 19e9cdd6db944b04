"""What Shopbell sees of a day, by the cores of its server: visits, and in which zone somebody is.

Owns: putting what edges tell together by person, where every token is known.
Never: consent, identity or storage: a day has them only before a real server.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from shopbell_server.core.board.zone_now import zone_now
from shopbell_server.core.evidence import Interval, IntervalKey, Report, joined, told
from shopbell_server.core.ids import EdgeId, Millis, PersonId, StoreId, ZoneId
from shopbell_server.core.recognition.frame_trust import evidence_of
from shopbell_server.core.visits.sessions import sessions
from shopbell_wire.messages import Presence

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from shopbell_server.core.visits.rules import VisitRules
    from shopbell_wire.messages import Event

_STORE = StoreId("store")


class SeenZone(NamedTuple):
    """She was seen in `zone` from `from_s` on."""

    from_s: float
    zone: str


class SeenVisit(NamedTuple):
    """A visit as Shopbell has it, with the zones in which it saw her."""

    who: str
    from_s: float
    until_s: float
    zones: tuple[SeenZone, ...]


class Seeing:
    """Takes in what edges tell, in order. `who_by_token` leaves out whom nobody may know.

    Seconds count from `opens_ms` (Unix).
    """

    def __init__(
        self,
        who_by_token: Mapping[str, str],
        zone_by_scanner: Mapping[str, str],
        rules: VisitRules,
        opens_ms: int,
    ) -> None:
        self._who = who_by_token
        self._zone = zone_by_scanner
        self._rules = rules
        self._opens_ms = opens_ms
        self._intervals: dict[str, dict[IntervalKey, Interval]] = {}
        self._zones: dict[str, list[SeenZone]] = {}

    def told(self, events: Iterable[Event]) -> None:
        """Take in what an edge tells."""
        for event in events:
            if isinstance(event, Presence):
                who = self._who.get(event.token)
                if who is not None:
                    self._presence(who, event)

    def visits(self) -> tuple[SeenVisit, ...]:
        """Return all visits, by who and time; what is no visit is left out."""
        return tuple(
            SeenVisit(
                who,
                self._seconds(each.start_ms),
                self._seconds(each.end_ms),
                self._zones_of(who, self._seconds(each.start_ms), self._seconds(each.end_ms)),
            )
            for who, intervals in sorted(self._intervals.items())
            for each in sessions(intervals.values(), self._rules)
            if each.kind == "visit"
        )

    def _zones_of(self, who: str, from_s: float, until_s: float) -> tuple[SeenZone, ...]:
        """Return where she was seen in a visit; one that she is in already begins with it."""
        zones = self._zones[who]
        already = [each for each in zones if each.from_s <= from_s][-1:]
        later = [each for each in zones if from_s < each.from_s <= until_s]
        return (*(each._replace(from_s=from_s) for each in already), *later)

    def _presence(self, who: str, event: Presence) -> None:
        edge = EdgeId(event.scanner)
        key = IntervalKey(
            PersonId(who), _STORE, edge, event.scanner, event.frame, Millis(event.first_ms)
        )
        report = Report(
            Millis(event.last_ms),
            event.n,
            evidence_of(event.frame, mac_fresh=False),
            event.loss_db.median,
        )
        hers = self._intervals.setdefault(who, {})
        new = told(key, ZoneId(self._zone[event.scanner]), [report])
        hers[key] = joined(hers[key], new) if key in hers else new
        self._look(who, Millis(event.last_ms))

    def _look(self, who: str, now_ms: Millis) -> None:
        zones = self._zones.setdefault(who, [])
        before = ZoneId(zones[-1].zone) if zones else None
        zone = zone_now(self._intervals[who].values(), before, now_ms, self._rules.zone_recent_ms)
        if zone is not None and zone != before:
            zones.append(SeenZone(self._seconds(now_ms), zone))

    def _seconds(self, at_ms: int) -> float:
        return (at_ms - self._opens_ms) / 1000
