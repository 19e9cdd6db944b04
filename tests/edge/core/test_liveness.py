from __future__ import annotations

from shopbell_edge.core.liveness import BeatRules, stalled
from shopbell_edge.core.units import Boottime

RULES = BeatRules(stalled_ms=20_000)


def test_a_loop_that_missed_too_many_signs_of_life_is_named() -> None:
    progress = {"drain": Boottime(1_000), "radio": Boottime(5_000), "beat": Boottime(999)}
    assert stalled(progress, Boottime(21_000), RULES) == ("beat",)
    assert stalled(progress, Boottime(21_001), RULES) == ("beat", "drain")
    assert stalled(progress, Boottime(5_000), RULES) == ()
