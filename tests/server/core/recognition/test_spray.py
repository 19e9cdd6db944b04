from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopbell_server.core.evidence import Evidence
from shopbell_server.core.ids import EdgeId, Millis
from shopbell_server.core.recognition.spray import (
    LEAST_TOKENS,
    WINDOW_MINUTES,
    Tokens,
    doubted_until,
    hint_edges,
    lasts_until,
    minute_of,
    sprayed_within,
    was_doubtful,
)
from shopbell_server.core.units import MINUTE_MS
from tests.server.db.rows import visit

if TYPE_CHECKING:
    from shopbell_server.core.recognition.spray import Minutes
    from shopbell_server.core.visits.stored import Visit

AT = 1_000
DOOR, TILL = EdgeId("door"), EdgeId("till")
SPRAY = {AT: Tokens(0, LEAST_TOKENS)}

counts = st.dictionaries(
    st.integers(AT - 12, AT + 3),
    st.builds(Tokens, st.integers(0, 300), st.integers(0, 200)),
    max_size=10,
)


def moment(minute: int, ms: int = 0) -> Millis:
    return Millis(minute * MINUTE_MS + ms)


def hinted(*edges: str, evidence: Evidence = Evidence.HINT, act: bool = False) -> Visit:
    hers = visit("v")
    assert hers.session.shown is not None
    session = replace(
        hers.session,
        evidence=evidence,
        scanners=tuple((edge, "hci0") for edge in edges),
        best_act=hers.session.shown if act else None,
        start_ms=moment(AT),
        end_ms=moment(AT + 1),
    )
    return replace(hers, session=session)


@pytest.mark.parametrize(
    ("known", "unknown", "sprayed"),
    [
        (0, LEAST_TOKENS - 1, False),
        (0, LEAST_TOKENS, True),
        (160, 40, False),
        (159, 41, True),
        (8_000, 2_000, False),
        (8_000, 2_001, True),
        (LEAST_TOKENS, 0, False),
    ],
)
def test_more_than_a_fifth_of_two_hundred_is_a_spray(
    known: int, unknown: int, *, sprayed: bool
) -> None:
    assert (lasts_until({AT: Tokens(known, unknown)}, moment(AT)) is not None) is sprayed


def test_it_counts_for_five_minutes_and_ends_by_itself() -> None:
    end = moment(AT + WINDOW_MINUTES)
    assert lasts_until(SPRAY, moment(AT - 1, MINUTE_MS - 1)) is None
    assert lasts_until(SPRAY, moment(AT)) == end
    assert lasts_until(SPRAY, Millis(end - 1)) == end
    assert lasts_until(SPRAY, end) is None
    assert lasts_until({}, end) is None


def test_minutes_add_up() -> None:
    half = Tokens(0, LEAST_TOKENS // 2)
    assert lasts_until({AT: half, AT - 4: half}, moment(AT)) == moment(AT + 1)
    assert lasts_until({AT: half, AT - 5: half}, moment(AT)) is None


@given(minutes=counts, at=st.integers(AT - 5, AT + 5), ms=st.integers(0, MINUTE_MS - 1))
def test_until_it_ends_it_lasts_if_nothing_more_is_heard(
    minutes: Minutes, at: int, ms: int
) -> None:
    until_ms = lasts_until(minutes, moment(at, ms))
    if until_ms is None:
        return
    for minute in range(at, minute_of(until_ms)):
        assert lasts_until(minutes, moment(minute)) == until_ms
    assert lasts_until(minutes, until_ms) is None


@given(minutes=counts, first=st.integers(AT - 8, AT), length=st.integers(0, 5))
def test_what_was_heard_in_its_time_is_of_it(minutes: Minutes, first: int, length: int) -> None:
    within = sprayed_within(minutes, moment(first), moment(first + length))
    assert within == any(
        lasts_until(minutes, moment(minute)) is not None
        for minute in range(first, first + length + WINDOW_MINUTES)
    )


def test_only_what_is_hinted_at_by_radio_alone_is_doubtful() -> None:
    assert hint_edges(hinted("door", "till")) == {DOOR, TILL}
    assert hint_edges(hinted("door", evidence=Evidence.SIGNAL)) == frozenset()
    assert hint_edges(hinted("door", act=True)) == frozenset()


def test_every_edge_that_hints_must_be_sprayed() -> None:
    both = {DOOR: SPRAY, TILL: {AT - 1: Tokens(0, LEAST_TOKENS)}}
    now = moment(AT)
    assert doubted_until(hinted("door"), {DOOR: SPRAY}, now) == moment(AT + 5)
    assert doubted_until(hinted("door", "till"), {DOOR: SPRAY}, now) is None
    assert doubted_until(hinted("door", "till"), both, now) == moment(AT + 4)
    assert doubted_until(hinted("door", evidence=Evidence.SIGNAL), both, now) is None
    assert doubted_until(hinted("door"), {}, now) is None


def test_a_hint_of_the_time_of_a_spray_stays_doubtful() -> None:
    assert was_doubtful(hinted("door"), {DOOR: SPRAY})
    assert not was_doubtful(hinted("door", "till"), {DOOR: SPRAY})
    assert not was_doubtful(hinted("door"), {DOOR: {AT - 60: Tokens(0, LEAST_TOKENS)}})
    assert not was_doubtful(hinted("door", act=True), {DOOR: SPRAY})
