from __future__ import annotations

import numpy as np

from shopbell_server.core.zones.site import site_of
from shopbell_server.core.zones.storeys import CHANGE_DB, UNKNOWN, best_heard, storeys_of
from tests.server.core.zones.shop_plan import TWO

SITE = site_of(TWO)


def level_at(*ticks: tuple[float, float], before: int = UNKNOWN) -> list[int]:
    """Return the level at each tick, by the best strength on each of both."""
    held = np.full((len(ticks), 1, 8), np.nan)
    for tick, (ground, first) in enumerate(ticks):
        held[tick, 0, 1], held[tick, 0, 6] = ground, first
    found: list[int] = storeys_of(SITE, held, np.array([before], dtype=np.intp))[:, 0].tolist()
    return found


def test_she_is_where_she_is_heard_best() -> None:
    assert level_at((-60, -80)) == [0]
    assert level_at((-80, np.nan)) == [0]
    assert level_at((np.nan, -90)) == [1]


def test_another_level_must_hear_her_clearly_better() -> None:
    steps = [(-60, -80), (-60, -60 + CHANGE_DB), (-60, -59.9 + CHANGE_DB), (-60, -60)]
    assert level_at(*steps) == [0, 0, 1, 1]


def test_who_is_not_heard_stays() -> None:
    silence = (np.nan, np.nan)
    assert level_at(silence) == [UNKNOWN]
    assert level_at(silence, before=1) == [1]
    assert level_at((-90, np.nan), before=1) == [0], "her level hears nothing of her any more"


def test_a_group_without_a_scanner_is_never_chosen() -> None:
    held = np.array([[[-60.0, -70.0]], [[np.nan, np.nan]]])
    unknown = np.array([UNKNOWN], dtype=np.intp)
    assert best_heard([(), (1,), (0,)], held, unknown).tolist() == [[2], [2]]
