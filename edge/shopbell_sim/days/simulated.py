"""`shopbell-sim day`: a whole day in minutes: what each scanner hears, what is true, what Shopbell sees.

Owns: the clock of the simulation, and which parts of it go where.
Never: starts a program. What Shopbell sees is worked out by the cores of edge and server, with all tokens
known.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from shopbell_edge.core.retailer import Retailer
from shopbell_program.commands import UsageError
from shopbell_server.core.visits.rules import VisitRules
from shopbell_sim.adapters.day_file import path_of, read_day
from shopbell_sim.adapters.day_folder import DayFolder
from shopbell_sim.core.day.edge import DayEdge, Hearing
from shopbell_sim.core.day.judging import FoundVisit, judge, right_zone_share, true_visits
from shopbell_sim.core.day.mishaps import wall_ms
from shopbell_sim.core.day.seeing import Seeing
from shopbell_sim.core.day.voices import Voices, address_of, made_up
from shopbell_sim.core.drawing.picture import Shown, picture
from shopbell_sim.core.drawing.visits import Lived
from shopbell_sim.core.outing.outings import truth_of
from shopbell_sim.core.phone import WINDOW_S

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from shopbell_sim.core.day.day import Day
    from shopbell_sim.core.day.mishaps import Outage
    from shopbell_sim.core.day.seeing import SeenVisit
    from shopbell_sim.core.day.timeline import Rows
    from shopbell_sim.core.outing.outings import Outing, Stay, Truth
    from shopbell_sim.core.phone import Identity

RETAILER: Final = Retailer(uuid="5b0e11c5-0de3-4a5b-9b0e-5be110000001", prefix="5be11000")
"""Of the simulator's own."""

POWER_DBM: Final = -59
"""What frames say that a phone sends; the air's own 2 dB more are the body's."""

AFTER_S: Final = 240.0
"""By then whoever went has left, by the timers of the edges."""

SAY_S: Final = 3600.0

SHOWN: Final = 18
"""Rows of the picture's time line: a page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the command line asks for; `follow` is whose way the picture shows, None: who tells most."""

    scenario: str
    out: Path
    follow: str | None = None
    all_zones: bool = False
    """Whether zones are found of everybody, or of those alone who are on the picture's time line."""


def main(asked: Asked) -> None:
    """Simulate the day and write its folder."""
    day = read_day(path_of(asked.scenario))
    opens_ms = round(day.opens_s * 1000)
    names = [each.name for each in day.site.receivers]
    people = day.people()
    if asked.follow is not None and asked.follow not in _customers(people):
        raise UsageError(
            f"--follow {asked.follow}: no customer of this day; truth.ndjson of a run without it names them"
        )
    identities = _identities(day, people)
    lived = [(each, truth_of(each, day.site)) for each in people]
    with DayFolder(asked.out, names, opens_ms) as folder:
        folder.truth(lived)
        folder.tokens(identities)
        seeing = _Run(day, people, identities, folder).run()
        rows = _rows(day, _everybody(lived, seeing.visits()), asked.follow)
        whose = [each.who for each in people] if asked.all_zones else [each.who for each in rows]
        seen = seeing.visits(frozenset(whose))
        folder.seen(seen)
        verdict = _verdict(day, lived, seen)
        where = folder.picture(picture(_shown(day, lived, seen, rows, verdict)))
    _say(verdict)
    _say(f"picture: {where}")


class _Run:
    """A day at work."""

    def __init__(
        self,
        day: Day,
        people: Sequence[Outing],
        identities: Mapping[str, Identity],
        folder: DayFolder,
    ) -> None:
        self._day = day
        self._people = people
        self._folder = folder
        self._opens_ms = round(day.opens_s * 1000)
        self._voices = Voices(people, identities, day.opens_s)
        self._timeline = day.heard(people)
        receivers = day.site.receivers
        self._edges = [DayEdge(each, RETAILER, self._opens_ms, day.outages) for each in receivers]
        self._hearing = Hearing(self._edges, self._voices)
        known = {each.who for each in people if each.kind != "staff"}
        self._seeing = Seeing(
            {
                digits: who
                for who, identity in identities.items()
                if who in known
                for token in identity.tokens.values()
                for digits in (token.id32, token.id64)
            },
            day.site,
            VisitRules(),
            self._opens_ms,
        )

    def run(self) -> Seeing:
        """Go through the day; return what saw it."""
        at_s = float(int(min(each.itinerary.begins_s for each in self._people))) - 1
        end_s = max(each.itinerary.ends_s for each in self._people) + AFTER_S
        for edge in self._edges:
            self._seeing.told(edge.begin(at_s))
        while at_s < end_s:
            at_s += 1
            rows = self._timeline.until(at_s)
            self._hearing.hear(rows)
            self._write(rows)
            for edge in self._edges:
                self._seeing.told(edge.tick(at_s))
            if at_s % SAY_S == 0:
                _say(f"{at_s / SAY_S:.0f} h")
        return self._seeing

    def _write(self, rows: Rows) -> None:
        lines: dict[int, list[str]] = {}
        columns = (each.tolist() for each in rows)
        for at_s, outing, receiver, frame, rssi_dbm in zip(*columns, strict=True):
            said = self._voices.say(outing, frame, at_s)
            if said is None:
                continue
            edge = self._day.site.receivers[receiver].edge
            at_ms = wall_ms(self._day.clocks, edge, at_s, self._opens_ms)
            address = address_of(self._people[outing], at_s)
            lines.setdefault(receiver, []).append(f"{at_ms},{address},{said.hex()},{rssi_dbm}\n")
        for receiver, written in lines.items():
            self._folder.heard(receiver, written)


def _identities(day: Day, people: Sequence[Outing]) -> dict[str, Identity]:
    """Return tokens for everybody for as long as the day is."""
    begin_s = day.opens_s + min(each.itinerary.begins_s for each in people)
    end_s = day.opens_s + max(each.itinerary.ends_s for each in people)
    windows = range(int(begin_s // WINDOW_S), int(end_s // WINDOW_S) + 1)
    return {
        who: made_up(
            random.Random(f"{day.seed} {who}"),
            windows,
            retailer_uuid=RETAILER.uuid,
            prefix=RETAILER.prefix,
            power_dbm=POWER_DBM,
        )
        for who in sorted({each.who for each in people})
    }


def _rows(day: Day, everybody: Sequence[Lived], follow: str | None) -> list[Lived]:
    """Return who is on the time line: whoever is followed first, then those who came about then."""
    customers = [each for each in everybody if each.outings[0].kind == "customer"]
    wanted = [each for each in customers if each.who == follow]
    first = wanted[0] if wanted else _telling(customers, day.outages)
    others = sorted(
        (each for each in everybody if each is not first),
        key=lambda each: abs(each.begins_s - first.begins_s),
    )[: SHOWN - 1]
    return [first, *sorted(others, key=lambda each: each.begins_s)]


def _shown(
    day: Day,
    lived: Iterable[tuple[Outing, Truth]],
    seen: Iterable[SeenVisit],
    rows: Iterable[Lived],
    verdict: str,
) -> Shown:
    """Return what the picture is of; `rows` say whose zones are known by now."""
    everybody = _everybody(lived, seen)
    by_who = {each.who: each for each in everybody}
    known = [by_who[each.who] for each in rows]
    opens = datetime.fromtimestamp(day.opens_s, day.zone)
    return Shown(
        title=day.name,
        verdict=verdict,
        site=day.site,
        followed=known[0],
        rows=known,
        everybody=everybody,
        outages=day.outages,
        opens_min=opens.hour * 60 + opens.minute,
    )


def _everybody(lived: Iterable[tuple[Outing, Truth]], seen: Iterable[SeenVisit]) -> list[Lived]:
    """Return customers, and whoever else was seen, each once."""
    hers: dict[str, list[tuple[Outing, Truth]]] = {}
    for outing, truth in lived:
        hers.setdefault(outing.who, []).append((outing, truth))
    visits: dict[str, list[SeenVisit]] = {}
    for each in seen:
        visits.setdefault(each.who, []).append(each)
    return [
        Lived(
            tuple(outing for outing, _ in both),
            tuple(truth for _, truth in both),
            tuple(visits.get(who, ())),
        )
        for who, both in hers.items()
        if both[0][0].kind == "customer" or who in visits
    ]


def _telling(customers: Sequence[Lived], outages: Sequence[Outage]) -> Lived:
    """Return whose day tells most: inside as the first thing went wrong, longest, her phone on the air."""
    android = [each for each in customers if each.outings[0].handset.platform == "android"]
    struck = [
        each
        for each in android
        for stay in _stays(each)
        for outage in outages[:1]
        if stay.from_s < outage.from_s < stay.until_s
    ]
    return max(struck or android or customers, key=_inside_s)


def _stays(lived: Lived) -> list[Stay]:
    return [stay for truth in lived.truths for stay in truth.stays]


def _customers(people: Iterable[Outing]) -> frozenset[str]:
    return frozenset(each.who for each in people if each.kind == "customer")


def _inside_s(lived: Lived) -> float:
    return sum(each.until_s - each.from_s for each in _stays(lived))


def _verdict(day: Day, lived: Sequence[tuple[Outing, Truth]], seen: Sequence[SeenVisit]) -> str:
    rules = VisitRules()
    least_s = rules.min_dwell_ms / 1000
    true = true_visits([outing for outing, _ in lived], day.site, rules.gap_ms / 1000)
    asked = [each for each in true if each.lasts(least_s) and each.throughout]
    found = [FoundVisit(each.who, each.from_s, each.until_s) for each in seen]
    judged = judge(true, found, asked, least_s)
    return (
        f"{len(judged.pairs)} of {len(asked)} visits of phones that were on the air throughout found, both "
        f"ends within 30 s in {judged.within_share():.1%}; {len(judged.false)} of {len(found)} reported "
        f"are false; in the right zone for {right_zone_share(lived, seen):.0%} of the time"
    )


def _say(text: str) -> None:
    print(text, flush=True)  # to whoever waits
