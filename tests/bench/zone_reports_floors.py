"""Floors to find people on: a simulated shop with shoppers, and the hall of the recordings with its walks."""

from __future__ import annotations

import csv
import gzip
import json
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from shopbell_server.core.ids import EdgeId, PersonId, ZoneId
from shopbell_server.core.zones.plan import (
    FloorPlan,
    Level,
    Reading,
    Rectangle,
    Spot,
    Survey,
    ZonePart,
)
from shopbell_sim.adapters.recorded_events import read_recording
from shopbell_sim.core.day.air import Air
from shopbell_sim.core.day.timeline import Rows, Timeline
from shopbell_sim.core.ether.numbers import Ether
from shopbell_sim.core.ether.receptions import Company, Ears, Sent
from shopbell_sim.core.outing.handset import Handset, OnAir
from shopbell_sim.core.outing.itinerary import Itinerary
from shopbell_sim.core.outing.outings import Outing
from shopbell_sim.core.outing.shopping import outings
from shopbell_sim.core.outing.trade import Trade
from shopbell_sim.core.site.site import LevelPlan, Place, Rack, Receiver, Site
from shopbell_sim.core.site.ways import Ways
from tests.bench.zone_reports_told import OPENS_MS, Case, Truth, told_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    Spots = Mapping[str, Sequence[float]]

WIDTH_M: Final = 20.0
DEPTH_M: Final = 16.0
ACROSS: Final = 3
ALONG: Final = 3
"""Nine zones of 6.7 by 5.3 m."""

TWELVE: Final = tuple((x, y) for y in (2.5, 8.0, 13.5) for x in (2.5, 7.5, 12.5, 17.5))
FOUR: Final = ((5.0, 4.0), (15.0, 4.0), (5.0, 12.0), (15.0, 12.0))
RACKS: Final = tuple(
    Rack(left=x, top=y, width_m=4.5, depth_m=0.9, density=0.5)
    for y in (2.6, 5.6, 8.6, 11.6)
    for x in (2.0, 7.8, 13.6)
)
SCANNER_M: Final = 2.3
HELD_M: Final = 1.2
SHOPPERS: Final = 8
LOOK_S: Final = 5.0
AFTER_S: Final = 60.0
SURVEY_S: Final = 15.0
"""At each point of a survey, with a phone in the hand that sends every 250 ms."""

SURVEY_STEP_M: Final = 2.5


def simulated(seed: int, scanners: int, *, phone_sd_db: float, surveyed: bool) -> Case:
    """Return a shop of 20 by 16 m with racks, and an hour of its shoppers; the seed draws all of it."""
    places = TWELVE if scanners == len(TWELVE) else FOUR
    site = _site(places)
    trade = Trade(
        hours=1,
        customers=SHOPPERS,
        iphones=0,
        passers=0,
        staff=0,
        together=0,
        comes_again=0,
        forgot=0,
        brief=0,
        phone_sd_db=phone_sd_db,
        stops=(4, 10),
    )
    people = outings(np.random.default_rng(seed), site, Ways(site), trade)
    timeline = Timeline(
        Air(site=site, ether=Ether(), trade=trade, outings=people, seed=seed), people
    )
    begin_s = float(int(min(each.itinerary.begins_s for each in people))) - 1
    end_s = max(each.itinerary.ends_s for each in people) + AFTER_S
    return Case(
        plan=_plan(site, _survey(site, seed) if surveyed else None),
        told=told_of(site.receivers, people, timeline.until, begin_s, end_s),
        truth={PersonId(each.who): _truth(each, site) for each in people},
    )


def recorded(folder: Path, walk: str, *, all_receivers: bool) -> Case:
    """Return one walk through the hall of the recordings; what it shows is not in any survey."""
    site = json.loads((folder / "site.json").read_text())
    spots = {
        name: each["pos"] for name, each in site["receivers"].items() if all_receivers or each["pi"]
    }
    recording = read_recording(folder / f"{walk}.events.csv.gz", spots)
    place = {name: number for number, name in enumerate(spots)}
    whole = _rows(recording.at_s, [place[each] for each in recording.receiver], recording.rssi_dbm)
    receivers = [
        Receiver(name=name, edge=name, zone="", at=Place(0, x, y))
        for name, (x, y, _) in spots.items()
    ]
    known = _numbers(folder / f"{walk}.truth.csv.gz", ("t", "x", "y"))
    outing = _carried(walk, float(recording.at_s[-1]))
    begin = 0

    def until(at_s: float) -> Rows:
        nonlocal begin
        first, begin = begin, int(np.searchsorted(whole.times_s, at_s))
        return Rows(
            whole.times_s[first:begin],
            whole.outings[first:begin],
            whole.receivers[first:begin],
            whole.frames[first:begin],
            whole.rssi_dbm[first:begin],
        )

    return Case(
        plan=_hall(site, spots, _recorded_survey(folder, spots)),
        told=told_of(receivers, [outing], until, 0.0, float(recording.at_s[-1]) + AFTER_S),
        truth={
            PersonId(walk): Truth(
                OPENS_MS + np.round(known[:, 0] * 1000).astype(np.int64), known[:, 1:]
            )
        },
    )


def unsurveyed(case: Case) -> Case:
    """Return the same without its survey."""
    (level,) = case.plan.levels
    bare = Level(name=level.name, extent=level.extent, zones=level.zones, spots=level.spots)
    return case._replace(plan=FloorPlan(levels=(bare,)))


def _site(places: Sequence[tuple[float, float]]) -> Site:
    return Site(
        name="shop",
        street_m=4.0,
        levels=(
            LevelPlan(
                number=0,
                name="Shop",
                width_m=WIDTH_M,
                depth_m=DEPTH_M,
                zones=(),
                walls=(),
                racks=RACKS,
            ),
        ),
        doors=(Place(0, 10.0, DEPTH_M),),
        stairs=(),
        receivers=tuple(
            Receiver(name=f"s{number}", edge=f"e{number}", zone="", at=Place(0, x, y))
            for number, (x, y) in enumerate(places)
        ),
        tills=(Place(0, 17.0, 14.5),),
    )


def _plan(site: Site, survey: Survey | None) -> FloorPlan:
    across, along = np.linspace(0, WIDTH_M, ACROSS + 1), np.linspace(0, DEPTH_M, ALONG + 1)
    level = Level(
        name="ground",
        extent=_rectangle(0, 0, WIDTH_M, DEPTH_M),
        zones=tuple(
            ZonePart(
                zone=ZoneId(f"z{i}{j}"),
                within=_rectangle(across[i], along[j], across[i + 1], along[j + 1]),
            )
            for i in range(ACROSS)
            for j in range(ALONG)
        ),
        spots=tuple(
            Spot(
                edge=EdgeId(each.edge),
                scanner=each.name,
                x_m=each.at.x,
                y_m=each.at.y,
                z_m=SCANNER_M,
            )
            for each in site.receivers
        ),
        survey=survey,
    )
    return FloorPlan(levels=(level,))


def _hall(site: Mapping[str, Any], spots: Spots, survey: Survey) -> FloorPlan:
    return FloorPlan(
        levels=(
            Level(
                name="hall",
                extent=_rectangle(*site["area"]),
                zones=tuple(
                    ZonePart(zone=ZoneId(name), within=_rectangle(*each["rect"]))
                    for name, each in site["zones"].items()
                ),
                spots=tuple(
                    Spot(edge=EdgeId(name), scanner=name, x_m=x, y_m=y, z_m=z)
                    for name, (x, y, z) in spots.items()
                ),
                survey=survey,
            ),
        )
    )


def _rectangle(left: float, bottom: float, right: float, top: float) -> Rectangle:
    return Rectangle(
        left_m=float(left), bottom_m=float(bottom), right_m=float(right), top_m=float(top)
    )


def _truth(outing: Outing, site: Site) -> Truth:
    """Return where she was while inside, every LOOK_S."""
    times_s = np.arange(outing.itinerary.begins_s, outing.itinerary.ends_s, LOOK_S)
    where = outing.itinerary.at(times_s)
    inside = where.ys < site.ground.depth_m
    return Truth(
        OPENS_MS + np.round(times_s[inside] * 1000).astype(np.int64),
        np.stack([where.xs, where.ys], axis=1)[inside],
    )


def _survey(site: Site, seed: int) -> Survey:
    """Return what somebody records who stands at every point, phone in hand; the phone is the plan's."""
    ears = Ears(site, Ether(), np.random.default_rng([seed, 0]))
    draw = np.random.default_rng([seed, 2])
    names = [f"{each.edge}/{each.name}" for each in site.receivers]
    times_s = np.arange(0.0, SURVEY_S, 0.25)
    handset = _handset(8.0)
    readings: list[Reading] = []
    for x in np.arange(1.25, WIDTH_M, SURVEY_STEP_M).tolist():
        for y in np.arange(1.25, DEPTH_M, SURVEY_STEP_M).tolist():
            sent = Sent(times_s, np.zeros(60, np.int64), np.zeros(60, np.int64))
            # She turns once round, so that her body shadows every scanner alike.
            way = Itinerary(
                times_s=times_s,
                levels=np.zeros(60, np.int64),
                xs=np.full(60, x),
                ys=np.full(60, y),
                headings_rad=np.linspace(0, 2 * np.pi, 60),
                moving=np.zeros(60, np.bool_),
            )
            company = Company(per_m2=np.zeros(60), packets_per_ms=np.zeros(60))
            heard = ears.hear(draw, sent, way, handset, company)
            for at_s in times_s.tolist():
                now = heard.times_s == at_s
                readings.append(
                    Reading(
                        x_m=x,
                        y_m=y,
                        z_m=HELD_M,
                        heard_dbm={
                            names[receiver]: float(rssi)
                            for receiver, rssi in zip(
                                heard.receivers[now].tolist(),
                                heard.rssi_dbm[now].tolist(),
                                strict=True,
                            )
                        },
                    )
                )
    return Survey(receivers=tuple(names), readings=tuple(readings))


def _recorded_survey(folder: Path, spots: Spots) -> Survey:
    table = _numbers(folder / "survey.csv.gz", ("x", "y", "z", *spots))
    names = [f"{name}/{name}" for name in spots]
    return Survey(
        receivers=tuple(names),
        readings=tuple(
            Reading(
                x_m=x,
                y_m=y,
                z_m=z,
                heard_dbm={
                    name: strength
                    for name, strength in zip(names, heard, strict=True)
                    if np.isfinite(strength)
                },
            )
            for x, y, z, *heard in table.tolist()
        ),
    )


def _numbers(path: Path, columns: Sequence[str]) -> NDArray[np.float64]:
    """Return these columns of a table, NaN where nothing stands: [rows, columns]."""
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        rows = [[float(row[name] or "nan") for name in columns] for row in csv.DictReader(file)]
    return np.array(rows)


def _rows(
    at_s: NDArray[np.float64], receivers: Sequence[int], rssi_dbm: NDArray[np.float64]
) -> Rows:
    nothing = np.zeros(len(at_s), dtype=np.int64)
    return Rows(
        at_s, nothing, np.array(receivers, dtype=np.int64), nothing, rssi_dbm.astype(np.int64)
    )


def _carried(who: str, for_s: float) -> Outing:
    """Return an outing that has but a name and a phone; where it goes is recorded."""
    still = np.zeros(2)
    return Outing(
        who=who,
        kind="customer",
        itinerary=Itinerary(
            times_s=np.array([0.0, for_s]),
            levels=np.zeros(2, np.int64),
            xs=still,
            ys=still,
            headings_rad=still,
            moving=np.zeros(2, np.bool_),
        ),
        handset=_handset(0.0),
        on_air=(OnAir(0.0, for_s, 455.0, "hand"),),
    )


def _handset(body_db: float) -> Handset:
    return Handset(
        platform="android",
        offset_db=0.0,
        rests="pocket",
        body_db=(body_db, body_db, body_db),
        addresses_from_s=0.0,
    )
