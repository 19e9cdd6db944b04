from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopbell_server.core.dating import (
    ANCHOR_MOST_ERR_MS,
    Shift,
    Undated,
    dating_of,
    is_plausible,
)
from shopbell_server.core.ids import EdgeId, Millis
from shopbell_server.ports.batches import Anchor
from shopbell_wire.messages import Clock, ClockState

BOOT = "ab" * 16
NOW_MS = Millis(1_795_262_400_000)
DAY_MS = 86_400_000


def clock(state: ClockState, boottime_ms: int = 5_000, wall_ms: int = NOW_MS) -> Clock:
    return Clock(boot=BOOT, boottime_ms=boottime_ms, wall_ms=wall_ms, state=state, err_ms=40)


def anchor(boottime_ms: int, wall_ms: int, boot: str = BOOT, err_ms: int = 70) -> Anchor:
    return Anchor(
        edge=EdgeId("pi"),
        boot=boot,
        boottime_ms=boottime_ms,
        wall_ms=Millis(wall_ms),
        err_ms=err_ms,
    )


@pytest.mark.parametrize("state", ["synced", "holdover"])
def test_a_clock_that_was_set_keeps_its_times_and_its_error(state: ClockState) -> None:
    for known in (None, anchor(1, 2)):
        assert dating_of(clock(state), known) == Shift(by_ms=0, err_ms=40)


def test_without_an_anchor_an_unset_clock_dates_nothing() -> None:
    assert dating_of(clock("unsynced"), None) == Undated()


def test_an_anchor_of_another_boot_is_refused() -> None:
    with pytest.raises(ValueError, match="its own boot"):
        dating_of(clock("unsynced"), anchor(1, 2, boot="cd" * 16))


@given(
    began_ms=st.integers(10**12, 2 * 10**12),
    unset_ms=st.integers(0, 2 * 10**12),
    sealed_after_ms=st.integers(0, 10**9),
    anchored_after_ms=st.integers(0, 10**9),
    happened_after_ms=st.integers(0, 10**9),
    off_ms=st.integers(-ANCHOR_MOST_ERR_MS, ANCHOR_MOST_ERR_MS),
)
def test_an_anchor_dates_as_well_as_it_is_whatever_the_unset_clock_said(
    began_ms: int,
    unset_ms: int,
    sealed_after_ms: int,
    anchored_after_ms: int,
    happened_after_ms: int,
    off_ms: int,
) -> None:
    sealed = clock("unsynced", sealed_after_ms, unset_ms + sealed_after_ms)
    known = anchor(anchored_after_ms, began_ms + anchored_after_ms + off_ms, err_ms=abs(off_ms))
    dating = dating_of(sealed, known)
    assert isinstance(dating, Shift)
    assert dating.dated(unset_ms + happened_after_ms) == began_ms + happened_after_ms + off_ms
    assert dating.err_ms == abs(off_ms)


@pytest.mark.parametrize(
    ("off_ms", "believed"),
    [
        (-8 * DAY_MS - 1, False),
        (-8 * DAY_MS, True),
        (0, True),
        (300_000, True),
        (300_001, False),
        (DAY_MS, False),
        (-NOW_MS, False),
        (253_402_300_799_999 - NOW_MS, False),
    ],
    ids=["over 8 d", "8 d", "now", "5 min", "over 5 min", "tomorrow", "1970", "year 9999"],
)
def test_believable_times(off_ms: int, *, believed: bool) -> None:
    at_ms = NOW_MS + off_ms
    assert is_plausible(at_ms, at_ms, NOW_MS) is believed


def test_a_stay_is_believable_from_its_beginning_to_its_end() -> None:
    assert is_plausible(NOW_MS - 8 * DAY_MS, NOW_MS + 300_000, NOW_MS)
    assert not is_plausible(NOW_MS - 8 * DAY_MS - 1, NOW_MS, NOW_MS)
    assert not is_plausible(NOW_MS, NOW_MS + 300_001, NOW_MS)
