from __future__ import annotations

import numpy as np
import pytest

from shopbell_sim.core.day.mishaps import (
    BOOT_S,
    EVERYBODY,
    HOUR_S,
    Outage,
    WrongClock,
    unheard,
    wall_ms,
)
from tests.sim.core.a_site import SITE

OPENS_MS = 1_795_262_400_000


def lost(outage: Outage) -> list[tuple[float, int]]:
    times = np.repeat(np.arange(0, 400, 10.0), 3)
    which = np.tile(np.arange(3), 40)
    struck = unheard([outage], SITE.receivers, times, which)
    return [(float(at), int(each)) for at, each in zip(times[struck], which[struck], strict=True)]


def test_a_dead_scanner_hears_nothing_for_a_while() -> None:
    gone = lost(Outage(kind="deaf", of=("back",), from_s=100, for_s=50))

    assert {receiver for _, receiver in gone} == {1}
    assert [at for at, _ in gone] == [100, 110, 120, 130, 140]


def test_without_power_an_edge_is_gone_until_it_has_started_again() -> None:
    gone = lost(Outage(kind="power", of=(EVERYBODY,), from_s=100, for_s=50))

    assert {receiver for _, receiver in gone} == {0, 1, 2}
    assert max(at for at, _ in gone) < 150 + BOOT_S <= max(at for at, _ in gone) + 10


@pytest.mark.parametrize(
    ("clock", "at_s", "says_ms"),
    [
        (WrongClock(edge="door", error_ms=40), 10, OPENS_MS + 10_040),
        (WrongClock(edge="back", error_ms=40), 10, OPENS_MS + 10_000),
        (WrongClock(edge="*", from_1970=True, set_s=60), 10, 10_000 + round(HOUR_S * 1000)),
        (WrongClock(edge="*", from_1970=True, set_s=60), 70, OPENS_MS + 70_000),
    ],
)
def test_a_clock_may_be_wrong(clock: WrongClock, at_s: float, says_ms: int) -> None:
    assert wall_ms([clock], "door", at_s, OPENS_MS) == says_ms
