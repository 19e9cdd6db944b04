from __future__ import annotations

import numpy as np

from shopbell_server.core.zones.hysteresis import NOWHERE
from shopbell_server.core.zones.shown_zone import LOST, SURE, told


def shown(before: int, *probabilities: float, near: tuple[float, ...] | None = None) -> int:
    zones = told(
        np.array([before], dtype=np.intp),
        np.array([probabilities]),
        np.array([near or probabilities]),
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
