from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shopbell_server.core.edges.losses import MOST, OTHER, REASONS, counted, lost


def test_what_was_given_up_is_counted_by_the_reasons_that_we_know() -> None:
    assert counted({"spool_full": 3, "spool_full_scan": 0, "moon": 1, "sun": 2}) == {
        "spool_full": 3,
        OTHER: 3,
    }


def test_a_report_that_a_later_one_replaces_is_no_loss() -> None:
    assert lost({"spool_coalesced": 900}) == 0
    assert lost({"spool_coalesced": 900, "spool_full": 2, "spool_corrupt": 1}) == 3


@given(st.dictionaries(st.text() | st.sampled_from(sorted(REASONS)), st.integers(0, 2**53 - 1)))
def test_whatever_the_wire_says_there_are_few_reasons_and_no_overflow(says: dict[str, int]) -> None:
    counts = counted(says)
    assert counts.keys() <= REASONS | {OTHER}
    assert all(0 < count <= MOST for count in counts.values())
    assert bool(counts) == any(says.values())
