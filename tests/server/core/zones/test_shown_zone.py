from __future__ import annotations

import numpy as np

from shopbell_server.core.zones.hysteresis import NOWHERE
from shopbell_server.core.zones.shown_zone import LOST, SURE, told


def shown(before: int, *probabilities: float) -> int:
    zones = told(np.array([before], dtype=np.intp), np.array([probabilities]))
    return int(zones[0])


def test_a_zone_is_told_once_it_is_likelier_than_all_others() -> None:
    assert shown(NOWHERE, SURE - 0.01, 0.3, 0.21) == NOWHERE
    assert shown(NOWHERE, SURE, 0.3, 0.2) == 0


def test_a_zone_stays_until_another_is_sure_or_it_is_lost() -> None:
    assert shown(1, SURE - 0.01, LOST, 0.26) == 1
    assert shown(1, 0.49, LOST - 0.01, 0.27) == NOWHERE
    assert shown(1, 0.7, 0.2, 0.1) == 0
    assert shown(1, 0.52, 0.48, 0.0) == 1, "on the line between two"
