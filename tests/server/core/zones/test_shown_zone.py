from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from shopbell_server.core.zones.hysteresis import NOWHERE
from shopbell_server.core.zones.shown_zone import LOST, NEAREST, SURE, advice, told

THREE = 3


def shown(
    before: int,
    *probabilities: float,
    near: tuple[float, ...] | None = None,
    nearest: int = NOWHERE,
) -> int:
    zones = told(
        np.array([before], dtype=np.intp),
        np.array([probabilities]),
        np.array([near or probabilities]),
        np.array([nearest], dtype=np.intp),
        NEAREST,
    )
    return int(zones[0])


def test_a_zone_is_told_once_she_is_likely_in_it_or_near_it() -> None:
    assert shown(NOWHERE, SURE - 0.01, 0.3, 0.11) == NOWHERE
    assert shown(NOWHERE, SURE, 0.3, 0.1) == 0
    assert shown(NOWHERE, 0.4, 0.35, 0.25, near=(SURE, 0.9, 0.3)) == 0, "the likeliest of all"
    assert shown(NOWHERE, 0.4, 0.35, 0.25, near=(SURE - 0.01, 0.9, 0.3)) == NOWHERE


def test_a_zone_stays_until_another_is_sure_or_it_is_lost() -> None:
    assert shown(1, SURE - 0.01, LOST, 0.06) == 1
    assert shown(1, SURE - 0.01, LOST - 0.01, 0.07) == NOWHERE
    assert shown(1, 0.7, 0.2, 0.1) == 0
    assert shown(1, 0.52, 0.48, 0.0, near=(0.8, 0.8, 0.3)) == 1, "on the line between two"


def test_the_nearest_scanners_zone_is_told_where_the_engine_is_not_sure() -> None:
    assert shown(NOWHERE, 0.4, 0.35, 0.25) == NOWHERE
    assert shown(NOWHERE, 0.4, 0.35, 0.25, near=(0.4, 0.5, 0.25), nearest=1) == 1
    assert shown(NOWHERE, 0.95, 0.05, 0.0, nearest=1) == 0, "where it is sure it counts more"
    assert shown(1, 0.8, 0.1, 0.1, nearest=NOWHERE) == 0


def test_the_nearest_scanner_knows_nothing_of_zones_without_one() -> None:
    assert advice([1, 2, 1, 1]) == NEAREST
    assert advice([3, 0, 0, 0]) == NEAREST / 4


@given(
    believed=st.lists(st.floats(0.01, 1.0), min_size=THREE, max_size=THREE),
    nearest=st.integers(0, THREE - 1),
    before=st.integers(NOWHERE, THREE - 1),
)
def test_another_zone_than_the_nearest_scanners_is_told_only_if_the_engine_is_surer(
    believed: list[float], nearest: int, before: int
) -> None:
    whole = [each / sum(believed) for each in believed]
    zone = shown(before, *whole, nearest=nearest)
    if zone not in {before, nearest, NOWHERE}:
        assert (whole[zone] - whole[nearest]) * (1 - NEAREST) >= NEAREST - 1e-9
