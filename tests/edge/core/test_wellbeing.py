from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from shopbell_edge.core.clock_state import KNOWN_MS
from shopbell_edge.core.units import ScannerName
from shopbell_edge.core.wellbeing import Wellbeing
from shopbell_wire.messages import ScannerHealth
from tests.fakes.clock import NOON_MS, FakeClock

if TYPE_CHECKING:
    from shopbell_wire.messages import Hearing

HCI = ScannerName("hci0")


class Scanner:
    def __init__(self) -> None:
        self.clock = FakeClock()
        self._wellbeing = Wellbeing(HCI)

    def feel(self, state: Hearing, for_ms: int = 0, reason: str = "why") -> ScannerHealth | None:
        return self._wellbeing.feel(state, reason, for_ms, self.clock.now())

    def tells(self, state: Hearing, for_ms: int = 0) -> ScannerHealth:
        told = self.feel(state, for_ms)
        assert told is not None
        return told


def test_the_first_word_is_always_news() -> None:
    assert Scanner().tells("hearing") == ScannerHealth(
        scanner=HCI, state="hearing", since_ms=NOON_MS, reason="why", coverage=1.0
    )
    assert Scanner().tells("blind").coverage == 0.0


def test_the_same_again_is_none_whatever_the_reason() -> None:
    scanner = Scanner()
    scanner.tells("blind")
    assert scanner.feel("blind", reason="another") is None


def test_but_that_it_is_not_to_hear_is_news_and_that_it_is_to_again() -> None:
    scanner = Scanner()
    scanner.tells("blind")
    told = scanner.feel("blind", reason="closed")
    assert told is not None
    assert (told.state, told.reason) == ("blind", "closed")
    assert scanner.feel("blind", reason="closed") is None
    assert scanner.feel("blind", reason="no_adapter") is not None


def test_coverage_is_the_share_of_the_time_since_the_word_before() -> None:
    scanner = Scanner()
    scanner.tells("hearing")
    scanner.clock.forward(60_000)
    assert scanner.tells("blind").coverage == 1.0
    scanner.clock.forward(10_000)
    assert scanner.tells("hearing").coverage == 0.0


def test_a_blindness_found_out_late_is_dated_back_and_taken_off() -> None:
    scanner = Scanner()
    scanner.tells("hearing")
    scanner.clock.forward(120_000)
    told = scanner.tells("blind", for_ms=90_000)
    assert (told.since_ms, told.coverage) == (NOON_MS + 30_000, 0.25)


def test_no_blindness_is_dated_back_past_the_last_word() -> None:
    scanner = Scanner()
    scanner.tells("hearing")
    scanner.clock.forward(60_000)
    told = scanner.tells("blind", for_ms=90_000)
    assert (told.since_ms, told.coverage) == (NOON_MS, 0.0)


def test_who_may_not_hear_is_not_counted_as_hearing() -> None:
    scanner = Scanner()
    scanner.tells("hearing")
    scanner.clock.forward(10_000)
    assert scanner.tells("suspect").state == "suspect"
    scanner.clock.forward(10_000)
    assert scanner.tells("blind").coverage == 0.0


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["hearing", "blind", "suspect"]),
            st.integers(0, 10**9),
            st.integers(0, 10**9),
        )
    )
)
def test_coverage_is_a_share_whatever_happens(story: list[tuple[Hearing, int, int]]) -> None:
    scanner = Scanner()
    for state, for_ms, later_ms in story:
        told = scanner.feel(state, for_ms)
        assert told is None or (0.0 <= told.coverage <= 1.0 and told.since_ms >= 0)
        scanner.clock.forward(later_ms)


def test_a_blindness_that_is_dated_back_to_the_last_word_does_not_come_before_it() -> None:
    """The clock was slewed back by 5 ms meanwhile: told in that order, the scanner would seem to hear."""
    scanner = Scanner()
    scanner.tells("hearing")
    scanner.clock.forward(60_000)
    scanner.clock.sync(step_ms=-5)
    assert scanner.tells("blind", for_ms=90_000).since_ms == NOON_MS
    scanner.clock.sync(step_ms=-100_000)
    assert scanner.tells("hearing").since_ms == NOON_MS - 40_005  # it had been wrong


def test_a_clock_that_learns_the_time_is_believed_at_once() -> None:
    scanner = Scanner()
    scanner.clock.sync("unsynced", step_ms=20_000)
    scanner.tells("blind")
    scanner.clock.forward(1_000)
    scanner.clock.sync("synced", step_ms=-20_000)
    assert scanner.tells("hearing").since_ms == NOON_MS + 1_000


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["hearing", "blind", "suspect", "closed"]),
            st.integers(0, 200_000),
            st.integers(0, 100_000),
            st.integers(-KNOWN_MS, KNOWN_MS),
        )
    )
)
def test_what_is_told_later_is_of_later_though_the_clock_is_set(
    story: list[tuple[str, int, int, int]],
) -> None:
    scanner = Scanner()
    told: list[tuple[int, bool]] = []
    true_ms = scanner.clock.now().wall_ms
    for feels, for_ms, later_ms, off_ms in story:
        state: Hearing = "blind" if feels == "closed" else feels  # type: ignore[assignment]
        word = scanner.feel(state, for_ms, reason=feels)
        if word is not None:
            told.append((word.since_ms, feels in {"blind", "suspect"}))
        scanner.clock.forward(later_ms)
        true_ms += later_ms
        # Its error is bounded, and may be another from word to word.
        scanner.clock.sync(step_ms=true_ms + off_ms - scanner.clock.now().wall_ms)
    assert sorted(told) == told
    for (at_ms, deaf), (next_ms, next_deaf) in pairwise(told):
        assert next_ms > at_ms or next_deaf or not deaf
