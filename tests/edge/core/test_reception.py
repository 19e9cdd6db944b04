from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopbell_edge.core.reception import LIKELY, MOST_SIGHTINGS, WINDOW_MS, Heartbeat

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from shopbell_edge.core.reception import Fault

INTERVAL_MS = 1_000
DUTY = 0.67
SCAN_MS, REST_MS = 10_240, 5_000


def listening(
    seconds: int, seed: int, *, lost: float = 0.3, interval_ms: int = INTERVAL_MS
) -> Iterator[tuple[int, int]]:
    """Yield what a healthy scan of BlueZ hears of a beacon that hangs still: times and RSSI."""
    dice = random.Random(seed)
    for at in range(0, seconds * 1_000, interval_ms):
        if at % (SCAN_MS + REST_MS) < SCAN_MS and dice.random() > lost:
            yield at, round(dice.gauss(-60, 4))


def heard(sightings: Iterator[tuple[int, int]], *, bare: bool = False) -> Heartbeat:
    heartbeat = Heartbeat(INTERVAL_MS, DUTY, bare=bare, since=0)
    for at, rssi_dbm in sightings:
        heartbeat.hear(at, rssi_dbm)
    return heartbeat


def once_per_scan(sightings: Iterator[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    before = -1
    for at, rssi_dbm in sightings:
        scan = at // (SCAN_MS + REST_MS)
        if scan != before:
            before = scan
            # The first of a scan comes at its begin or soon after, and the next is a scan away.
            yield scan * (SCAN_MS + REST_MS), rssi_dbm


def of_8_db(sightings: Iterator[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    said = 0
    for at, rssi_dbm in sightings:
        if abs(rssi_dbm - said) >= 8:
            said = rssi_dbm
            yield at, rssi_dbm


@pytest.mark.parametrize("interval_ms", [100, 200, 1_000])
def test_a_scanner_that_rests_is_not_deaf_however_often_the_beacon_sends(interval_ms: int) -> None:
    heartbeat = Heartbeat(interval_ms, DUTY, bare=False, since=0)
    before_ms = 0
    for at, rssi_dbm in listening(400, 1, interval_ms=interval_ms):
        if at > before_ms:
            assert heartbeat.judge(at - 1).fault != "heartbeat_unheard"
        heartbeat.hear(at, rssi_dbm)
        before_ms = at


@pytest.mark.parametrize("interval_ms", [100, 200, 1_000])
def test_a_stuck_duplicate_filter_is_known_however_often_the_beacon_sends(interval_ms: int) -> None:
    heartbeat = Heartbeat(interval_ms, DUTY, bare=False, since=0)
    for at, rssi_dbm in once_per_scan(listening(400, 1, interval_ms=interval_ms)):
        heartbeat.hear(at, rssi_dbm)
    for later_ms in (401_000, 410_000, 418_000):
        reception = heartbeat.judge(later_ms)
        assert reception.fault == "duplicate_filter"
        assert reception.gap_ms == pytest.approx(SCAN_MS + REST_MS, rel=0.1)
    assert heartbeat.judge(440_000).fault == "heartbeat_unheard"


@pytest.mark.parametrize("seed", range(50))
def test_a_healthy_scanner_has_no_fault(seed: int) -> None:
    heartbeat = heard(listening(400, seed))
    reception = heartbeat.judge(400_000)
    assert reception.fault is None
    assert reception.share == pytest.approx(DUTY * 0.7, abs=0.12)
    assert reception.expected == pytest.approx(0.469)


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize(
    ("fault", "filtered"), [("duplicate_filter", once_per_scan), ("dead_band", of_8_db)]
)
def test_what_a_stack_withholds_is_known_by_its_trace(
    fault: Fault,
    filtered: Callable[[Iterator[tuple[int, int]]], Iterator[tuple[int, int]]],
    seed: int,
) -> None:
    assert heard(filtered(listening(300, seed))).judge(300_000).fault == fault


@pytest.mark.parametrize("seed", range(20))
def test_a_scanner_that_listens_less_than_it_should_has_a_low_duty(seed: int) -> None:
    heartbeat = heard(listening(300, seed, lost=0.8))
    reception = heartbeat.judge(300_000)
    assert reception.fault == "low_duty"
    assert reception.share < reception.expected / 2


def test_silence_is_a_fault_once_it_cannot_be_chance() -> None:
    heartbeat = heard(iter(()))
    assert [heartbeat.judge(seconds * 1_000).fault for seconds in (0, 30, 42, 43, 300)] == [
        None,
        None,
        None,
        "heartbeat_unheard",
        "heartbeat_unheard",
    ]


@pytest.mark.parametrize("later_ms", [44_000, WINDOW_MS])
def test_a_beacon_that_was_heard_before_is_missed_as_soon(later_ms: int) -> None:
    heartbeat = heard(listening(60, 1))
    reception = heartbeat.judge(60_000 + later_ms)
    assert reception.fault == "heartbeat_unheard"
    assert later_ms <= reception.unheard_ms <= later_ms + 15_000


def test_flags_are_missed_where_the_beacon_sends_without_too() -> None:
    heartbeat = heard(listening(300, 3), bare=True)
    assert heartbeat.judge(300_000).fault == "no_flags"
    heartbeat.hear_bare(299_000)
    assert heartbeat.judge(300_000).fault is None


def test_too_little_says_nothing_about_flags() -> None:
    assert heard(listening(20, 3), bare=True).judge(20_000).fault is None


def test_another_scan_is_judged_by_itself() -> None:
    heartbeat = heard(of_8_db(listening(300, 5)), bare=True)
    heartbeat.begin(300_000)
    assert heartbeat.judge(310_000).fault is None
    assert heartbeat.judge(310_000).sightings == 0


def test_a_fast_beacon_is_judged_by_as_much_as_is_kept() -> None:
    heartbeat = Heartbeat(100, 1.0, bare=False, since=0)
    dice = random.Random(1)
    for at in range(0, 600_000, 100):
        if dice.random() > 0.3:
            heartbeat.hear(at, -60)
    reception = heartbeat.judge(600_000)
    assert reception.sightings == MOST_SIGHTINGS
    assert reception.share == pytest.approx(0.7, abs=0.05)
    assert reception.fault is None


@given(
    st.lists(st.tuples(st.integers(0, 20_000), st.integers(-128, 127)), max_size=60),
    st.integers(0, 600_000),
)
def test_whatever_is_heard_a_share_is_a_share(steps: list[tuple[int, int]], later: int) -> None:
    heartbeat = Heartbeat(INTERVAL_MS, DUTY, bare=True, since=0)
    at = 0
    for wait, rssi_dbm in steps:
        at += wait
        heartbeat.hear(at, rssi_dbm)
    reception = heartbeat.judge(at + later)
    assert 0 <= reception.share <= 1
    if reception.fault == "heartbeat_unheard":
        assert reception.unheard_ms / INTERVAL_MS * reception.expected >= LIKELY
