"""What a radio says of itself, and what the heartbeat beacon makes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopbell_edge.core.belief import HEARD_AGAIN, STATES, Belief, Verdict, judged, told
from shopbell_edge.core.reception import LIKELY, Doubt, Fault, Reception

if TYPE_CHECKING:
    from shopbell_wire.messages import Hearing

DOUBTS = get_args(Doubt)
HEARING = told(Belief(), "hearing", "scanning", 0)


def measured(
    fault: Fault | None, sightings: int = 100, unheard_ms: int = 500, gap_ms: float = 2_000.0
) -> Reception:
    return Reception(
        sightings=sightings,
        unheard_ms=unheard_ms,
        share=0.5,
        expected=0.5,
        fault=fault,
        gap_ms=gap_ms,
    )


def test_a_radio_is_believed_until_something_speaks_against_it() -> None:
    assert Belief().verdict == Verdict(state="blind", reason="starting")
    assert HEARING.verdict == Verdict(state="hearing", reason="scanning")
    deaf = told(HEARING, "blind", "silent", 90_000)
    assert deaf.verdict == Verdict(state="blind", reason="silent", for_ms=90_000)
    assert judged(HEARING, measured(None), 50).verdict == HEARING.verdict


def test_silence_of_the_beacon_is_blindness_since_its_last_sighting() -> None:
    belief = judged(HEARING, measured("heartbeat_unheard", unheard_ms=60_000), 0)
    assert belief.verdict == Verdict(state="blind", reason="heartbeat_unheard", for_ms=60_000)


@pytest.mark.parametrize("doubt", ["duplicate_filter", "dead_band"])
def test_what_is_withheld_makes_it_suspect(doubt: Doubt) -> None:
    assert judged(HEARING, measured(doubt), 0).verdict == Verdict(state="suspect", reason=doubt)


@given(st.floats(0, 1e6), st.floats(0, 1e6), st.sampled_from(DOUBTS))
def test_silence_tells_who_left_only_of_a_duplicate_filter_with_gaps_that_are_borne(
    gap_ms: float, longest_gap_ms: float, doubt: Doubt
) -> None:
    belief = judged(HEARING, measured(doubt, gap_ms=gap_ms), 0, longest_gap_ms)
    borne = doubt == "duplicate_filter" and gap_ms <= longest_gap_ms
    assert belief.verdict.tells_leaving == borne
    assert belief.verdict.state == STATES[doubt], "who comes in is not noticed"


def test_silence_tells_nothing_while_the_radio_does_not_hear_and_again_when_it_does() -> None:
    belief = judged(HEARING, measured("duplicate_filter"), 0, 15_000)
    mending = told(belief, "blind", "duplicate_filter", 0)
    assert not mending.verdict.tells_leaving
    again = told(mending, "hearing", "scanning", 0)
    assert again.verdict.tells_leaving
    assert not judged(again, measured("heartbeat_unheard"), 0, 15_000).verdict.tells_leaving
    assert not judged(again, measured(None), 0, 15_000).verdict.tells_leaving


@pytest.mark.parametrize("flaw", ["no_flags", "low_duty"])
def test_who_hears_badly_hears(flaw: Fault) -> None:
    assert judged(HEARING, measured(flaw), 0).verdict == Verdict(state="hearing", reason=flaw)


def test_a_beacon_that_alone_was_never_heard_is_itself_to_blame() -> None:
    silent = measured("heartbeat_unheard", sightings=0)
    assert judged(HEARING, silent, LIKELY).verdict == Verdict(
        state="hearing", reason="heartbeat_gone"
    )
    assert judged(HEARING, silent, LIKELY - 1).verdict.state == "blind"
    heard_once = measured("heartbeat_unheard", sightings=1)
    assert judged(HEARING, heard_once, 10_000).verdict.state == "blind", "a filter may be stuck"


def test_a_beacon_that_is_to_blame_after_all_was_tried_asks_for_nothing_more() -> None:
    belief = judged(HEARING, measured("heartbeat_unheard", sightings=0), 0)
    assert belief.tries == 1
    belief = judged(belief, measured("heartbeat_unheard", sightings=0), LIKELY)
    assert (belief.doubt, belief.tries) == (None, 0)


@pytest.mark.parametrize("doubt", DOUBTS)
def test_a_new_scan_refutes_no_doubt_but_what_is_missing_goes_before(doubt: Doubt) -> None:
    belief = judged(HEARING, measured(doubt), 0)
    for reason in (doubt, "scanning"):
        state: Hearing = "hearing" if reason == "scanning" else "blind"
        belief = told(belief, state, reason, 0)
        assert (belief.verdict.state, belief.verdict.reason) == (STATES[doubt], doubt)
    assert told(belief, "blind", "no_adapter", 0).verdict.reason == "no_adapter"


@pytest.mark.parametrize("doubt", DOUBTS)
@pytest.mark.parametrize("flaw", [None, "low_duty"])
def test_a_doubt_ends_with_enough_sightings(doubt: Doubt, flaw: Fault | None) -> None:
    enough = HEARD_AGAIN if doubt == "heartbeat_unheard" else LIKELY
    belief = judged(HEARING, measured(doubt), 0)
    assert judged(belief, measured(flaw, enough - 1), 0) == belief
    again = judged(belief, measured(flaw, enough), 0)
    assert again.verdict == Verdict(state="hearing", reason=flaw or "scanning")
    assert again.tries == 0


@given(st.lists(st.tuples(st.sampled_from((*get_args(Fault), None)), st.integers(0, 200))))
def test_each_measured_doubt_asks_for_a_remedy_and_nothing_else_does(
    story: list[tuple[Fault | None, int]],
) -> None:
    belief = HEARING
    for fault, sightings in story:
        before, belief = belief, judged(belief, measured(fault, sightings), 0)
        asked = belief.tries > before.tries
        assert asked == (fault in DOUBTS)
        assert (belief.tries > 0) == (belief.doubt is not None)
        assert (belief.verdict.state == "hearing") == (belief.doubt is None)
