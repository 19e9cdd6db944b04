from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from shopbell_program.settings import SettingsError, read
from shopbell_server.config.limits import Limits, Rate, allowances, faults_of_limits
from shopbell_server.core.access.request_limits import STANDARD, Limit

EXAMPLE = Path(__file__).parents[3] / "deploy" / "server" / "server.toml"


def test_without_a_table_everybody_is_granted_the_standard() -> None:
    assert allowances(Limits()) == STANDARD
    assert list(faults_of_limits(Limits())) == []


def test_the_example_tells_the_standard() -> None:
    assert read(tomllib.loads(EXAMPLE.read_text())["limits"], Limits) == Limits()


def test_one_is_set_and_the_others_stay() -> None:
    given: dict[str, Any] = {"staff": {"at_once": 200, "per_minute": 900}}
    granted = allowances(read(given, Limits))
    assert (granted[Limit.STAFF].burst, granted[Limit.STAFF].per_minute) == (200, 900)
    assert granted[Limit.DEVICE] == STANDARD[Limit.DEVICE]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"stuff": {"at_once": 1, "per_minute": 1}}, "staff"),
        ({"staff": {"at_once": 1}}, "per_minute"),
        ({"staff": {"at_once": 0, "per_minute": 1}}, "at_once"),
        ({"staff": {"at_once": 1.5, "per_minute": 1}}, "at_once"),
        ({"staff": 600}, "limits.staff|staff"),
    ],
)
def test_what_is_no_rate_is_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        read(given, Limits)


def test_what_is_out_of_bounds_says_between_what() -> None:
    (fault,) = faults_of_limits(Limits(password=Rate(at_once=5, per_minute=600)))
    assert fault.key == "limits.password"
    assert "per_minute 1 to 20" in fault.problem
