from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopbell_sim.core.day.judging import (
    FoundVisit,
    TrueVisit,
    judge,
    right_zone_share,
    true_visits,
)
from shopbell_sim.core.day.seeing import SeenVisit, SeenZone
from shopbell_sim.core.outing.outings import truth_of
from tests.sim.core.a_site import SITE
from tests.sim.core.outing.test_shopping import day


def true(who: str, from_s: float, until_s: float) -> TrueVisit:
    return TrueVisit(who, from_s, until_s, until_s - from_s, throughout=True)


NOOR = true("noor", 100, 1000)


def test_a_visit_is_found_with_its_errors() -> None:
    judged = judge([NOOR], [FoundVisit("noor", 90, 1020)], [NOOR], 120)

    (pair,) = judged.pairs
    assert (pair.start_error_s, pair.end_error_s) == (-10, 20)
    assert (judged.found_share, judged.within_share(), judged.missed, judged.false) == (
        1,
        1,
        (),
        (),
    )


def test_what_is_not_found_is_missed() -> None:
    judged = judge([NOOR], [], [NOOR], 120)

    assert judged.missed == (NOOR,)
    assert (judged.found_share, judged.within_share()) == (0, 1)


@pytest.mark.parametrize(
    "found",
    [FoundVisit("sam", 100, 1000), FoundVisit("noor", 1100, 1300)],
    ids=["somebody else", "another time"],
)
def test_what_did_not_happen_is_false(found: FoundVisit) -> None:
    assert judge([NOOR], [found], [NOOR], 120).false == (found,)


def test_of_two_halves_one_is_false() -> None:
    halves = [FoundVisit("noor", 100, 300), FoundVisit("noor", 500, 1000)]

    judged = judge([NOOR], halves, [NOOR], 120)

    assert [pair.found for pair in judged.pairs] == halves[1:]
    assert judged.false == (halves[0],)


def test_a_short_stay_is_no_visit_and_one_that_is_nearly_long_enough_may_be() -> None:
    short, nearly = true("noor", 0, 60), true("sam", 0, 100)
    found = [FoundVisit("noor", 0, 125), FoundVisit("sam", 0, 125)]

    judged = judge([short, nearly], found, [], 120)

    assert judged.false == (found[0],)
    assert not judged.pairs
    assert not judged.missed
    assert judged.found_share == 1


def test_one_found_visit_is_one_true_visit() -> None:
    again = true("noor", 3000, 4000)

    judged = judge([NOOR, again], [FoundVisit("noor", 100, 4000)], [NOOR, again], 120)

    assert len(judged.pairs) == len(judged.missed) == 1


@given(st.lists(st.tuples(st.floats(0, 1e4), st.floats(1, 1e3)), max_size=6))
def test_every_found_visit_is_right_or_false(spans: list[tuple[float, float]]) -> None:
    found = list({FoundVisit("noor", at, at + length) for at, length in spans})

    judged = judge([NOOR], found, [NOOR], 120)

    assert len(judged.pairs) + len(judged.false) == len(found)
    assert len(judged.pairs) + len(judged.missed) == 1


def test_short_absences_are_of_the_same_visit() -> None:
    outings = day()

    apart = true_visits(outings, SITE, 0)
    together = true_visits(outings, SITE, 1800)

    assert len(together) < len(apart)
    assert {each.who for each in together} == {each.who for each in apart}
    assert not any(each.who.startswith("staff") for each in together)
    assert all(each.lasts(0) == (each.until_s - each.from_s >= 30) for each in together)


def test_a_zone_is_right_for_as_long_as_it_is_the_true_one() -> None:
    outing = next(each for each in day() if each.kind == "customer")
    truth = truth_of(outing, SITE)
    begin_s, until_s = truth.stays[0].from_s, truth.stays[-1].until_s
    exact = tuple(SeenZone(each.from_s, each.zone) for each in truth.zones)
    elsewhere = (SeenZone(begin_s, "elsewhere"),)

    def share(zones: tuple[SeenZone, ...], who: str = outing.who) -> float:
        return right_zone_share([(outing, truth)], [SeenVisit(who, begin_s, until_s, zones)])

    assert share(exact) == 1
    assert share(elsewhere) == 0
    assert share((SeenZone(begin_s + 1e6, "late"),)) < share(exact)
    assert share(elsewhere, "nobody that was there") == 1
