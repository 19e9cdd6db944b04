from __future__ import annotations

from datetime import UTC, datetime

import pytest

from shopbell_server.core.channels.own_time import own_time, parsed
from tests.server.core.channels.saying import NOW

HOUR = 3_600_000


def iso(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat()


def test_without_a_time_of_its_own_it_is_now() -> None:
    assert own_time(None, None, None, NOW) == NOW


def test_a_clock_that_is_an_hour_ahead_is_corrected() -> None:
    assert own_time(iso(NOW + HOUR - 500), None, iso(NOW + HOUR), NOW) == NOW - 500


def test_the_line_alone_corrects_nothing() -> None:
    assert own_time(iso(NOW - 5_000), None, iso(NOW - 3_000), NOW) == NOW - 5_000


def test_the_original_time_goes_first() -> None:
    assert own_time(iso(NOW), iso(NOW - HOUR), None, NOW) == NOW - HOUR


@pytest.mark.parametrize("text", ["yesterday", "", "2026-13-01T00:00:00Z", "1" * 99, 17])
def test_what_is_no_time_is_none(text: object) -> None:
    assert own_time(text, None, None, NOW) is None


def test_the_future_and_what_was_before_time_are_none() -> None:
    assert own_time(iso(NOW + HOUR), None, None, NOW) is None
    assert own_time("1969-12-31T00:00:00Z", None, None, NOW) is None


def test_a_time_without_a_zone_is_utc() -> None:
    assert parsed("2026-11-21T12:00:00") == parsed("2026-11-21T13:00:00+01:00") == NOW


def test_nothing_is_no_time() -> None:
    assert parsed(None) is None
