from __future__ import annotations

import msgspec
import pytest

from shopbell_edge.core.presence import Stay
from shopbell_edge.core.rules import Rules
from shopbell_edge.core.telling import (
    OFFLINE,
    ONLINE,
    PARTING,
    STEP_MS,
    Pace,
    Told,
    seconds,
    tell,
)
from shopbell_edge.core.units import Boottime, ScannerName, TokenHex
from shopbell_edge.core.window import Window
from shopbell_wire.messages import Clock, Presence

RULES = Rules()
WALL_MS = 1_795_262_800_000


def clock(boottime_ms: int, offset_ms: int = WALL_MS) -> Clock:
    return Clock(
        boot="0" * 32,
        boottime_ms=boottime_ms,
        wall_ms=max(0, boottime_ms + offset_ms),
        state="synced",
        err_ms=5,
    )


def told() -> Told:
    heard = Window()
    heard.add(Boottime(1_000), 15)
    stay = Stay(first=Boottime(1_000), heard=heard, deaf_ms=0)
    return Told(
        stay=stay,
        frame="ibeacon",
        token=TokenHex("ad550f72"),
        at=Boottime(1_000),
        median_db=15.0,
        n=1,
    )


def hear(one: Told, at_ms: int, loss_db: int, mac: str = "") -> None:
    one.stay.hear(Boottime(at_ms), 0, loss_db, mac, RULES)


def say(one: Told, at: Clock) -> Presence:
    return tell(one, "present", "because", ScannerName("hci0"), at, RULES)


def due(one: Told, at_ms: int, pace: Pace = ONLINE) -> str | None:
    return one.news(Boottime(at_ms), pace, RULES)


def test_an_event_says_all_that_is_known_in_wall_time() -> None:
    one = told()
    hear(one, 3_000, 17, mac="424fcc11")
    assert msgspec.to_builtins(say(one, clock(4_000))) == {
        "type": "presence",
        "scanner": "hci0",
        "frame": "ibeacon",
        "token": "ad550f72",
        "phase": "present",
        "first_ms": WALL_MS + 1_000,
        "last_ms": WALL_MS + 3_000,
        "n": 2,
        "loss_db": {"median": 16.0, "p10": 15.2, "last": 17.0},
        "mac": "424fcc11",
        "mac_ms": WALL_MS + 3_000,
        "reason": "because",
    }


def test_a_stay_without_a_mac_does_not_mention_it() -> None:
    assert "mac" not in msgspec.to_builtins(say(told(), clock(4_000)))


@pytest.mark.parametrize("drift_ms", [-STEP_MS, 1, STEP_MS])
def test_its_times_stay_the_same_while_the_clock_only_trembles(drift_ms: int) -> None:
    one = told()
    first = say(one, clock(4_000))
    assert say(one, clock(5_000, WALL_MS + drift_ms)).first_ms == first.first_ms


def test_its_times_follow_a_clock_that_was_set() -> None:
    one = told()
    assert say(one, clock(4_000, 0)).first_ms == 1_000
    assert say(one, clock(5_000)).first_ms == WALL_MS + 1_000


def test_a_time_before_1970_is_told_as_its_beginning() -> None:
    assert say(told(), clock(4_000, -3_500)).first_ms == 0


def test_without_a_new_sighting_there_is_nothing_to_tell() -> None:
    assert due(told(), 1_000_000) is None


def test_while_the_median_moves_a_report_is_due_after_five_seconds() -> None:
    one = told()
    hear(one, 20_000, 22)
    assert due(one, 5_999) is None
    assert due(one, 6_000) == "moved more than 6 dB"


def test_while_it_does_not_after_thirty() -> None:
    one = told()
    hear(one, 20_000, 21)
    assert due(one, 30_999) is None
    assert due(one, 31_000) == "30 s"


def test_moving_is_against_what_was_told_last() -> None:
    one = told()
    hear(one, 20_000, 25)
    say(one, clock(20_000))
    hear(one, 21_000, 25)
    assert due(one, 26_000) is None


@pytest.mark.parametrize(
    ("pace", "after_ms"),
    [(OFFLINE, 60_000), (Pace(moving_ms=120_000, steady_ms=120_000), 120_000)],
)
def test_other_times_have_another_pace(pace: Pace, after_ms: int) -> None:
    one = told()
    hear(one, 20_000, 29)
    assert due(one, 1_000 + after_ms - 1, pace) is None
    assert due(one, 1_000 + after_ms, pace) == seconds(after_ms)


def test_at_parting_everything_is_told() -> None:
    one = told()
    hear(one, 1_000, 15)
    assert due(one, 1_000, PARTING) == "0 s"


def test_spans_are_written_in_seconds() -> None:
    assert (seconds(30_000), seconds(500)) == ("30 s", "0.5 s")
