from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopbell_server.core.evidence import Evidence
from shopbell_server.core.ids import Millis, StoreId
from shopbell_server.core.recognition.conflict import (
    AT_ONCE_MS,
    HIDDEN_MS,
    LONGEST_MS,
    Trace,
    conflict,
    distance_km,
    least_apart_ms,
)
from shopbell_server.core.registry import Position, Store
from tests.server.db.rows import visit

if TYPE_CHECKING:
    from shopbell_server.core.visits.stored import Visit

AMSTERDAM = Position(latitude=52.3791, longitude=4.9003)
UTRECHT = Position(latitude=52.0894, longitude=5.1101)
SYDNEY = Position(latitude=-33.8688, longitude=151.2093)
SECOND = 1_000
MINUTE = 60 * SECOND
HERE = Store(id=StoreId("here"), name="Here", timezone="UTC")
THERE = replace(HERE, id=StoreId("there"))


def visit_of(name: str, evidence: Evidence = Evidence.HINT, *, shown: bool = True) -> Visit:
    hers = visit(name)
    session = replace(hers.session, evidence=evidence, shown=hers.session.shown if shown else None)
    return replace(hers, session=session)


def trace(*spans: tuple[int, int], of: Visit | None = None) -> Trace:
    return Trace(
        visit=of or visit_of("a"),
        spans=[(Millis(first), Millis(last)) for first, last in spans],
    )


def other(*spans: tuple[int, int], of: Visit | None = None) -> Trace:
    return trace(*spans, of=of or visit_of("b"))


spans = st.lists(
    st.tuples(st.integers(0, 60), st.integers(0, 20)).map(
        lambda each: (each[0] * MINUTE, (each[0] + each[1]) * MINUTE)
    ),
    min_size=1,
    max_size=4,
)
evidences = st.sampled_from(Evidence)


@pytest.mark.parametrize(
    ("first_ms", "at_ms"),
    [
        (0, MINUTE),
        (MINUTE + AT_ONCE_MS, MINUTE + AT_ONCE_MS),
        (MINUTE + AT_ONCE_MS + 1, None),
    ],
)
def test_two_stores_within_two_minutes_contradict_each_other(
    first_ms: int, at_ms: int | None
) -> None:
    found = conflict(trace((0, MINUTE)), other((first_ms, max(first_ms, MINUTE))), (HERE, THERE))
    assert (None if found is None else found.at_ms) == at_ms
    if found is not None:
        assert found.until_ms == found.at_ms + HIDDEN_MS


@given(one=spans, two=spans, mine=evidences, theirs=evidences)
def test_it_does_not_matter_which_is_asked_about_first(
    one: list[tuple[int, int]], two: list[tuple[int, int]], mine: Evidence, theirs: Evidence
) -> None:
    a, b = trace(*one, of=visit_of("a", mine)), trace(*two, of=visit_of("b", theirs))
    assert conflict(a, b, (HERE, THERE)) == conflict(b, a, (THERE, HERE))
    reordered = trace(*reversed(one), of=a.visit)
    assert conflict(reordered, b, (HERE, THERE)) == conflict(a, b, (HERE, THERE))


@given(one=spans, two=spans)
def test_they_contradict_each_other_where_two_moments_are_too_near(
    one: list[tuple[int, int]], two: list[tuple[int, int]]
) -> None:
    found = conflict(trace(*one), other(*two), (HERE, THERE))

    def moments(of: list[tuple[int, int]]) -> set[int]:
        return {at for first, last in of for at in range(first, last + 1, MINUTE)}

    near = [max(a, b) for a in moments(one) for b in moments(two) if abs(a - b) <= AT_ONCE_MS]
    assert (None if found is None else found.at_ms) == max(near, default=None)


@given(one=spans, two=spans, more=spans)
def test_more_evidence_never_ends_a_conflict_sooner(
    one: list[tuple[int, int]], two: list[tuple[int, int]], more: list[tuple[int, int]]
) -> None:
    before = conflict(trace(*one), other(*two), (HERE, THERE))
    after = conflict(trace(*one, *more), other(*two), (HERE, THERE))
    if before is not None:
        assert after is not None
        assert after.at_ms >= before.at_ms


@given(mine=evidences, theirs=evidences)
def test_the_weaker_is_hidden_of_equals_both_and_a_pass_never(
    mine: Evidence, theirs: Evidence
) -> None:
    found = conflict(
        trace((0, 1), of=visit_of("a", mine)),
        other((0, 1), of=visit_of("b", theirs)),
        (HERE, THERE),
    )
    assert found is not None
    hidden = {each.id: each.session.evidence for each in found.hidden}
    assert all(each < Evidence.PASS for each in hidden.values())
    if min(mine, theirs) < Evidence.PASS:
        assert ("a" in hidden) == (mine <= theirs)
        assert ("b" in hidden) == (theirs <= mine)
    else:
        assert hidden == {}


def app_only(hers: Visit) -> Visit:
    """Return the visit as one of which nothing is known but what an app says."""
    return replace(hers, session=replace(hers.session, scanners=()))


def test_what_an_app_alone_says_silences_nobody_whom_an_edge_noticed() -> None:
    made_up = trace((0, 1), of=app_only(visit_of("a", Evidence.HINT)))
    noticed = other((0, 1), of=visit_of("b", Evidence.HINT))
    found = conflict(made_up, noticed, (HERE, THERE))
    assert found is not None
    assert [each.id for each in found.hidden] == ["a"]


def test_of_two_that_only_apps_say_neither_is_shown() -> None:
    a, b = (trace((0, 1), of=app_only(visit_of(name, Evidence.HINT))) for name in "ab")
    found = conflict(a, b, (HERE, THERE))
    assert found is not None
    assert [each.id for each in found.hidden] == ["a", "b"]


@pytest.mark.parametrize("unshown", ["a", "b"])
def test_what_would_not_be_shown_contradicts_nobody(unshown: str) -> None:
    a, b = (trace((0, 1), of=visit_of(name, shown=name != unshown)) for name in "ab")
    assert conflict(a, b, (HERE, THERE)) is None


def test_a_way_takes_as_long_as_by_car() -> None:
    amsterdam, utrecht = replace(HERE, position=AMSTERDAM), replace(THERE, position=UTRECHT)
    assert distance_km(AMSTERDAM, UTRECHT) == pytest.approx(35.2, abs=0.2)
    assert least_apart_ms(amsterdam, utrecht) == pytest.approx(21.1 * MINUTE, rel=0.01)
    assert least_apart_ms(amsterdam, THERE) == AT_ONCE_MS
    assert least_apart_ms(THERE, amsterdam) == AT_ONCE_MS
    assert least_apart_ms(amsterdam, replace(THERE, position=AMSTERDAM)) == AT_ONCE_MS
    assert least_apart_ms(amsterdam, replace(THERE, position=SYDNEY)) == LONGEST_MS


places = st.builds(Position, latitude=st.floats(-90, 90), longitude=st.floats(-180, 180))


@given(one=places, two=places)
def test_a_distance_is_the_same_both_ways_and_on_the_earth(one: Position, two: Position) -> None:
    there, back = distance_km(one, two), distance_km(two, one)
    assert there == pytest.approx(back, abs=1e-6)
    assert 0 <= there <= 20_020
    assert distance_km(one, one) == 0
