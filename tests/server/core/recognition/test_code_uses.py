from __future__ import annotations

from functools import reduce

from hypothesis import given
from hypothesis import strategies as st

from shopbell_server.core.ids import CardRef, EdgeId, Millis, StoreId
from shopbell_server.core.recognition.code_uses import CodeUse, is_elsewhere, verdict

scans = st.builds(
    CodeUse,
    card=st.just(CardRef("c")),
    step=st.just(7),
    at_ms=st.integers(0, 3).map(Millis),
    store=st.just(StoreId("s")),
    edge=st.sampled_from("ab").map(EdgeId),
    scanner=st.sampled_from("xy"),
)


def counting(known: CodeUse | None, scan: CodeUse) -> CodeUse:
    """Return the scan that counts when `scan` comes after what counted until now."""
    if known is None:
        assert verdict(known, scan) == "first"
        return scan
    return scan if verdict(known, scan) == "earlier" else known


@given(st.lists(scans, min_size=1, max_size=6), st.data())
def test_whatever_comes_first_the_earliest_scan_counts(
    arriving: list[CodeUse], data: st.DataObject
) -> None:
    one = reduce(counting, arriving, None)
    other = reduce(counting, data.draw(st.permutations(arriving)), None)
    assert one == other
    assert one is not None
    assert one.at_ms == min(each.at_ms for each in arriving)


@given(scans)
def test_a_scan_that_is_known_is_used(scan: CodeUse) -> None:
    assert verdict(scan, scan) == "used"
    assert not is_elsewhere(scan, scan)


@given(scans, scans)
def test_two_edges_are_told_and_two_scanners_of_one_edge_are_not(
    one: CodeUse, other: CodeUse
) -> None:
    assert is_elsewhere(one, other) == (one.edge != other.edge)


@given(scans)
def test_where_nobody_wrote_down_where_it_was_nothing_is_told(scan: CodeUse) -> None:
    before = CodeUse(
        card=scan.card,
        step=scan.step,
        at_ms=scan.at_ms,
        store=StoreId(""),
        edge=EdgeId(""),
        scanner="",
    )
    assert not is_elsewhere(before, scan)
