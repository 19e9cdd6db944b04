from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from shopbell_server.core.zones.lookback import looked_back
from shopbell_server.core.zones.position_filter import arrived, by_cell, stepped
from tests.server.core.zones.small_floor import ALL_HEAR, CORNERS, engine, heard_at

ENGINE = engine()


def _walk(ticks: int) -> np.ndarray:
    """From left to right along the middle, loud on the way."""
    noise = np.random.default_rng(1).normal(0, 4, (ticks, len(CORNERS)))
    heard: np.ndarray = noise + np.array(
        [heard_at(0.5 + 7 * tick / (ticks - 1), 3) for tick in range(ticks)]
    )
    return heard


def _hearing(ticks: int) -> np.ndarray:
    return np.ones((ticks, len(CORNERS)), dtype=np.bool_)


@given(
    rssi_dbm=st.lists(
        st.lists(st.one_of(st.just(np.nan), st.floats(-110, 130)), min_size=5, max_size=5),
        max_size=7,
    )
)
def test_every_tick_has_probabilities(rssi_dbm: list[list[float]]) -> None:
    seen = looked_back(ENGINE, np.array(rssi_dbm).reshape(-1, 5), _hearing(len(rssi_dbm)))
    assert seen.zones.shape == seen.middle_m.shape == (len(rssi_dbm), 2)
    assert np.allclose(seen.zones.sum(axis=1), 1.0)


def test_it_knows_more_than_was_known_live() -> None:
    ticks = 30
    rssi_dbm = _walk(ticks)
    seen = looked_back(ENGINE, rssi_dbm, _hearing(ticks))
    beliefs, live = arrived(ENGINE, 1), []
    for heard in rssi_dbm:
        beliefs = stepped(ENGINE, beliefs, heard[None], ALL_HEAR)
        live.append(by_cell(beliefs)[0])
    x = 0.5 + 7 * np.arange(ticks) / (ticks - 1)
    after = np.abs(seen.middle_m[:, 0] - x).mean()
    before = np.abs((np.array(live) @ ENGINE.grid.centres_m)[:, 0] - x).mean()
    assert after < before


def test_a_gap_is_bridged() -> None:
    rssi_dbm = _walk(30)
    rssi_dbm[10:20] = np.nan
    zones = looked_back(ENGINE, rssi_dbm, _hearing(30)).zones
    assert zones[10, 0] > 0.5
    assert zones[19, 1] > 0.5
