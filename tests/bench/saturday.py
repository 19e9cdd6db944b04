"""A simulated Saturday through the real cores of edges and the real use cases of the server.

What truly happened is known, so recall, false visits, boundaries and delays are numbers.
"""

from __future__ import annotations

import tempfile
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Final

from shopbell_sim.adapters.day_file import path_of, read_day
from shopbell_sim.core.day.edge import DayEdge, Hearing
from shopbell_sim.core.day.judging import FoundVisit, judge, true_visits
from shopbell_sim.core.day.voices import Voices
from shopbell_sim.core.outing.outings import truth_of
from shopbell_wire.messages import Presence
from tests.bench.air import RETAILER
from tests.bench.people import edge_name
from tests.bench.report import Report, at_least, at_most, figure, number
from tests.bench.saturday_edges import Stream
from tests.bench.saturday_server import RULES, BenchServer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from shopbell_sim.core.day.day import Day
    from shopbell_sim.core.day.judging import Judgement
    from shopbell_sim.core.outing.outings import Outing, Stay

TITLE: Final = "A simulated Saturday"
MEASURES: Final = (
    "The scenario `saturday` of the simulator (a supermarket, ten hours): rosters of nine edges hear what "
    "their scanners receive, and what they tell goes through `Intake.take` and `sweep` on SQLite, ten "
    "seconds of the day at a time. Visits are compared with the truth. Asked for are visits of people "
    "whose phones are on the air throughout (Android) and who stay for the minimum dwell and the tolerance "
    "of 30 s at least; then, for comparison, of everybody who consents: an iPhone is silent but for "
    "seconds in which the app is on its screen."
)
WHY: Final = (
    "a phone in a hand behind a shop window is heard as well as one in a pocket inside, so whoever walks "
    "along the front or waits before the door is taken to be inside for some seconds, and a quiet phone in "
    "a bag is not heard between two scanners. One visit of 250 is 0.4 %."
)

SCENARIO: Final = "saturday"
STEP_S: Final = 10
"""What edges gathered goes to the server so often; a real edge sends within a second."""

BEFORE_S: Final = -1200
AFTER_S: Final = 240
"""By then everybody who went has left."""

SWEEP_S: Final = 60
FOUND: Final = 0.99
FALSE: Final = 0.005
WITHIN: Final = 0.95
INACTIVE_S: Final = 75.0
LEFT_S: Final = 200.0
FALSE_LEAVES: Final = 0.01


async def measure(*, long: bool) -> Report:
    del long
    result = lived(read_day(path_of(SCENARIO)))
    heard, everybody = result.heard, result.everybody
    starts = [each.start_error_s for each in heard.pairs]
    ends = [each.end_error_s for each in heard.pairs]
    reported = max(1, result.reported)
    return Report(
        title=TITLE,
        measures=MEASURES,
        figures=(
            figure("visit begins after the door", "s", starts, many=True),
            figure("visit ends after the door", "s", ends, many=True),
            figure("`inactive` after the last advert", "s", result.inactive_s, many=True),
            figure("`left` after the last advert", "s", result.left_s, many=True),
        ),
        verdicts=(
            at_least("visits found", 100 * heard.found_share, 100 * FOUND, "%"),
            at_most("false visits", 100 * len(heard.false) / reported, 100 * FALSE, "%"),
            at_least("start and end within 30 s", 100 * heard.within_share(), 100 * WITHIN, "%"),
            at_most("`inactive`, p50", median(result.inactive_s), INACTIVE_S, "s"),
            at_most("`left`, p50", median(result.left_s), LEFT_S, "s"),
            at_most(
                "false leaves",
                100 * result.false_leaves / len(heard.asked),
                100 * FALSE_LEAVES,
                "% of visits",
            ),
        ),
        notes=(
            (
                f"{len(heard.asked)} visits asked for, {len(heard.missed)} missed; {result.reported} "
                f"reported, {len(heard.false)} of them false; {number(result.rows / 1e6)} million receptions"
            ),
            (
                f"of all {len(everybody.asked)} visits of people who consent, iPhones included: found "
                f"{number(100 * everybody.found_share)} %, both ends within 30 s "
                f"{number(100 * everybody.within_share())} %"
            ),
        ),
        why=WHY,
    )


@dataclass(slots=True, kw_only=True)
class Result:
    """What a day came to."""

    heard: Judgement
    everybody: Judgement
    reported: int
    inactive_s: list[float]
    left_s: list[float]
    false_leaves: int
    rows: int


def lived(day: Day) -> Result:
    """Live through `day`."""
    people = day.people()
    opens_ms = round(day.opens_s * 1000)
    with tempfile.TemporaryDirectory(prefix="shopbell-bench-") as folder:
        url = f"sqlite:///{Path(folder, 'saturday.db')}"
        server = BenchServer(url, day.site, people, opens_ms, day.trade.hours)
        with closing(server.database):
            return Saturday(day, people, server, opens_ms).live()


class Saturday:
    """One day at work."""

    def __init__(
        self, day: Day, people: Sequence[Outing], server: BenchServer, opens_ms: int
    ) -> None:
        self._day = day
        self._people = people
        self._server = server
        self._opens_ms = opens_ms
        self._edges = [
            DayEdge(each, RETAILER, opens_ms, day.outages) for each in day.site.receivers
        ]
        self._streams = [Stream(edge_name(index), edge) for index, edge in enumerate(self._edges)]
        self._timeline = day.heard(people)
        self._hearing = Hearing(self._edges, Voices(people, server.identities, day.opens_s))
        self._watch = Watch(server.identities_by_token(), opens_ms)
        self._rows = 0

    def live(self) -> Result:
        at_s = float(BEFORE_S)
        for edge, stream in zip(self._edges, self._streams, strict=True):
            stream.add(edge.begin(at_s))
        end_s = max(each.itinerary.ends_s for each in self._people) + AFTER_S
        while at_s < end_s:
            for _ in range(STEP_S):
                at_s += 1
                self._rows += self._hearing.hear(self._timeline.until(at_s))
                for edge, stream in zip(self._edges, self._streams, strict=True):
                    told = edge.tick(at_s)
                    self._watch.told(stream.name, told, at_s)
                    stream.add(told)
            self._send(at_s)
        self._server.sweep(self._opens_ms + round(at_s * 1000) + 2 * RULES.widest_reach_ms)
        return self._result()

    def _send(self, at_s: float) -> None:
        now_ms = self._opens_ms + round(at_s * 1000)
        sent = (
            (index, payload)
            for index, stream in enumerate(self._streams)
            for payload in stream.batches(at_s)
        )
        self._server.take(sent, now_ms)
        if at_s % SWEEP_S == 0:
            self._server.sweep(now_ms)

    def _result(self) -> Result:
        site = self._day.site
        true = true_visits(self._people, site, RULES.gap_ms / 1000)
        least_s = RULES.min_dwell_ms / 1000
        lasting = [each for each in true if each.until_s - each.from_s >= least_s + 30]
        found = [
            FoundVisit(
                who,
                (each.session.start_ms - self._opens_ms) / 1000,
                (each.session.end_ms - self._opens_ms) / 1000,
            )
            for who, visits in self._server.visits().items()
            for each in visits
        ]
        on_air = [each for each in lasting if each.throughout]
        return Result(
            heard=judge(true, found, on_air, least_s),
            everybody=judge(true, found, lasting, least_s),
            reported=len(found),
            inactive_s=self._watch.inactive_s,
            left_s=self._watch.left_s,
            false_leaves=self._false_leaves(),
            rows=self._rows,
        )

    def _false_leaves(self) -> int:
        """Return how often the last edge took somebody for gone who was inside, her phone on the air."""
        stays: dict[str, list[Stay]] = {}
        for each in self._people:
            if each.kind == "customer" and each.handset.platform == "android":
                stays.setdefault(each.who, []).extend(truth_of(each, self._day.site).stays)
        return sum(
            any(stay.from_s <= leave.at_s <= stay.until_s for stay in stays.get(leave.who, ()))
            for leave in self._watch.leaves
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Leave:
    who: str
    at_s: float


@dataclass(slots=True)
class _Here:
    """Of somebody: her stays by edge, carrier and token, each with its last sighting."""

    last_ms: dict[tuple[str, str, str], int] = field(default_factory=dict)
    active: set[tuple[str, str, str]] = field(default_factory=set)
    heard_ms: int = 0


class Watch:
    """What all edges together think of each person: when she is inactive everywhere, and left."""

    def __init__(self, who_by_token: Mapping[str, str], opens_ms: int) -> None:
        self._who = who_by_token
        self._opens_ms = opens_ms
        self._here: dict[str, _Here] = {}
        self.inactive_s: list[float] = []
        self.left_s: list[float] = []
        self.leaves: list[Leave] = []

    def told(self, edge: str, events: Sequence[object], at_s: float) -> None:
        """Take in what an edge says at `at_s`."""
        for event in events:
            if isinstance(event, Presence):
                self._presence(edge, event, at_s)

    def _presence(self, edge: str, event: Presence, at_s: float) -> None:
        who = self._who[event.token]
        here = self._here.setdefault(who, _Here())
        key = (edge, event.frame, event.token)
        here.heard_ms = max(here.heard_ms, event.last_ms)
        since_s = at_s - (here.heard_ms - self._opens_ms) / 1000
        if event.phase == "left":
            here.last_ms.pop(key, None)
            if not here.last_ms:
                self.left_s.append(since_s)
                self.leaves.append(Leave(who=who, at_s=at_s))
            here.active.discard(key)
            return
        here.last_ms[key] = event.last_ms
        if event.phase == "inactive":
            here.active.discard(key)
            if not here.active:
                self.inactive_s.append(since_s)
        else:
            here.active.add(key)
