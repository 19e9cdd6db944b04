from __future__ import annotations

import pytest

from shopbell_edge.core.liveness import BeatRules
from shopbell_edge.tasks.pulses import Pulses
from tests.fakes.clock import FakeClock

RULES = BeatRules(stalled_ms=1_000)


def test_a_loop_that_is_not_heard_of_is_stalled_until_it_is() -> None:
    clock = FakeClock()
    pulses = Pulses(clock, ["drain", "radio"])
    clock.forward(1_001)
    pulses.tell("radio")
    assert pulses.stalled(RULES) == ("drain",)
    pulses.tell("drain")
    assert pulses.stalled(RULES) == ()


def test_a_loop_that_nobody_watches_is_a_mistake() -> None:
    with pytest.raises(KeyError):
        Pulses(FakeClock(), []).tell("drain")


def test_a_loop_that_may_rest_is_watched_while_it_has_something_in_hand() -> None:
    clock = FakeClock()
    pulses = Pulses(clock, [])
    for _ in range(2):
        clock.forward(1_001)
        assert pulses.stalled(RULES) == ()
        with pulses.in_hand("camera"):
            assert pulses.stalled(RULES) == ()
            clock.forward(1_001)
            assert pulses.stalled(RULES) == ("camera",)
