"""What was sealed of somebody who is forgotten opens no more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from shopbell_server.core.keeping.owners import owner_of_person
from shopbell_server.usecases.keeping.erase import finish, unreadable
from tests.server.usecases.keeping.forgetting import LATER, forgotten, sealed_of

if TYPE_CHECKING:
    from tests.server.usecases.floor import Floor


def test_what_was_sealed_of_her_opens_no_more_not_even_from_a_backup(floor: Floor) -> None:
    ada = floor.enrol("ada", 1)
    backup = sealed_of(floor, ada)
    assert floor.database.boxes.open("t.c", backup) == [b"her name", b"her name"]
    finish(floor.database, forgotten(floor, ada), LATER)
    assert floor.database.boxes.open("t.c", backup) == [None, None]


def test_who_came_back_with_a_backup_of_the_database_is_found(floor: Floor) -> None:
    if floor.url is None:
        pytest.skip("in memory nothing is sealed")
    ada, ben = floor.enrol("ada", 1), floor.enrol("ben", 2)
    assert unreadable(floor.database) == ([], 2)
    floor.database.boxes.destroy([owner_of_person(ada.person)])  # as if her rows had come back
    assert unreadable(floor.database) == ([ada.person], 2)
    finish(floor.database, forgotten(floor, ada), LATER)
    assert unreadable(floor.database) == ([], 1)
    assert floor.visits(ben) == []
