from __future__ import annotations

from typing import TYPE_CHECKING

from shopbell_server.core.ids import Millis, PersonId
from shopbell_server.core.zones import following
from shopbell_server.core.zones.following import (
    AGAIN_TICKS,
    LATE_MS,
    Followed,
    followed,
    needed_from_ms,
)
from shopbell_server.core.zones.readings import LISTENS_TICKS, TICK_MS, tick_of
from shopbell_server.core.zones.site import site_of
from tests.server.core.zones.shop_plan import ADA, DOOR, EVE, NOON, ONE, TILL, TWO, reports

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from shopbell_server.core.observations import Observation

SITE, BUILDING = site_of(ONE), site_of(TWO)
AT_DOOR, AT_TILL = (1.0, 2.0), (5.0, 2.0)


def at(tick: int) -> Millis:
    """Return the moment at which the tick of that number since noon is taken."""
    return Millis(NOON + tick * TICK_MS + LATE_MS)


def looked(
    heard: Mapping[PersonId, Sequence[Observation]], tick: int = 0, before: Followed | None = None
) -> Followed:
    return followed(SITE, before, heard, at(tick))


def test_everybody_is_found_from_the_last_minutes() -> None:
    heard = {
        ADA: reports(*AT_DOOR, range(-20, 1)),
        EVE: reports(*AT_TILL, range(-20, 1), person=EVE),
    }
    seen = looked(heard)
    assert seen.found == {ADA: DOOR, EVE: TILL}
    assert seen.tick == tick_of(NOON)


def test_who_moves_is_followed_and_who_goes_is_not() -> None:
    seen = looked({ADA: reports(*AT_DOOR, range(-20, 1)), EVE: reports(*AT_DOOR, [0])})
    assert seen.found.keys() == {ADA, EVE}
    later = looked({ADA: reports(*AT_TILL, range(1, 13))}, 12, seen)
    assert later.found == {ADA: TILL}


def test_looks_at_every_tick_find_the_same_as_one() -> None:
    heard = reports(*AT_DOOR, range(-20, -3)) + reports(*AT_TILL, range(-3, 1))
    step: Followed | None = None
    for tick in range(-6, 1):
        step = looked({ADA: [each for each in heard if each.at_ms <= at(tick)]}, tick, step)
    assert step is not None
    assert step.found == looked({ADA: heard}).found


def test_a_tick_is_taken_once_and_reports_are_asked_for_as_far_as_needed() -> None:
    seen = looked({ADA: reports(*AT_DOOR, range(-20, 1))})
    assert needed_from_ms(None, at(0)) == NOON - (AGAIN_TICKS + LISTENS_TICKS) * TICK_MS
    assert needed_from_ms(seen, at(0)) > at(0), "nothing is due"
    assert needed_from_ms(seen, at(2)) == NOON - LISTENS_TICKS * TICK_MS
    again = looked({ADA: []}, 0, seen)
    assert (again.tick, again.found) == (seen.tick, seen.found)


def test_after_a_pause_or_a_clock_put_back_all_begins_anew() -> None:
    seen = looked({ADA: reports(*AT_DOOR, range(-20, 1))})
    late = looked({ADA: reports(*AT_TILL, range(80, 101))}, 100, seen)
    assert late.found == {ADA: TILL}
    back = looked({ADA: reports(*AT_TILL, range(-40, -19))}, -20, seen)
    assert back.found == {ADA: TILL}


def test_who_falls_silent_is_where_she_was_heard_last() -> None:
    seen = looked({ADA: reports(*AT_DOOR, range(-20, 1))})
    assert looked({ADA: []}, AGAIN_TICKS, seen).found == {ADA: DOOR}
    assert looked({ADA: []}, AGAIN_TICKS, None).found == {}


def test_who_changes_levels_is_found_on_the_other() -> None:
    below = reports(*AT_DOOR, range(-20, 1))
    seen = followed(BUILDING, None, {ADA: below}, at(0))
    above = reports(*AT_TILL, range(1, 13), on="f")
    later = followed(BUILDING, seen, {ADA: below + above}, at(12))
    assert (seen.found, later.found) == ({ADA: DOOR}, {ADA: TILL})
    assert [len(crowd.persons) for crowd in later.crowds] == [0, 1]


def test_one_store_follows_so_many_and_no_more() -> None:
    many = {PersonId(f"p{each}"): reports(*AT_DOOR, [0]) for each in range(following.MOST + 5)}
    assert len(looked(many).found) == following.MOST
