"""What may be tried now, over all radios of a machine."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopbell_edge.core.recovery import LADDER
from shopbell_edge.core.restraint import (
    BLUETOOTHD_EVERY_MS,
    EXIT_EVERY_MS,
    POWER_EVERY_MS,
    Restraint,
)
from shopbell_edge.core.units import Boottime

if TYPE_CHECKING:
    from shopbell_edge.core.recovery import Step

START = Boottime(5_000)
STEPS: tuple[Step, ...] = (*LADDER, "give_up")


def wanted(restraint: Restraint, step: Step, radio: str = "hci0", *, after_ms: int = 0) -> Step:
    return restraint.permitted(step, radio, Boottime(START + after_ms), stuck=True)


@pytest.mark.parametrize("step", STEPS)
def test_the_first_time_everything_may_be_tried(step: Step) -> None:
    assert wanted(Restraint(), step) == step


@pytest.mark.parametrize(
    ("step", "every_ms"),
    [
        ("power_cycle", POWER_EVERY_MS),
        ("restart_bluetoothd", BLUETOOTHD_EVERY_MS),
        ("give_up", EXIT_EVERY_MS),
    ],
)
def test_again_after_its_time_and_meanwhile_what_is_below_it(step: Step, every_ms: int) -> None:
    restraint = Restraint()
    wanted(restraint, step)
    below = STEPS[STEPS.index(step) - 1]
    assert wanted(restraint, step, after_ms=every_ms - 1) == below
    assert wanted(restraint, step, after_ms=every_ms) == step


def test_adapters_are_switched_each_by_itself_but_there_is_one_bluetoothd() -> None:
    restraint = Restraint()
    assert wanted(restraint, "power_cycle", "hci0") == "power_cycle"
    assert wanted(restraint, "power_cycle", "hci1") == "power_cycle"
    assert wanted(restraint, "restart_bluetoothd", "hci0") == "restart_bluetoothd"
    assert wanted(restraint, "restart_bluetoothd", "hci1") == "new_scanner"


@pytest.mark.parametrize("step", ["restart_bluetoothd", "give_up"])
def test_nothing_that_would_make_another_radio_deaf(step: Step) -> None:
    restraint = Restraint()
    restraint.note("hci0", hears=True)
    restraint.note("hci1", hears=True)
    assert wanted(restraint, step) == "power_cycle"
    restraint.note("hci1", hears=False)
    assert wanted(restraint, step) == step


def test_what_is_missing_is_not_treated_as_if_it_were_stuck() -> None:
    restraint = Restraint(exited=START)
    assert restraint.permitted("give_up", "hci0", START, stuck=False) == "new_scanner"
    later = Boottime(START + EXIT_EVERY_MS)
    assert restraint.permitted("give_up", "hci0", later, stuck=False) == "give_up"


@given(
    st.lists(
        st.tuples(
            st.sampled_from(STEPS),
            st.sampled_from(["hci0", "hci1", "hci2"]),
            st.booleans(),
            st.booleans(),
            st.integers(0, 400_000),
        ),
        max_size=80,
    )
)
def test_no_limit_is_ever_passed(story: list[tuple[Step, str, bool, bool, int]]) -> None:
    restraint, now = Restraint(), START
    done: dict[tuple[Step, str], list[int]] = {}
    hearing: set[str] = set()
    for step, radio, stuck, hears, later_ms in story:
        now = Boottime(now + later_ms)
        got = restraint.permitted(step, radio, now, stuck=stuck)
        assert STEPS.index(got) <= STEPS.index(step)
        if got in {"restart_bluetoothd", "give_up"}:
            assert not hearing - {radio}
        of = radio if got == "power_cycle" else ""
        done.setdefault((got, of), []).append(now)
        restraint.note(radio, hears=hears)
        (hearing.add if hears else hearing.discard)(radio)
    every = {
        "new_scanner": 0,
        "power_cycle": POWER_EVERY_MS,
        "restart_bluetoothd": BLUETOOTHD_EVERY_MS,
        "give_up": EXIT_EVERY_MS,
    }
    for (step, _), times in done.items():
        assert all(after - before >= every[step] for before, after in pairwise(times))
