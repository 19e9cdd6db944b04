from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shopbell_edge.core.spool_room import day_bytes, too_small


def test_a_busy_store_writes_thirteen_megabytes_a_day() -> None:
    assert day_bytes(30_000) == 12_960_000


def test_the_default_holds_a_week() -> None:
    assert too_small(256, 30_000) is None


def test_what_is_too_small_is_explained_with_the_arithmetic() -> None:
    said = too_small(64, 30_000)
    assert said is not None
    assert "64 MiB hold 5.2 days" in said
    assert "7 days x 50 customers x 12 h / 30 s x 180 bytes = 87 MiB" in said


@given(size_mib=st.integers(16, 65_536), steady_ms=st.integers(1_000, 3_600_000))
def test_the_size_that_it_asks_for_is_enough(size_mib: int, steady_ms: int) -> None:
    said = too_small(size_mib, steady_ms)
    if said is not None:
        assert too_small(int(said.split("bytes = ")[1].split()[0]), steady_ms) is None
