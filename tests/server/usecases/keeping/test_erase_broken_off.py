"""A forgetting that was broken off anywhere is completed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from shopbell_server.usecases.keeping.erase import finish
from tests.server.usecases.keeping.forgetting import LATER, forgotten, sealed_of, sent, undone

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shopbell_server.ports.boxes import Boxes
    from shopbell_server.ports.database import UnitOfWork
    from tests.server.usecases.floor import Floor


class BrokenError(Exception):
    """The process died here."""


class Dying:
    """A database that dies at its n-th step: beginning, committing, destroying keys."""

    def __init__(self, floor: Floor, steps: int) -> None:
        self._database = floor.database
        self.left = steps
        self.boxes = DyingBoxes(self)

    def step(self) -> None:
        if self.left == 0:
            raise BrokenError
        self.left -= 1

    def begin(self) -> UnitOfWork:
        self.step()
        return self._database.begin()

    def read(self) -> UnitOfWork:
        self.step()
        return self._database.read()

    @property
    def real(self) -> Boxes:
        return self._database.boxes


class DyingBoxes:
    def __init__(self, database: Dying) -> None:
        self._database = database

    def ask(self) -> None:
        self._database.step()

    def destroy(self, owners: Sequence[object]) -> None:
        self._database.step()
        self._database.real.destroy(owners)  # type: ignore[arg-type]  # they are handed on


@pytest.mark.parametrize("steps", range(8))
def test_a_crash_anywhere_is_completed(floor: Floor, steps: int) -> None:
    ada = floor.enrol("ada", 1)
    backup = sealed_of(floor, ada)
    erasure = forgotten(floor, ada)
    dying = Dying(floor, steps)
    try:
        finish(dying, erasure, LATER)  # type: ignore[arg-type]  # as much of it as is asked for
    except BrokenError:
        assert steps < 5
    sent(floor, erasure)
    (left,) = undone(floor)
    dying = Dying(floor, steps)
    try:
        done = finish(dying, left, LATER)  # type: ignore[arg-type]  # the same
    except BrokenError:
        done = False
    for each in undone(floor):
        assert finish(floor.database, each, LATER)
        done = True
    assert done
    assert undone(floor) == []
    assert floor.database.boxes.open("t.c", backup) == [None, None]
    assert floor.visits(ada) == []
