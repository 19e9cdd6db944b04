from __future__ import annotations

from gettext import NullTranslations

import pytest

from shopbell_server.catalogues import shipped
from shopbell_server.core.board.handles import handle, next_number

ALL = range(1, 100)


def test_in_words() -> None:
    assert handle(12).words(shipped().voice("nl")) == "Gast 12 ◆ blauw"
    assert handle(12).words(NullTranslations()) == "Guest 12 ◆ blue"


def test_35_in_a_row_all_look_different_without_their_number() -> None:
    for first in range(1, 66):
        looks = {(handle(n).shape, handle(n).colour) for n in range(first, first + 35)}
        assert len(looks) == 35


def test_neighbours_differ_in_shape_so_that_no_colour_is_needed() -> None:
    for number in range(1, 99):
        assert handle(number).shape != handle(number + 1).shape
        assert handle(number).colour != handle(number + 1).colour


def test_a_shape_has_one_sign() -> None:
    assert len({(handle(n).shape, handle(n).sign) for n in ALL}) == 5
    assert len({handle(n).sign for n in ALL}) == 5


@pytest.mark.parametrize("number", [0, -1, 100])
def test_numbers_are_1_to_99(number: int) -> None:
    with pytest.raises(ValueError, match="1 to 99"):
        handle(number)


@pytest.mark.parametrize(
    ("taken", "previous", "expected"),
    [
        (set(), 0, 1),
        (set(), 12, 13),
        ({13, 14}, 12, 15),
        (set(), 99, 1),
        ({1}, 99, 2),
        (set(ALL) - {7}, 7, 7),
        (set(ALL), 7, None),
    ],
)
def test_the_next_number(taken: set[int], previous: int, expected: int | None) -> None:
    assert next_number(taken, previous) == expected
