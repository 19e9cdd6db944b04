from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from shopbell_server.core.visits.purchases import bought, early_ms, reach_ms, session_of
from shopbell_server.core.visits.sessions import sessions
from tests.server.core.stays import DEMO, MINUTE, RULES, acted, at, heard, reports

if TYPE_CHECKING:
    from shopbell_server.core.evidence import Interval

HOUR = 60 * MINUTE


def bought_in(at_ms: int, *evidence: Interval) -> int | None:
    """Return which stay of `evidence` a purchase belongs to, the first being 0."""
    stays = sessions(evidence, RULES)
    found = session_of(at(at_ms), stays, RULES)
    return None if found is None else stays.index(found)


def test_a_purchase_belongs_to_the_stay_in_which_it_was() -> None:
    stays = heard(0, 20 * MINUTE), heard(2 * HOUR, 3 * HOUR)
    assert bought_in(0, *stays) == 0
    assert bought_in(20 * MINUTE, *stays) == 0
    assert bought_in(2 * HOUR + MINUTE, *stays) == 1


def test_after_the_last_evidence_it_does_as_far_as_evidence_would() -> None:
    assert bought_in(50 * MINUTE, heard(0, 20 * MINUTE)) == 0
    assert bought_in(50 * MINUTE + 1, heard(0, 20 * MINUTE)) is None
    assert bought_in(45 * MINUTE, acted(0)) == 0
    assert bought_in(45 * MINUTE + 1, acted(0)) is None


def test_it_may_be_dated_a_little_before_the_first_evidence() -> None:
    assert bought_in(-10 * MINUTE, acted(0)) == 0
    assert bought_in(-10 * MINUTE - 1, acted(0)) is None


def test_a_stay_that_had_begun_comes_before_one_that_was_to_come() -> None:
    stays = heard(0, 10 * MINUTE), heard(41 * MINUTE, HOUR)
    assert bought_in(40 * MINUTE, *stays) == 0
    assert bought_in(40 * MINUTE + 1, *stays) == 1


def test_of_the_pieces_of_a_long_stay_it_is_in_one() -> None:
    long = heard(0, 9 * HOUR)
    assert bought_in(8 * HOUR, long) == 0
    assert bought_in(8 * HOUR + 1, long) == 1


def test_without_a_stay_it_waits() -> None:
    assert bought_in(0) is None
    assert bought([at(0)], (), RULES) == frozenset()


def test_stays_in_which_she_bought_are_told_by_their_beginnings() -> None:
    stays = sessions(
        [heard(0, MINUTE), heard(2 * HOUR, 3 * HOUR), heard(5 * HOUR, 6 * HOUR)], RULES
    )
    purchases = [at(MINUTE), at(5 * HOUR), at(6 * HOUR), at(12 * HOUR)]
    assert bought(purchases, stays, RULES) == {at(0), at(5 * HOUR)}


@given(reports, st.integers(-HOUR, 4 * HOUR))
def test_a_purchase_while_she_was_heard_always_has_its_stay(
    said: list[Interval], at_ms: int
) -> None:
    stays = sessions(said, DEMO)
    found = session_of(at(at_ms), stays, DEMO)
    inside = [each for each in stays if each.start_ms <= at(at_ms) <= each.end_ms]
    assert inside in ([], [found])
    if found is not None:
        assert found.start_ms - early_ms(DEMO) <= at(at_ms) <= found.reach_ms


@given(reports, st.integers(-HOUR, 4 * HOUR))
def test_stays_out_of_reach_do_not_matter(said: list[Interval], at_ms: int) -> None:
    """What is loaded of somebody's time is enough to decide."""
    stays = sessions(said, DEMO)
    found = session_of(at(at_ms), stays, DEMO)
    if found is None:
        return
    near = [
        each
        for each in stays
        if each.start_ms <= found.end_ms + reach_ms(DEMO)
        and each.end_ms >= found.start_ms - reach_ms(DEMO)
    ]
    assert session_of(at(at_ms), near, DEMO) == found
