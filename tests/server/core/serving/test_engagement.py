from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest
from hypothesis import given
from hypothesis import strategies as some

from shopbell_server.core.ids import Millis, StaffId, VisitId
from shopbell_server.core.serving.engagement import (
    HELD_MS,
    Engagement,
    HandedOver,
    HandOver,
    Helper,
    Mistake,
    Mistaken,
    Outcome,
    Present,
    Refused,
    Release,
    Released,
    Serve,
    Served,
    Serving,
    Take,
    Taken,
    as_of,
    ask,
    decide,
    first,
    holder,
    released_ms,
    take_back,
)

if TYPE_CHECKING:
    from shopbell_server.core.serving.engagement import Act, State

SAM: Final = Helper(staff=StaffId("sam"), role="advisor")
ANA: Final = Helper(staff=StaffId("ana"), role="advisor")
MO: Final = Helper(staff=StaffId("mo"), role="manager")
BOUGHT: Final = Serve(outcome=Outcome.BOUGHT)
ACTS: Final[tuple[Act, ...]] = (Take(), Release(), HandOver(), BOUGHT, Mistake())
NEW: Final = first(VisitId("v"))


def at(ms: int) -> Millis:
    return Millis(ms)


def after(*steps: tuple[Helper, Act]) -> Engagement:
    """Return what becomes of somebody when all of `steps` are done, a second apart."""
    engagement = NEW
    for number, (by, act) in enumerate(steps, 1):
        now = decide(engagement, act, by, at(number * 1_000))
        assert isinstance(now, Engagement)
        engagement = now
    return engagement


def test_who_takes_her_has_her_and_takes_her_again_when_they_are_with_her() -> None:
    taken = after((SAM, Take()))
    assert taken.state == Taken(by=SAM, since_ms=at(1_000), touched_ms=at(1_000))
    serving = after((SAM, Take()), (SAM, Take()), (SAM, Take()))
    assert serving.state == Serving(by=SAM, since_ms=at(1_000), touched_ms=at(3_000))
    assert (serving.version, holder(serving)) == (3, SAM)


@pytest.mark.parametrize("act", ACTS, ids=repr)
@pytest.mark.parametrize("second", [(), ((SAM, Take()),)], ids=["taken", "serving"])
def test_a_colleague_does_nothing_with_somebody_who_is_taken(
    act: Act, second: tuple[tuple[Helper, Act], ...]
) -> None:
    held = after((SAM, Take()), *second)
    assert decide(held, act, ANA, at(5_000)) is Refused.TAKEN


@pytest.mark.parametrize(
    ("act", "state"),
    [
        (Release(), Released(at_ms=at(2_000))),
        (HandOver(), HandedOver(at_ms=at(2_000))),
        (BOUGHT, Served(outcome=Outcome.BOUGHT, at_ms=at(2_000))),
        (Mistake(), Mistaken(at_ms=at(2_000))),
    ],
    ids=repr,
)
def test_who_has_her_ends_it(act: Act, state: State) -> None:
    ended = after((SAM, Take()), (SAM, act))
    assert (ended.state, holder(ended), released_ms(ended)) == (state, None, None)


@pytest.mark.parametrize("act", [Release(), HandOver(), Mistake()], ids=repr)
def test_a_manager_ends_it_for_a_colleague(act: Act) -> None:
    assert holder(after((SAM, Take()), (MO, act))) is None


@pytest.mark.parametrize("act", [Take(), BOUGHT], ids=repr)
def test_a_manager_does_not_take_her_from_a_colleague_nor_serve_in_their_place(act: Act) -> None:
    assert decide(after((SAM, Take())), act, MO, at(5_000)) is Refused.TAKEN


@pytest.mark.parametrize("ends", [HandOver(), Release()], ids=repr)
def test_who_was_given_up_is_taken_by_the_next(ends: Act) -> None:
    assert holder(after((SAM, Take()), (SAM, ends), (ANA, Take()))) == ANA


@pytest.mark.parametrize("act", [Release(), HandOver(), BOUGHT], ids=repr)
def test_only_who_is_taken_is_given_up_or_served(act: Act) -> None:
    assert decide(NEW, act, SAM, at(1)) is Refused.NOT_TAKEN


@pytest.mark.parametrize("act", ACTS, ids=repr)
@pytest.mark.parametrize("by", [SAM, ANA, MO])
def test_what_is_over_stays_over(act: Act, by: Helper) -> None:
    served = after((SAM, Take()), (SAM, BOUGHT))
    assert decide(served, act, by, at(10**9)) is Refused.SERVED
    assert decide(after((SAM, Mistake())), act, by, at(10**9)) is Refused.MISTAKEN


def test_without_a_touch_she_is_released_by_herself() -> None:
    taken = after((SAM, Take()))
    until_ms = released_ms(taken)
    assert until_ms == 1_000 + HELD_MS
    assert as_of(taken, at(until_ms - 1)) == taken
    assert as_of(taken, at(until_ms)).state == Released(at_ms=at(until_ms))
    later = decide(taken, Take(), ANA, at(until_ms))
    assert isinstance(later, Engagement)
    assert (holder(later), later.version) == (ANA, 2)
    assert as_of(NEW, at(10**9)) == NEW


def test_she_asks_until_somebody_comes() -> None:
    asked = ask(NEW, at(5))
    assert asked == Engagement(visit=NEW.visit, version=1, state=Present(), asked_ms=at(5))
    assert ask(asked, at(6)) is None
    taken = decide(asked, Take(), SAM, at(7))
    assert isinstance(taken, Engagement)
    assert taken.asked_ms is None
    assert ask(taken, at(8)) is None
    assert take_back(taken, at(8)) is None
    back = take_back(asked, at(9))
    assert back == Engagement(visit=NEW.visit, version=2, state=Present())


@pytest.mark.parametrize("over", [BOUGHT, Mistake()], ids=repr)
def test_what_is_over_begins_anew_when_she_asks(over: Act) -> None:
    again = ask(after((SAM, Take()), (SAM, over)), at(5_000))
    assert again is not None
    assert (again.state, again.asked_ms, again.version) == (Present(), 5_000, 3)


def test_who_was_handed_over_stays_so_when_she_asks() -> None:
    asked = ask(after((SAM, Take()), (SAM, HandOver())), at(5_000))
    assert asked is not None
    assert asked.state == HandedOver(at_ms=at(2_000))


STEP = some.tuples(
    some.sampled_from([SAM, ANA, MO]),
    some.sampled_from([*ACTS, "asks", "takes back"]),
    some.integers(min_value=0, max_value=2 * HELD_MS),
    some.booleans(),
)


@given(some.lists(STEP, max_size=30))
def test_whatever_is_done_one_has_her_no_change_is_lost_and_what_is_over_stays(
    steps: list[tuple[Helper, Act | str, int, bool]],
) -> None:
    """`late`: done with what was read before the last change, and so refused by its version."""
    stored, before, now_ms, done = NEW, NEW, 0, 0
    for by, act, waits_ms, late in steps:
        now_ms += waits_ms
        read = before if late else stored
        if isinstance(act, str):
            made = (ask if act == "asks" else take_back)(read, at(now_ms))
        else:
            decided = decide(read, act, by, at(now_ms))
            made = None if isinstance(decided, Refused) else decided
        if made is None or read.version != stored.version:
            continue
        had, has = holder(as_of(stored, at(now_ms))), holder(made)
        assert made.version == stored.version + 1
        assert None in {had, has} or had == has, "nobody takes her from another"
        assert has in {None, had, by}
        assert has is None or made.asked_ms is None
        if isinstance(stored.state, Served | Mistaken):
            assert act == "asks" or (act == "takes back" and made.state == stored.state)
        before, stored, done = stored, made, done + 1
    assert stored.version == done
