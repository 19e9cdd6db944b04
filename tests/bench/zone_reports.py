"""Zones as a server finds them, from what edges tell: live, and when a visit is over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from shopbell_server.core.board.zone_now import zone_now
from shopbell_server.core.evidence import Interval, IntervalKey
from shopbell_server.core.ids import Millis
from shopbell_server.core.recognition.frame_trust import evidence_of
from shopbell_server.core.visits.rules import VisitRules
from shopbell_server.core.zones.following import LATE_MS, followed, needed_from_ms
from shopbell_server.core.zones.readings import TICK_MS
from shopbell_server.core.zones.site import site_of
from shopbell_server.core.zones.whereabouts import MIDDLE_MS, places_in, stretches
from tests.bench.report import Report, figure
from tests.bench.zone_reports_floors import recorded, simulated, unsurveyed
from tests.shared import SHARED

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from shopbell_server.core.ids import PersonId, ZoneId
    from shopbell_server.core.observations import Observation
    from shopbell_server.core.zones.following import Followed
    from shopbell_server.core.zones.plan import FloorPlan
    from shopbell_server.core.zones.site import Site
    from tests.bench.report import Figure
    from tests.bench.zone_reports_told import Case

NEAR_M: Final = 3.0

TITLE: Final = "Zones: from what edges tell"
MEASURES: Final = (
    "What a server has to go by: signals through edges' rosters at their default losses, the reports of "
    "presence (one to a phone, frame and scanner each 5 to 30 s), and the server's own `following` (live, "
    "looked at every 5 s) and `whereabouts` (closed). *Shop*: simulated, 20 m by 16 m with racks, nine "
    "zones, twelve scanners or four, an hour of 8 Android phones, in hands, pockets and bags; known: "
    "3 dB between phones, unknown: 7.4 dB. Seeds 2 and 3. *Walks*: the recorded ones, over all samples. "
    "*Nearest scanner*: what a store without a plan has, the zone of the scanner that hears her best "
    "(`core/board/zone_now`), each scanner's zone being the one in which it hangs; afterwards: the same, "
    "moved back by the time that a report is late. Right: she "
    "is in the zone that is told. Near: she is within 3 m of it. None: no zone is told. The rest is wrong."
)
SEEDS: Final = (2, 3)
KNOWN_DB: Final = 3.0
UNKNOWN_DB: Final = 7.4
WALKS: Final = 5

FIRST_MS: Final = 15_000
"""Nobody can be found before her phone has entered at a scanner and it was told."""


class Score(NamedTuple):
    """Shares of the moments at which somebody was inside and heard of, in %."""

    right: float
    near: float
    """The zone told is another, and she is within 3 m of it."""
    wrong: float
    none: float
    moments: int


async def measure(*, long: bool) -> Report:
    """Simulate an hour and replay the walks; minutes. `long` has surveys too."""
    figures: list[Figure] = []
    for scanners in (12, 4):
        for word, sd_db in (("known", KNOWN_DB), ("unknown", UNKNOWN_DB)):
            cases = [simulated(seed, scanners, phone_sd_db=sd_db, surveyed=long) for seed in SEEDS]
            figures += _figures(f"shop, {scanners} scanners, {word} phones", cases, long=long)
    hall = SHARED / "data" / "tetam"
    if hall.is_dir():
        for scanners, whole in ((12, True), (4, False)):
            walks = [
                recorded(hall, f"straight_0{number}", all_receivers=whole)
                for number in range(1, WALKS + 1)
            ]
            figures += _figures(f"walks, {scanners} receivers", walks, long=long)
    return Report(title=TITLE, measures=MEASURES, figures=tuple(figures))


def _figures(what: str, cases: Sequence[Case], *, long: bool) -> Iterator[Figure]:
    for when, sooner_ms in (("live", 0), ("afterwards", MIDDLE_MS)):
        yield from _rows(
            f"{what}, nearest scanner, {when}", [nearest(case, sooner_ms) for case in cases]
        )
    regimes = {"unsurveyed": [unsurveyed(case) for case in cases]}
    if long:
        regimes["surveyed"] = list(cases)
    for regime, ones in regimes.items():
        for when, judge in (("live", live), ("closed", closed)):
            yield from _rows(f"{what}, {regime}, {when}", [judge(case) for case in ones])


def _rows(what: str, scores: Sequence[Score]) -> Iterator[Figure]:
    for name in ("right", "near", "none"):
        yield figure(f"{what}: {name}", "%", [float(getattr(score, name)) for score in scores])


def nearest(case: Case, sooner_ms: int = 0) -> Score:
    """Return how right a board is of a store without a plan; what it says counts from so much earlier on."""
    homes = {
        (spot.edge, spot.scanner): level.home_of(spot)
        for level in case.plan.levels
        for spot in level.spots
    }
    recent_ms = VisitRules().zone_recent_ms
    said: dict[PersonId, list[tuple[int, ZoneId | None]]] = {}
    for person, told in case.told.items():
        zone: ZoneId | None = None
        theirs = said.setdefault(person, [])
        ticks = range(told[0].at_ms // TICK_MS, told[-1].at_ms // TICK_MS + 14) if told else ()
        for tick in ticks:
            now = Millis(tick * TICK_MS + LATE_MS)
            heard = [
                _stay(each.report, homes[each.report.edge, each.report.scanner])
                for each in told
                if each.at_ms <= now and each.report.at_ms >= now - recent_ms
            ]
            zone = zone_now(heard, zone, now, recent_ms)
            theirs.append((now - sooner_ms, zone))
    return _score(case, said)


def _stay(report: Observation, zone: ZoneId) -> Interval:
    return Interval(
        key=IntervalKey(
            report.person,
            report.store,
            report.edge,
            report.scanner,
            report.carrier,
            report.at_ms,
        ),
        last_ms=report.at_ms,
        n=report.n,
        evidence=evidence_of("ibeacon", mac_fresh=False),  # no rank matters here
        zone=zone,
        loss_db=report.loss_db,
    )


def live(case: Case, site: Site | None = None) -> Score:
    """Return how right a board is that is looked at every tick."""
    site = site or site_of(case.plan)
    said: dict[PersonId, list[tuple[int, ZoneId | None]]] = {person: [] for person in case.told}
    begin = min(told[0].at_ms for told in case.told.values() if told)
    end = max(told[-1].at_ms for told in case.told.values() if told)
    before: Followed | None = None
    for tick in range(begin // TICK_MS, end // TICK_MS + 2):
        now = Millis(tick * TICK_MS + LATE_MS)
        since = needed_from_ms(before, now)
        heard = {
            person: [
                each.report for each in told if each.at_ms <= now and each.report.at_ms >= since
            ]
            for person, told in case.told.items()
            if told and told[0].at_ms <= now <= told[-1].at_ms + 60_000
        }
        before = followed(site, before, heard, now)
        for person in heard:
            said[person].append((now, before.found.get(person)))
    return _score(case, said)


def closed(case: Case, site: Site | None = None) -> Score:
    """Return how right it is what is found of visits that are over."""
    site = site or site_of(case.plan)
    said: dict[PersonId, list[tuple[int, ZoneId | None]]] = {}
    for person, told in case.told.items():
        said[person] = [
            (place.first_ms, place.zone)
            for stretch in stretches(each.report for each in told)
            for place in places_in(site, stretch)
        ]
    return _score(case, said)


def _score(case: Case, said: dict[PersonId, list[tuple[int, ZoneId | None]]]) -> Score:
    right = near = wrong = none = 0
    for person, truth in case.truth.items():
        told = case.told[person]
        if not told:
            none += len(truth.at_ms)
            continue
        first_ms = told[0].at_ms
        times = np.array([at_ms for at_ms, _ in said[person]])
        for at_ms, place in zip(truth.at_ms.tolist(), truth.places_m.tolist(), strict=True):
            if at_ms < first_ms + FIRST_MS:
                continue
            index = int(np.searchsorted(times, at_ms, side="right")) - 1
            zone = said[person][index][1] if index >= 0 else None
            if zone is None:
                none += 1
            elif zone in _zones_at(case.plan, place[0], place[1]):
                right += 1
            elif zone in _zones_at(case.plan, place[0], place[1], NEAR_M):
                near += 1
            else:
                wrong += 1
    count = max(1, right + near + wrong + none)
    return Score(
        100 * right / count, 100 * near / count, 100 * wrong / count, 100 * none / count, count
    )


def _zones_at(plan: FloorPlan, x_m: float, y_m: float, within_m: float = 0.0) -> set[ZoneId]:
    """Return the zones of which some place is that near."""
    return {
        part.zone
        for level in plan.levels
        for part in level.zones
        if part.within.away_m(x_m, y_m) <= within_m
    }
