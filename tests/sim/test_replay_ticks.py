from __future__ import annotations

import numpy as np

from shopbell_sim.adapters.recorded_events import Recording
from shopbell_sim.replay_ticks import ticks_of


def _recording(*readings: tuple[float, str, int, float]) -> Recording:
    at, receivers, beacons, rssi = zip(*readings, strict=True)
    return Recording(
        name="r",
        beacons=tuple(f"b{index}" for index in range(max(beacons) + 1)),
        at_s=np.array(at),
        receiver=tuple(receivers),
        beacon=np.array(beacons, dtype=np.intp),
        rssi_dbm=np.array(rssi),
    )


def test_a_reading_is_in_the_tick_that_ends_with_it_or_next() -> None:
    ticks = ticks_of(
        _recording((7.0, "a", 0, -60.0), (7.5, "a", 0, -62.0), (7.6, "b", 0, -70.0)), "ab", 0.5
    )
    assert ticks.ends_s.tolist() == [7.0, 7.5, 8.0]
    assert ticks.rssi_dbm[0, 0, 0] == -60
    assert ticks.rssi_dbm[1, 0, 0] == -62
    assert ticks.rssi_dbm[2, 0, 1] == -70
    assert np.isnan(ticks.rssi_dbm).sum() == 3


def test_readings_of_one_tick_are_averaged_and_what_is_no_strength_is_left_out() -> None:
    ticks = ticks_of(
        _recording(
            (0, "a", 0, -50.0), (0.1, "a", 0, -60.0), (0.2, "a", 0, -70.0), (0.3, "a", 0, 0.0)
        ),
        "a",
        0.5,
    )
    assert ticks.rssi_dbm[:, 0, 0].tolist() == [-50, -65]


def test_receivers_that_were_not_asked_for_are_left_out() -> None:
    ticks = ticks_of(_recording((0, "a", 0, -50.0), (1, "b", 0, -60.0)), "b", 0.5)
    assert ticks.rssi_dbm.shape == (3, 1, 1)
    assert np.isnan(ticks.rssi_dbm[0])


def test_thinned_each_beacon_keeps_one_advert_a_second_with_all_its_receivers() -> None:
    adverts = [(index * 0.455, beacon) for index in range(9) for beacon in (0, 1)]
    recording = _recording(*((at, rx, beacon, -60.0) for at, beacon in adverts for rx in "ab"))
    ticks = ticks_of(recording, "ab", 0.455, thin_s=1.0)
    heard = np.isfinite(ticks.rssi_dbm)
    assert heard[:, 0].all(axis=1).tolist() == [index % 2 == 0 for index in range(9)]
    assert np.array_equal(heard[:, 0], heard[:, 1])


def test_a_receiver_is_relied_on_from_its_first_reading_until_a_minute_after_its_last() -> None:
    readings = [(0.0, "a", 0, -60.0), (10.0, "b", 0, -60.0), (100.0, "b", 0, -60.0)]
    listening = ticks_of(_recording(*readings), "ab", 1.0).listening
    assert np.flatnonzero(listening[:, 0])[[0, -1]].tolist() == [0, 60]
    assert np.flatnonzero(listening[:, 1]).tolist() == [*range(10, 71), 100]
