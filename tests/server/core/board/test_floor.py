from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, get_args

from hypothesis import given, settings
from hypothesis import strategies as st

from shopbell_server.core.board.floor import Floor, difference, laid_out, moved, sight
from shopbell_server.core.ids import Millis, PersonId, VisitId
from shopbell_server.core.registry import Role
from tests.server.core.shop_floor import NOBODY, PEOPLE, PLACE, Step, Truth, steps, truth
from tests.server.core.stays import DEMO, SECOND, acted, at, heard

if TYPE_CHECKING:
    from shopbell_server.core.board.disclosure import Viewer
    from shopbell_server.core.board.rows import Place, Row

VIEWERS: tuple[Viewer, ...] = (*get_args(Role), "tablet")


class Shop:
    """A database, as far as a floor reads it."""

    def __init__(self) -> None:
        self.now_ms = at(0)
        self.has: dict[PersonId, Truth] = {}

    def go_on(self, step: Step) -> None:
        self.now_ms = Millis(self.now_ms + step.later_ms)
        self.has |= step.became

    def all_of_it(self, before: Floor | None, place: Place = PLACE) -> Floor:
        stored = {person: each.read_at(self.now_ms) for person, each in self.has.items()}
        here = {person: each for person, each in stored.items() if each.visits}
        return laid_out(place, here, before, self.now_ms, DEMO)

    def some(self, before: Floor, *persons: PersonId) -> Floor:
        stored = {person: self.has[person].read_at(self.now_ms) for person in persons}
        return moved(before, stored, self.now_ms, DEMO)


def rows(floor: Floor, viewer: Viewer = "advisor") -> list[Row]:
    return list(sight(floor, viewer, None).rows.values())


@settings(max_examples=30, deadline=None)
@given(steps)
def test_every_row_is_somebodys_who_is_there(walk: list[Step]) -> None:
    shop = Shop()
    for step in walk:
        shop.go_on(step)
    floor = shop.all_of_it(None)
    whose = floor.persons
    assert {row.visit for row in rows(floor)} <= whose.keys()
    assert all(
        visit in {stay.visit for stay in floor.guests[person].stays}
        for visit, person in whose.items()
    )


@settings(max_examples=100, deadline=None)
@given(steps, st.sampled_from(VIEWERS))
def test_following_every_change_is_as_good_as_reading_everything(
    walk: list[Step], viewer: Viewer
) -> None:
    shop = Shop()
    whole = followed = shop.all_of_it(None)
    seen = sight(followed, viewer, None)
    told: dict[VisitId, Row] = {}
    for step in walk:
        shop.go_on(step)
        whole = shop.all_of_it(whole)
        followed = shop.some(followed, *step.became)
        seen = sight(followed, viewer, seen)
        assert list(seen.rows.values()) == rows(whole, viewer)
        differs = difference(told, seen.rows)
        for visit in differs.gone:
            del told[visit]
        told |= {visit: seen.rows[visit] for visit in differs.changed}
        assert told == seen.rows


@settings(max_examples=100, deadline=None)
@given(steps, st.lists(st.booleans(), min_size=12, max_size=12))
def test_reading_everything_now_and_then_changes_nothing(
    walk: list[Step], whole_now: list[bool]
) -> None:
    shop = Shop()
    always = sometimes = shop.all_of_it(None)
    for step, everything in zip(walk, whole_now, strict=False):
        shop.go_on(step)
        always = shop.all_of_it(always)
        sometimes = shop.all_of_it(sometimes) if everything else shop.some(sometimes, *step.became)
        assert rows(sometimes) == rows(always)


@settings(max_examples=100, deadline=None)
@given(steps, st.integers(0, 40_000))
def test_nothing_changes_by_itself_before_it_is_said_to(walk: list[Step], later_ms: int) -> None:
    shop = Shop()
    floor = shop.all_of_it(None)
    for step in walk:
        shop.go_on(step)
        floor = shop.all_of_it(floor)
    until_ms = floor.changes_ms
    assert until_ms is None or until_ms > shop.now_ms
    before_ms = shop.now_ms + later_ms
    if until_ms is not None:
        before_ms = min(before_ms, until_ms - 1)
    shop.now_ms = Millis(before_ms)
    assert rows(shop.all_of_it(floor)) == rows(floor)


def everybody() -> Shop:
    shop = Shop()
    shop.now_ms = at(20 * SECOND)
    for number, person in enumerate(PEOPLE):
        evidence = [heard(number * SECOND, 20 * SECOND)]
        shop.has[person] = truth(evidence, name=person)
    return shop


def test_longest_here_comes_first() -> None:
    shop = everybody()
    floor = shop.all_of_it(None)
    assert [row.visit for row in rows(floor)] == ["ada0", "ben0", "eve0"]
    shop.has[PEOPLE[0]] = truth([acted(5 * SECOND)], name="ada")
    floor = shop.some(floor, PEOPLE[0])
    assert [row.visit for row in rows(floor)] == ["ben0", "eve0", "ada0"]


def test_who_did_not_change_is_not_looked_at() -> None:
    shop = everybody()
    before = shop.all_of_it(None)
    shop.has[PEOPLE[1]] = NOBODY
    after = shop.some(before, PEOPLE[1])
    assert after.guests.keys() == {PEOPLE[0], PEOPLE[2]}
    assert after.guests[PEOPLE[0]] is before.guests[PEOPLE[0]]


def test_who_changed_nothing_that_shows_gives_no_other_rows() -> None:
    shop = everybody()
    before = shop.all_of_it(None)
    seen = sight(before, "advisor", None)
    after = shop.some(before, *PEOPLE)
    assert sight(after, "advisor", seen).rows is seen.rows


def test_somebody_unknown_who_is_not_here_is_nobody() -> None:
    shop = everybody()
    shop.has[PersonId("new")] = NOBODY
    assert PersonId("new") not in shop.some(shop.all_of_it(None), PersonId("new")).guests


def test_a_place_with_other_names_is_another_row() -> None:
    shop = everybody()
    floor = shop.all_of_it(None)
    seen = sight(floor, "advisor", None)
    moved_away = replace(PLACE, store=replace(PLACE.store, timezone="UTC"))
    now = sight(shop.all_of_it(floor, moved_away), "advisor", seen)
    assert set(difference(seen.rows, now.rows).changed) == {"ada0", "ben0", "eve0"}


def test_the_difference_is_told_in_order() -> None:
    before = {VisitId("a"): 1, VisitId("b"): 2, VisitId("c"): 3}
    now = {VisitId("d"): 4, VisitId("c"): 5, VisitId("b"): 2}
    differs = difference(before, now)
    assert differs.changed == ("d", "c")
    assert differs.gone == ("a",)
