"""A database that does not always answer."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shopbell_server.ports.boxes import Boxes
    from shopbell_server.ports.database import Database, UnitOfWork


class FlakyDatabase:
    """Raises the next of `failures` instead of beginning to write, then works as the one inside."""

    def __init__(self, inside: Database) -> None:
        self.failures: deque[RuntimeError] = deque()
        self._inside = inside

    @property
    def boxes(self) -> Boxes:
        return self._inside.boxes

    def begin(self) -> UnitOfWork:
        if self.failures:
            raise self.failures.popleft()
        return self._inside.begin()

    def read(self) -> UnitOfWork:
        return self._inside.read()
