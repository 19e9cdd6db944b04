"""Staff see one row and one visit of people who are joined, as all of them allow."""

from __future__ import annotations

from shopbell_server.core.consent.ledger import Change, Purpose
from shopbell_server.core.ids import Millis
from shopbell_server.usecases.staff.visits_list import list_visits
from shopbell_server.usecases.staff.who_is_here import some, who_is_here
from tests.server.usecases.floor import DAY, NOW, RULES, STORE, Floor, Someone
from tests.server.usecases.joined.doing import HOUR, joined, leaves, says, was_heard


def shown(floor: Floor) -> list[tuple[str, str | None]]:
    board = who_is_here(
        floor.database, Millis(NOW), RULES, store=STORE, viewer="advisor", before=None
    )
    assert board is not None
    return [(board.persons[each.visit], each.person.first_name) for each in board.rows]


def allows_to_be_seen(floor: Floor, *people: Someone) -> None:
    for each in people:
        for purpose in (Purpose.SHOW_TO_STAFF, Purpose.GREET_BY_NAME):
            floor.consents(each, Change.GIVEN, NOW - 20 * DAY, purpose)


def test_staff_see_one_row_and_what_all_of_them_allow(
    floor: Floor, old: Someone, new: Someone
) -> None:
    allows_to_be_seen(floor, old)
    floor.consents(new, Change.GIVEN, NOW - 20 * DAY, Purpose.SHOW_TO_STAFF)
    was_heard(floor, old, 5, 0)
    was_heard(floor, new, 5, 0)
    assert set(shown(floor)) == {(new.person, None), (old.person, "First-old")}
    joined(floor, old, new)
    assert shown(floor) == [(old.person, None)]
    says(floor, new, given=True, purpose=Purpose.GREET_BY_NAME)
    assert shown(floor) == [(old.person, "First-old")]
    leaves(floor, old)
    assert shown(floor) == []


def test_who_has_not_left_gives_the_group_its_name(
    floor: Floor, old: Someone, new: Someone
) -> None:
    allows_to_be_seen(floor, old, new)
    joined(floor, old, new)
    leaves(floor, old, NOW - HOUR)
    for purpose in (
        Purpose.RECOGNISE_IN_STORE,
        Purpose.SHOW_TO_STAFF,
        Purpose.GREET_BY_NAME,
    ):
        says(floor, new, given=True, purpose=purpose, now_ms=NOW - HOUR + 1)
    was_heard(floor, new, 5, 0)
    assert shown(floor) == [(old.person, "First-new")]
    leaves(floor, new)
    assert shown(floor) == []


def test_whoever_changed_the_row_of_all_is_looked_at_again(
    floor: Floor, old: Someone, new: Someone
) -> None:
    joined(floor, old, new)
    was_heard(floor, new, 5, 0)
    found = some(floor.database, Millis(NOW), RULES, store=STORE, persons=[new.person])
    assert found[new.person].visits == ()
    (visit,) = found[old.person].visits
    assert {each.key.person for each in found[old.person].heard} == {old.person}
    assert visit == floor.visits(old)[0]


def test_the_list_shows_the_visit_of_both_as_all_of_them_allow(
    floor: Floor, old: Someone, new: Someone
) -> None:
    allows_to_be_seen(floor, old, new)
    joined(floor, old, new)
    was_heard(floor, new, 60, 50)

    def listed() -> list[str | None]:
        page = list_visits(
            floor.database, Millis(NOW), stores=[STORE], viewer="manager", after=None, size=9
        )
        return [each.person.first_name for each in page.visits]

    assert listed() == ["First-old"]
    says(floor, new, given=False, purpose=Purpose.SHOW_TO_STAFF)
    assert listed() == []
