from __future__ import annotations

import pytest

from shopbell_edge.core.roster import MOST_TOKENS
from shopbell_edge.core.rules import Rules


def test_the_defaults_are_those_of_the_protocol() -> None:
    rules = Rules()
    assert (rules.enter_sightings, rules.enter_within_ms, rules.enter_loss_db) == (3, 10_000, 20)
    assert (rules.inactive_ms, rules.leave_ms, rules.leave_loss_db) == (60_000, 180_000, 30)
    assert (rules.window_ms, rules.window_most_ms) == (10_000, 15_000)
    assert MOST_TOKENS == 10_000


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"enter_loss_db": 31.0}, "enter_loss_db is 31, above leave_loss_db, 30"),
        ({"scanner_offset_db": -41.0}, "scanner_offset_db is -41; write -40 to 40"),
        ({"default_power_dbm": 4}, "default_power_dbm is 4; write -90 to -30"),
        ({"enter_sightings": 0}, "enter_sightings is 0; write 1 or more"),
        ({"window_ms": 20_000}, "window_most_ms is 15000, below window_ms, 20000"),
        ({"leave_ms": 30_000}, "leave_ms is 30000, below inactive_ms, 60000"),
    ],
)
def test_a_contradiction_is_named_with_its_numbers(change: dict[str, int], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Rules(**change)


def test_all_contradictions_are_named_at_once() -> None:
    with pytest.raises(ValueError, match=r"enter_loss_db .*; leave_ms "):
        Rules(enter_loss_db=50, leave_ms=1)
