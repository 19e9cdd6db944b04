"""Opening hours: how they are written, and what is within."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from shopbell_edge.core.hours import Hours, Span, spans
from shopbell_wire.messages import MAX_MS
from tests.fakes.clock import FakeClock

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
WEEKDAYS = [spans("09:00-12:30, 14:00-18:00")] * 5
SHOP = Hours(zone=AMSTERDAM, week=[*WEEKDAYS, spans("20:00-02:00"), ()])
"""Closed on Sundays, but for the end of Saturday night."""


def at(local: str) -> int:
    moment = datetime.fromisoformat(local)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=AMSTERDAM)
    return round(moment.timestamp() * 1000)


@pytest.mark.parametrize(
    ("local", "is_open"),
    [
        ("2026-11-23T08:59:59", False),  # a Monday
        ("2026-11-23T09:00", True),
        ("2026-11-23T12:29:59.999", True),
        ("2026-11-23T12:30", False),
        ("2026-11-23T14:00", True),
        ("2026-11-23T18:00", False),
        ("2026-11-28T09:30", False),  # Saturday
        ("2026-11-28T20:00", True),
        ("2026-11-29T01:59", True),  # Sunday, of Saturday's span
        ("2026-11-29T02:00", False),
        ("2026-11-29T20:30", False),
        ("2026-11-30T01:00", False),
    ],
)
def test_a_week(local: str, *, is_open: bool) -> None:
    assert SHOP.open_at(at(local)) is is_open


@pytest.mark.parametrize("day", ["2026-03-28", "2026-03-30", "2026-10-24", "2026-10-26"])
def test_the_wall_clock_decides_on_either_side_of_summer_time(day: str) -> None:
    shop = Hours(zone=AMSTERDAM, week=[spans("09:00-18:00")] * 7)
    assert [shop.open_at(at(f"{day}T{time}")) for time in ("08:59", "09:00", "17:59", "18:00")] == [
        False,
        True,
        True,
        False,
    ]


def test_one_span_may_begin_where_another_ends() -> None:
    assert spans("09:00-12:30, 12:30-18:00") == (
        Span(opens_min=540, closes_min=750),
        Span(opens_min=750, closes_min=1080),
    )


def test_the_hour_that_comes_twice_is_open_twice() -> None:
    night = Hours(zone=AMSTERDAM, week=[spans("22:00-02:30")] * 7)
    open_at = [night.open_at(at(f"2026-10-25T02:15+0{offset}:00")) for offset in (2, 1)]
    closed_at = [night.open_at(at(f"2026-10-25T02:45+0{offset}:00")) for offset in (2, 1)]
    assert (open_at, closed_at) == ([True, True], [False, False])


@given(
    st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1)),  # noqa: DTZ001  hypothesis wants them so
    st.sampled_from(["Europe/Amsterdam", "America/New_York", "Asia/Kolkata", "Pacific/Apia"]),
)
def test_a_store_that_never_closes_is_never_closed_and_the_halves_of_a_day_are_the_day(
    utc: datetime, zone: str
) -> None:
    moment = round(utc.replace(tzinfo=UTC).timestamp() * 1000)
    always = Hours(zone=ZoneInfo(zone), week=[spans("00:00-24:00")] * 7)
    morning = Hours(zone=ZoneInfo(zone), week=[spans("00:00-12:00")] * 7)
    evening = Hours(zone=ZoneInfo(zone), week=[spans("12:00-24:00")] * 7)
    assert always.open_at(moment)
    assert morning.open_at(moment) != evening.open_at(moment)
    assert not Hours(zone=ZoneInfo(zone), week=[()] * 7).open_at(moment)


@given(st.integers(0, 1439), st.integers(1, 1439), st.integers(0, 2879))
def test_a_span_is_as_long_as_it_says_also_over_midnight(
    opens: int, length: int, after: int
) -> None:
    closes = (opens + length) % 1440
    text = f"{opens // 60:02}:{opens % 60:02}-{closes // 60:02}:{closes % 60:02}"
    monday_only = Hours(zone=UTC, week=[spans(text), *[()] * 6])
    moment = datetime(2026, 11, 23, tzinfo=UTC) + timedelta(minutes=after)
    assert monday_only.open_at(round(moment.timestamp() * 1000)) == (
        opens <= after < opens + length
    )


def test_as_long_as_nobody_knows_the_time_it_is_open() -> None:
    closed = Hours(zone=AMSTERDAM, week=[()] * 7)
    clock = FakeClock().now()
    assert not closed.open_by(clock)
    assert not closed.open_by(replace(clock, state="holdover"))
    assert closed.open_by(replace(clock, state="unsynced"))


def test_a_day_is_written_in_spans() -> None:
    assert spans(" 09:00 - 12:30,14:00-24:00") == (
        Span(opens_min=540, closes_min=750),
        Span(opens_min=840, closes_min=1440),
    )


def test_a_day_may_be_closed() -> None:
    assert spans("closed") == ()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is no span"),
        ("9-18", "is no span"),
        ("09:00-18:00;", "is no span"),
        ("09:60-18:00", "is no time of day"),
        ("09:00-18:61", "is no time of day"),
        ("24:00-18:00", "is no time of day"),
        ("09:00-24:01", "is no time of day"),
        ("09:00-09:00", "is no time at all"),
        ("09:00-12:00, 11:59-18:00", "overlap"),
        ("14:00-18:00, 09:00-14:01", "overlap"),
    ],
)
def test_what_cannot_be_is_refused_in_words(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        spans(text)


@given(
    st.integers(0, MAX_MS) | st.integers(MAX_MS - 10**8, MAX_MS) | st.integers(0, 10**8),
    st.sampled_from(["Pacific/Kiritimati", "Pacific/Niue", "Europe/Amsterdam"]),
)
def test_whatever_the_clock_says_a_store_is_open_or_not(wall_ms: int, zone: str) -> None:
    week = [spans("00:00-24:00")] * 7
    assert Hours(zone=ZoneInfo(zone), week=week).open_at(wall_ms)
