from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace as with_changes

from shopbell_edge.core.checkup import Vitals, findings
from shopbell_wire.messages import MAX_FINDINGS, Clock, Finding

NOON_MS = 1_795_262_400_000
CLOCK = Clock(boot="b" * 32, boottime_ms=1, wall_ms=NOON_MS, state="synced", err_ms=12)


def vitals(**changes: Any) -> Vitals:
    plain: dict[str, Any] = {
        "clock": CLOCK,
        "connection": 3,
        "online": True,
        "waiting": 0,
        "oldest_ms": None,
        "used_bytes": 10,
        "room_bytes": 1_000,
        "hearing": {"hci0": ("hearing", "listening")},
        "in_force": None,
        "on_trial": False,
    }
    return Vitals(**(plain | changes))


def finding(check: str, **changes: Any) -> Finding:
    (found,) = [each for each in findings(vitals(**changes)) if each.check == check]
    return found


def test_an_edge_that_is_well_has_nothing_to_mend() -> None:
    found = findings(vitals())
    assert [(each.check, each.verdict, each.remedy) for each in found] == [
        ("uplink", "PASS", ""),
        ("clock", "PASS", ""),
        ("spool", "PASS", ""),
        ("settings", "PASS", ""),
        ("scanner hci0", "PASS", ""),
    ]


@pytest.mark.parametrize(
    ("check", "changes", "verdict", "said"),
    [
        ("uplink", {"online": False}, "FAIL", "no connection"),
        ("clock", {"clock": with_changes(CLOCK, state="holdover")}, "WARN", "12 ms off"),
        ("clock", {"clock": with_changes(CLOCK, state="unsynced")}, "FAIL", "nobody has set it"),
        ("spool", {"used_bytes": 800}, "WARN", "80% of its room"),
        ("spool", {"used_bytes": 950}, "FAIL", "95% of its room"),
        (
            "spool",
            {"waiting": 7, "oldest_ms": NOON_MS - 3_600_000},
            "WARN",
            "7 wait, the oldest for 3600 s",
        ),
        ("scanner cam0", {"hearing": {"cam0": ("suspect", "dark")}}, "WARN", "suspect: dark"),
        ("scanner cam0", {"hearing": {"cam0": ("blind", "no_camera")}}, "FAIL", "blind: no_camera"),
    ],
)
def test_what_is_not_well_is_said_with_its_remedy(
    check: str, changes: dict[str, Any], verdict: str, said: str
) -> None:
    found = finding(check, **changes)
    assert found.verdict == verdict
    assert said in found.found
    assert found.remedy


def test_a_radio_that_sleeps_while_the_store_is_closed_is_well() -> None:
    found = finding("scanner hci0", hearing={"hci0": ("blind", "closed")})
    assert (found.verdict, found.found) == ("PASS", "asleep: the store is closed")


def test_what_was_appended_by_a_wrong_clock_is_not_of_the_future() -> None:
    assert "for 0 s" in finding("spool", waiting=1, oldest_ms=NOON_MS + 5_000).found


def test_it_is_said_which_settings_are_in_force() -> None:
    assert "the file alone" in finding("settings").found
    assert finding("settings", in_force=7).found == "the server's number 7 is in force"
    assert finding("settings", in_force=7, on_trial=True).found.endswith("7 is in force, on trial")


def test_a_machine_with_too_many_scanners_still_gets_its_answer_through() -> None:
    many = {f"scanner-{number}": ("hearing", "listening") for number in range(99)}
    assert len(findings(vitals(hearing=many))) == MAX_FINDINGS
