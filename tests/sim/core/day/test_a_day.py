"""A short day through air, edges and eyes: what is heard is what there is, in order."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from itertools import pairwise
from random import Random
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import pytest

from shopbell_edge.core.retailer import Retailer
from shopbell_server.core.visits.rules import VisitRules
from shopbell_sim.core.day.air import Air
from shopbell_sim.core.day.edge import WATCHDOG_S, DayEdge, Hearing
from shopbell_sim.core.day.mishaps import Outage
from shopbell_sim.core.day.seeing import Seeing
from shopbell_sim.core.day.timeline import Timeline
from shopbell_sim.core.day.voices import Voices, address_of, made_up
from shopbell_sim.core.drawing.level import seen_zone
from shopbell_sim.core.drawing.picture import Shown, picture
from shopbell_sim.core.drawing.visits import Lived
from shopbell_sim.core.ether.numbers import Ether
from shopbell_sim.core.outing.outings import truth_of
from shopbell_sim.core.outing.trade import Trade
from shopbell_sim.core.phone import WINDOW_S
from shopbell_wire.messages import Presence, ScannerHealth
from tests.sim.core.a_site import FLAT, SITE
from tests.sim.core.outing.test_shopping import day

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shopbell_sim.core.day.seeing import SeenVisit
    from shopbell_sim.core.outing.outings import Outing
    from shopbell_sim.core.phone import Identity
    from shopbell_sim.core.site.site import Site
    from shopbell_wire.messages import Event

OPENS_MS = 1_795_262_400_000
RETAILER = Retailer(uuid="5b0e11c5-0de3-4a5b-9b0e-5be110000001", prefix="5be11000")
TRADE = Trade(
    hours=0.7, customers=6, passers=2, staff=0, stops=(2, 4), look_s=40, brief=0.0, iphones=0.3
)


@cache
def people() -> tuple[Outing, ...]:
    return day(TRADE, SITE, seed=4)


def air(outages: Sequence[Outage] = (), outings: Sequence[Outing] | None = None) -> Air:
    return Air(
        site=SITE,
        ether=Ether(),
        trade=TRADE,
        outings=people() if outings is None else outings,
        outages=outages,
        seed=1,
    )


@cache
def identities() -> dict[str, Identity]:
    windows = range(OPENS_MS // 1000 // WINDOW_S - 2, OPENS_MS // 1000 // WINDOW_S + 8)
    return {
        each.who: made_up(
            Random(each.who),
            windows,
            retailer_uuid=RETAILER.uuid,
            prefix=RETAILER.prefix,
            power_dbm=-59,
        )
        for each in people()
    }


def known() -> dict[str, str]:
    return {
        digits: who
        for who, identity in identities().items()
        for token in identity.tokens.values()
        for digits in (token.id32, token.id64)
    }


def voices() -> Voices:
    return Voices(people(), identities(), OPENS_MS / 1000)


def end_s() -> float:
    return max(each.itinerary.ends_s for each in people())


def lived(outages: Sequence[Outage] = ()) -> tuple[list[Event], tuple[SeenVisit, ...]]:
    """Go through the day; return what edges told and what was seen of it."""
    edges = [DayEdge(each, RETAILER, OPENS_MS, outages) for each in SITE.receivers]
    hearing = Hearing(edges, voices())
    timeline = Timeline(air(outages), people())
    seeing = Seeing(known(), SITE, VisitRules(), OPENS_MS)
    at_s = float(int(min(each.itinerary.begins_s for each in people()))) - 1
    told: list[Event] = [event for edge in edges for event in edge.begin(at_s)]
    while at_s < end_s() + 200:
        at_s += 1
        hearing.hear(timeline.until(at_s))
        for edge in edges:
            events = edge.tick(at_s)
            seeing.told(events)
            told += events
    return told, seeing.visits({each.who for each in people()})


@cache
def usual() -> tuple[list[Event], tuple[SeenVisit, ...]]:
    return lived()


def test_what_is_heard_comes_in_order_and_once() -> None:
    timeline, whole = Timeline(air(), people()), Timeline(air(), people())

    parts = [timeline.until(at_s) for at_s in range(0, int(end_s()) + 60, 7)]
    (everything,) = [whole.until(end_s() + 60)]

    times = np.concatenate([part.times_s for part in parts])
    assert (np.diff(times) >= 0).all()
    assert times.tolist() == everything.times_s.tolist()
    assert not len(timeline.until(end_s() + 120).times_s)


def test_an_outing_is_heard_the_same_whenever_it_is_asked_for() -> None:
    one, other = air(), air()
    other.heard(0)

    assert one.heard(2).rssi_dbm.tolist() == other.heard(2).rssi_dbm.tolist()


def test_the_air_of_an_empty_day_is_empty() -> None:
    assert not len(Timeline(air(outings=()), ()).until(1e6).times_s)


def test_a_phone_says_the_same_until_its_token_changes() -> None:
    said = voices()
    numbers = {each.handset.platform: number for number, each in enumerate(people())}

    assert said.say(numbers["android"], 0, 10.0) == said.say(numbers["android"], 0, 60.0)
    assert said.key(numbers["android"], 0, 10.0) == said.key(numbers["android"], 0, 60.0)
    assert said.say(numbers["android"], 0, 10.0) != said.say(numbers["android"], 0, 910.0)
    assert said.key(numbers["ios"], 0, 10.0) != said.key(numbers["ios"], 0, 70.0)
    assert said.say(numbers["ios"], 0, 9e6) is None


def test_addresses_are_random_and_change() -> None:
    (one, *_) = people()
    addresses = [address_of(one, at_s) for at_s in range(0, 2700, 60)]

    assert 3 <= len(set(addresses)) <= 4
    assert all(int(each[:2], 16) >> 6 == 1 for each in addresses)
    assert sum(a != b for a, b in pairwise(addresses)) <= 3


def test_who_was_there_is_seen_and_who_passed_is_not() -> None:
    _, seen = usual()
    android = {
        each.who
        for each in people()
        if each.kind == "customer"
        and each.handset.platform == "android"
        and any(stay.until_s - stay.from_s > 200 for stay in truth_of(each, SITE).stays)
    }

    assert android <= {visit.who for visit in seen}
    assert not any(visit.who.startswith("passer") for visit in seen)


def test_a_visit_says_in_which_zone_she_was_from_its_beginning_on() -> None:
    _, seen = usual()

    for visit in seen:
        assert visit.from_s <= visit.zones[0].from_s <= visit.zones[-1].from_s <= visit.until_s
        assert all(a.zone != b.zone for a, b in pairwise(visit.zones))
        assert seen_zone(seen, visit.until_s + 9e5) is None


def test_zones_are_those_of_whom_they_are_asked_for() -> None:
    told, seen = usual()
    (one, *_) = sorted({visit.who for visit in seen})
    seeing = Seeing(known(), SITE, VisitRules(), OPENS_MS)
    seeing.told(told)

    assert [visit.who for visit in seeing.visits({one}) if visit.zones] == [
        visit.who for visit in seen if visit.who == one
    ]


def test_whom_nobody_may_know_is_not_seen() -> None:
    told, _ = usual()
    seeing = Seeing({}, SITE, VisitRules(), OPENS_MS)

    seeing.told(told)

    assert not seeing.visits()


@pytest.mark.parametrize("kind", ["deaf", "power"])
def test_an_edge_says_when_it_could_not_hear(kind: str) -> None:
    of = ("back",)
    outage = Outage(kind="deaf" if kind == "deaf" else "power", of=of, from_s=1000, for_s=300)

    told, _ = lived([outage])

    health = [each for each in told if isinstance(each, ScannerHealth) and each.scanner == "back"]
    assert [each.state for each in health] == ["hearing", "blind", "hearing"]
    heard = [each for each in told if isinstance(each, Presence) and each.scanner == "back"]
    until_ms = OPENS_MS + round(outage.until_s * 1000)
    assert not [each for each in heard if OPENS_MS + 1_000_000 < each.last_ms < until_ms]


def test_a_short_deafness_is_not_noticed() -> None:
    outage = Outage(kind="deaf", of=("*",), from_s=600, for_s=WATCHDOG_S / 2)
    edge = DayEdge(SITE.receivers[0], RETAILER, OPENS_MS, [outage])

    told = [event for at_s in range(500, 900) for event in edge.tick(float(at_s))]

    assert not [each for each in told if isinstance(each, ScannerHealth) and each.state == "blind"]


def lived_by(*outings: Outing, seen: Sequence[SeenVisit] = (), site: Site = SITE) -> Lived:
    return Lived(outings, tuple(truth_of(each, site) for each in outings), tuple(seen))


def shown(
    followed: Lived, *others: Lived, site: Site = SITE, outages: Sequence[Outage] = ()
) -> str:
    """Return the picture of a day on which the doors open at nine."""
    everybody = [followed, *others]
    return picture(
        Shown(
            title="A day <of tests>",
            verdict="All found",
            site=site,
            followed=followed,
            rows=everybody,
            everybody=everybody,
            outages=outages,
            opens_min=9 * 60,
        )
    )


def test_the_picture_shows_the_way_the_visits_and_the_scanners() -> None:
    _, seen = usual()
    everybody = [
        lived_by(each, seen=[one for one in seen if one.who == each.who])
        for each in people()
        if each.kind == "customer"
    ]

    followed = max(everybody, key=lambda each: len(each.seen))
    svg = shown(followed, *(each for each in everybody if each is not followed))

    assert svg.startswith("<svg")
    assert "A day &lt;of tests&gt;" in svg
    assert svg.count('r="6"') == len(SITE.receivers)
    assert svg.count('fill-opacity="0.55"') >= 2  # where she stood
    for text in ("All found", "Front", "Back", "Up", "Street", *(each.who for each in everybody)):
        assert f">{text}" in svg
    assert re.search(r">09:\d0</text>", svg)


def test_the_picture_says_what_did_not_hear_while_it_shows_her() -> None:
    (one, *_) = [each for each in people() if each.kind == "customer"]
    begins_s, ends_s = one.itinerary.begins_s, one.itinerary.ends_s
    outages = [
        Outage(kind="power", of=("*",), from_s=begins_s + 1, for_s=60),
        Outage(kind="deaf", of=("back",), from_s=begins_s + 90, for_s=60),
        Outage(kind="deaf", of=("up",), from_s=ends_s + 3600, for_s=60),
    ]

    svg = shown(lived_by(one), outages=outages)

    # On the time line and where everybody is counted.
    assert svg.count(">no power<") == svg.count(">back deaf<") == 2
    assert "up deaf" not in svg


def test_a_narrow_shop_has_its_time_line_beside_it() -> None:
    (one, *_) = [each for each in people() if each.kind == "customer"]
    narrow = replace(FLAT, levels=(replace(FLAT.ground, depth_m=30.0),))

    svg = shown(lived_by(one, site=narrow), site=narrow)

    assert 'stroke-dasharray="4 4"' in svg  # nobody saw her


def test_a_long_day_has_fewer_marks() -> None:
    (one, *_) = [each for each in people() if each.kind == "customer"]
    times = one.itinerary.times_s.copy()
    times[-1] += 48 * 3600
    long = replace(one, itinerary=replace(one.itinerary, times_s=times))

    assert shown(lived_by(long)).count(":00</text>") <= 2 * 26


def test_who_comes_twice_has_one_row() -> None:
    (one, other, *_) = [each for each in people() if each.kind == "customer"]
    again = replace(other, who=one.who)

    assert shown(lived_by(one, again)).count(f">{one.who}, ") == 1


def test_more_people_are_more_company() -> None:
    quiet = msgspec.structs.replace(TRADE, others_per_customer=0.0, devices_per_person=0.0)
    loud = msgspec.structs.replace(TRADE, others_per_customer=50.0, devices_per_person=5.0)
    heard = []
    for trade in (quiet, loud):
        full = Air(site=SITE, ether=Ether(), trade=trade, outings=people(), seed=1)
        heard.append(sum(len(full.heard(number).times_s) for number in range(len(people()))))

    assert heard[0] > 1.2 * heard[1]


def test_who_goes_upstairs_is_drawn_on_both_levels() -> None:
    climbing = next(each for each in day() if set(each.itinerary.levels.tolist()) == {0, 1})

    # Ground, upstairs, ground; and two curves of how many were inside.
    assert shown(lived_by(climbing)).count("<polyline") >= 5


def test_of_a_token_that_nobody_has_nothing_is_heard() -> None:
    without = {who: replace(each, tokens={}) for who, each in identities().items()}
    edges = [DayEdge(each, RETAILER, OPENS_MS) for each in SITE.receivers]

    count = Hearing(edges, Voices(people(), without, OPENS_MS / 1000)).hear(
        Timeline(air(), people()).until(end_s() + 60)
    )

    assert count > 100
    assert not any(edge.roster.known for edge in edges)
