"""What Shopbell sees of a day, by the cores of its server: visits, and in which zones somebody was.

Owns: putting what edges tell together by person, where every token is known and the floor plan is.
Never: consent, identity or storage: a day has them only before a real server.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from shopbell_server.core.edges.deafness import Mark, deafness_of, ears_of
from shopbell_server.core.evidence import Interval, IntervalKey, Report, joined, told
from shopbell_server.core.ids import EdgeId, Millis, PersonId, StoreId, ZoneId
from shopbell_server.core.observations import Observation, strongest
from shopbell_server.core.recognition.frame_trust import evidence_of
from shopbell_server.core.visits.places import sessions_at
from shopbell_server.core.zones.site import site_of
from shopbell_server.core.zones.whereabouts import places_in, stretches
from shopbell_sim.core.day.floor_plan import floor_plan
from shopbell_wire.messages import Presence, ScannerHealth

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from shopbell_server.core.visits.rules import VisitRules
    from shopbell_server.core.visits.sessions import Session
    from shopbell_server.core.zones.found import Place
    from shopbell_sim.core.site.site import Site
    from shopbell_wire.messages import Event

_STORE = StoreId("store")
_NOTHING = ZoneId("")
"""No zone's name: what comes before the first."""


class SeenZone(NamedTuple):
    """She was seen in `zone` from `from_s` on; None: she was heard, and nobody could say where."""

    from_s: float
    zone: str | None


class SeenVisit(NamedTuple):
    """A visit as Shopbell has it, with the zones in which it saw her: once over, looked at as a whole.

    Without zones if nobody asked for them.
    """

    who: str
    from_s: float
    until_s: float
    zones: tuple[SeenZone, ...]


class Seeing:
    """Takes in what edges of `site` tell, in order. `who_by_token` leaves out whom nobody may know.

    Seconds count from `opens_ms` (Unix).
    """

    def __init__(
        self, who_by_token: Mapping[str, str], site: Site, rules: VisitRules, opens_ms: int
    ) -> None:
        self._who = who_by_token
        self._receivers = {each.name: each for each in site.receivers}
        self._engines = site_of(floor_plan(site))
        self._rules = rules
        self._opens_ms = opens_ms
        self._intervals: dict[str, dict[IntervalKey, Interval]] = {}
        self._heard: dict[str, list[Observation]] = {}
        self._marks: list[Mark] = []

    def told(self, events: Iterable[Event]) -> None:
        """Take in what an edge tells."""
        for event in events:
            if isinstance(event, Presence):
                who = self._who.get(event.token)
                if who is not None:
                    self._presence(who, event)
            elif isinstance(event, ScannerHealth):
                edge = EdgeId(self._receivers[event.scanner].edge)
                since_ms = Millis(event.since_ms)
                self._marks.append(Mark(edge, event.scanner, since_ms, event.state, event.reason))

    def visits(self, whose: Collection[str] = ()) -> tuple[SeenVisit, ...]:
        """Return all visits, by who and time, those of `whose` with zones; what is no visit is left out.

        Zones take a second and a half of a visit of half an hour: they are looked for in all that was heard.
        """
        deaf = deafness_of(ears_of(self._marks))
        seen = []
        for who, intervals in sorted(self._intervals.items()):
            places = self._places(who) if who in whose else []
            seen += [
                SeenVisit(
                    who,
                    self._seconds(each.start_ms),
                    self._seconds(each.end_ms),
                    self._zones(each, places) if who in whose else (),
                )
                for each in sessions_at(intervals.values(), places, self._rules, deaf)
                if each.kind == "visit"
            ]
        return tuple(seen)

    def _places(self, who: str) -> list[Place]:
        return [
            place
            for stretch in stretches(strongest(self._heard[who]))
            for place in places_in(self._engines, stretch)
        ]

    def _zones(self, visit: Session, places: Sequence[Place]) -> tuple[SeenZone, ...]:
        """Return where she was in a visit, from its beginning on; without a plan as her scanners say."""
        inside = [
            (max(each.first_ms, visit.start_ms), each.zone)
            for each in places
            if each.first_ms <= visit.end_ms and each.last_ms >= visit.start_ms
        ] or [(each.first_ms, each.zone) for each in visit.zones]
        starts_ms = [visit.start_ms, *(at_ms for at_ms, _ in inside[1:])]
        zones = [zone for _, zone in inside]
        return tuple(
            SeenZone(self._seconds(at_ms), zone)
            for at_ms, zone, before in zip(starts_ms, zones, [_NOTHING, *zones], strict=False)
            if zone != before
        )

    def _presence(self, who: str, event: Presence) -> None:
        receiver = self._receivers[event.scanner]
        person, edge = PersonId(who), EdgeId(receiver.edge)
        key = IntervalKey(person, _STORE, edge, event.scanner, event.frame, Millis(event.first_ms))
        report = Report(
            Millis(event.last_ms),
            event.n,
            evidence_of(event.frame, mac_fresh=False),
            event.loss_db.median,
        )
        hers = self._intervals.setdefault(who, {})
        new = told(key, ZoneId(receiver.zone), [report])
        hers[key] = joined(hers[key], new) if key in hers else new
        self._heard.setdefault(who, []).append(
            Observation(
                person,
                _STORE,
                edge,
                event.scanner,
                event.frame,
                report.last_ms,
                event.loss_db.median,
                event.n,
            )
        )

    def _seconds(self, at_ms: int) -> float:
        return (at_ms - self._opens_ms) / 1000
