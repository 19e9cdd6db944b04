"""Customers of many stores, and what edges say of them."""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import pairwise
from random import Random

import pytest

from shopbell_edge.core.rules import Rules
from shopbell_edge.core.telling import LASTED, ONLINE
from shopbell_sim.core.load_crowd import (
    JITTER_MS,
    RAMP_MS,
    SIGHTING_MS,
    STAY_MS,
    WINDOW_MS,
    Crowd,
    Size,
    Told,
)

BEGAN_MS = 1_763_800_000_000 // WINDOW_MS * WINDOW_MS
"""A quarter begins."""

HOUR_MS = 3_600_000

Stay = tuple[int, int, int, int, int]


def size(stores: int = 2, customers: int = 5, heard_by: int = 2, speed: float = 1.0) -> Size:
    return Size(stores=stores, edges=4, customers=customers, heard_by=heard_by, speed=speed)


def told(of: Size, for_ms: int, seed: int = 1) -> list[Told]:
    crowd = Crowd(of, of.people(for_ms), Random(seed), BEGAN_MS)
    return [each for at in range(0, for_ms, 1_000) for each in crowd.until(BEGAN_MS + at)]


def stays(all_told: list[Told]) -> dict[Stay, list[Told]]:
    found = defaultdict(list)
    for one in all_told:
        if one.phase is not None:
            found[one.store, one.edge, one.person, one.window, one.first_ms].append(one)
    return found


def test_the_same_seed_is_the_same_day_and_another_is_another() -> None:
    assert told(size(), HOUR_MS // 4) == told(size(), HOUR_MS // 4)
    assert told(size(), HOUR_MS // 4, seed=2) != told(size(), HOUR_MS // 4)


def test_a_stay_is_told_from_its_beginning_to_its_end_in_order() -> None:
    order = ("entered", "present", "inactive", "left")
    for said in stays(told(size(), HOUR_MS)).values():
        places = [order.index(one.phase or "") for one in said]
        assert places == sorted(places)
        assert places[0] == 0
        assert Counter(places)[0] == 1
        assert Counter(places)[2] <= 1
        assert Counter(places)[3] <= 1


def test_silence_is_told_after_as_long_as_the_rules_say() -> None:
    ended = [said for said in stays(told(size(), HOUR_MS)).values() if said[-1].phase == "left"]
    assert ended
    for *_, inactive, left in ended:
        assert (inactive.phase, left.phase) == ("inactive", "left")
        assert inactive.last_ms == left.last_ms


def test_a_stay_is_told_at_the_pace_of_the_protocol_and_once_when_it_may_be_shown() -> None:
    rules = Rules()
    for said in stays(told(size(), HOUR_MS)).values():
        heard = [one for one in said if one.phase in {"entered", "present"}]
        for one, after in pairwise(heard):
            assert 0 < after.last_ms - one.last_ms <= ONLINE.steady_ms
        lasted = [one for one in heard if one.reason == LASTED]
        assert len(lasted) == (heard[-1].last_ms - heard[0].first_ms >= rules.shown_ms)
        for one in lasted:
            assert one.n >= rules.shown_sightings


def test_sightings_are_as_many_as_the_time_allows() -> None:
    for said in stays(told(size(), HOUR_MS)).values():
        for one in said:
            assert one.n == 3 + (one.last_ms - one.first_ms) // SIGHTING_MS


@pytest.mark.parametrize("heard_by", [1, 2, 4])
def test_so_many_customers_are_there_at_a_time_and_so_many_edges_hear_each(heard_by: int) -> None:
    for_ms = HOUR_MS
    by_second: defaultdict[int, set[tuple[int, int, int]]] = defaultdict(set)
    of = size(heard_by=heard_by)
    for (store, edge, person, _, first_ms), said in stays(told(of, for_ms)).items():
        heard_ms = [one.last_ms for one in said if one.phase in {"entered", "present"}]
        until_ms = heard_ms[-1] if said[-1].phase in {"inactive", "left"} else BEGAN_MS + for_ms
        for second in range(first_ms // 1000 + 1, until_ms // 1000):
            by_second[second].add((store, person, edge))
    for second in range((BEGAN_MS + RAMP_MS) // 1000, (BEGAN_MS + for_ms) // 1000 - 300, 60):
        people = {(store, person) for store, person, _ in by_second[second]}
        assert len(people) <= of.stores * of.customers
        edges = Counter((store, person) for store, person, _ in by_second[second])
        assert set(edges.values()) <= set(range(1, heard_by + 1))


def test_nobody_comes_twice_while_the_load_goes_on() -> None:
    of = size(stores=1, customers=20)
    spans: defaultdict[int, list[int]] = defaultdict(list)
    for one in told(of, HOUR_MS):
        spans[one.person] += [one.first_ms, one.last_ms]
    assert len(spans) > of.customers
    assert all(max(span) - min(span) < 2 * STAY_MS for span in spans.values())


def test_a_phone_changes_its_token_within_a_minute_of_the_quarter() -> None:
    for one in told(size(), HOUR_MS):
        if one.phase in {"entered", "present"}:
            begins_ms = one.window * WINDOW_MS
            assert begins_ms <= one.last_ms <= begins_ms + WINDOW_MS + JITTER_MS + ONLINE.steady_ms


def test_some_show_a_pass_at_the_last_edge_when_they_go() -> None:
    passes = [one for one in told(size(customers=20), HOUR_MS) if one.phase is None]
    assert passes
    assert {one.edge for one in passes} == {3}
    assert {one.first_ms - one.last_ms for one in passes} == {0}


def test_twice_as_fast_is_twice_as_many_reports() -> None:
    slow, fast = (
        sum(one.phase == "present" for one in told(size(speed=speed), HOUR_MS // 2))
        for speed in (1.0, 4.0)
    )
    assert 3 < fast / slow < 5


def test_edges_that_hear_the_same_customer_do_not_tell_of_her_in_step() -> None:
    moments = defaultdict(set)
    for one in told(size(heard_by=3), HOUR_MS):
        if one.phase == "present":
            moments[one.store, one.person, one.last_ms].add(one.edge)
    together = sum(len(edges) > 1 for edges in moments.values())
    # Those that she entered together tell together that it has lasted, and only then.
    assert together < len(moments) / 10
