from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

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
