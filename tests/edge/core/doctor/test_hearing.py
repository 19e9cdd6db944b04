from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pytest

from shopbell_edge.core.doctor.hearing import FAULTS, OTHERWISE, REMEDIES, Heard, hearing, heartbeat
from shopbell_edge.core.reception import Fault, Reception
from shopbell_edge.core.recovery import Reason

WELL = Reception(sightings=30, share=0.5, expected=0.47, fault=None)
HEARD = Heard(
    scanner="hci0",
    listened_s=60.0,
    measured_s=48.0,
    adverts=1234,
    ours=56,
    state="hearing",
    reason="scanning_management",
    way="management",
    reception=WELL,
)


def test_a_radio_that_hears_says_how_much_and_which_way() -> None:
    found = hearing(HEARD)
    assert found.verdict == "PASS"
    assert found.found == (
        "20.6 advertisements/s, 56 of this retailer, through the management socket"
    )


@pytest.mark.parametrize(
    ("reason", "way", "says"),
    [
        ("scanning", "bleak", "through bleak"),
        ("management_denied", "bleak", "through bleak (management_denied)"),
        ("listening", None, "56 of this retailer"),
    ],
)
def test_the_other_ways(reason: str, way: str | None, says: str) -> None:
    assert hearing(replace(HEARD, reason=reason, way=way)).found.endswith(says)


def test_silence_is_a_warning_for_the_street_may_be_empty() -> None:
    found = hearing(replace(HEARD, adverts=0))
    assert (found.verdict, found.found) == (
        "WARN",
        "nothing in 60 s, through the management socket",
    )


def test_a_radio_that_does_not_hear_says_why() -> None:
    found = hearing(replace(HEARD, state="blind", reason="no_bluetoothd"))
    assert (found.verdict, found.found) == ("FAIL", "does not hear: no_bluetoothd")
    assert found.remedy == REMEDIES["no_bluetoothd"]
    assert hearing(replace(HEARD, state=None, reason="")).remedy == OTHERWISE


def test_every_reason_of_blindness_has_a_remedy() -> None:
    reasons = {reason for each in get_args(Reason) for reason in get_args(each)}
    says_so_while_it_hears = {"management_deaf", "management_misses"}
    assert reasons - REMEDIES.keys() - says_so_while_it_hears == set()


def test_every_fault_of_reception_has_a_remedy() -> None:
    assert FAULTS.keys() == set(get_args(Fault))


@pytest.mark.parametrize("fault", get_args(Fault))
def test_a_fault_of_reception_fails_by_name(fault: Fault) -> None:
    found = heartbeat(replace(HEARD, reception=replace(WELL, fault=fault)), 1000)
    assert found.verdict == "FAIL"
    assert found.found.startswith(f"{fault}: ")
    assert found.remedy


def test_a_beacon_that_is_heard_as_often_as_it_should_passes() -> None:
    found = heartbeat(HEARD, 1000)
    assert (found.verdict, found.found) == ("PASS", "50% of the beacon heard, 47% expected")


def test_too_short_a_while_says_how_long_it_takes() -> None:
    found = heartbeat(replace(HEARD, measured_s=42.0), 1000, flags_unproven=True)
    assert found.verdict == "WARN"
    assert found.remedy == "`shopbell-edge doctor --listen 73`"


def test_without_a_beacon_nothing_is_known() -> None:
    assert heartbeat(replace(HEARD, reception=None), 0).verdict == "WARN"


def test_altbeacons_need_a_beacon_that_sends_as_they_do() -> None:
    found = heartbeat(HEARD, 1000, flags_unproven=True)
    assert found.verdict == "WARN"
    assert "50% of the beacon heard, 47% expected; AltBeacons send no Flags" in found.found
    assert "minor_without_flags" in found.remedy
