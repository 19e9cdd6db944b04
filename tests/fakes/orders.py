"""What an edge keeps, looks at itself with, and shows itself by, without a disk or a lamp."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shopbell_edge.core.standing import Book
    from shopbell_wire.messages import Finding


class MemoryOrderBook:
    """Remembers every book that was kept; a `full` one keeps none."""

    def __init__(self) -> None:
        self.kept: list[Book] = []
        self.full = False

    async def keep(self, book: Book) -> None:
        if self.full:
            raise OSError(errno.ENOSPC, "No space left on device")
        self.kept.append(book)


class FakeCheckup:
    def __init__(self, *findings: Finding) -> None:
        self.found = findings

    async def findings(self) -> Sequence[Finding]:
        return self.found


class FakeSign:
    """Writes down what was done with it; one that is `away` cannot be borrowed, nor switched."""

    def __init__(self, name: str = "the lamp", *, away: bool = False) -> None:
        self.name = name
        self.away = away
        self.borrowed = False
        self.blinks = 0

    def borrow(self) -> None:
        self._check()
        self.borrowed = True

    def switch(self, *, on: bool) -> None:
        self._check()
        self.blinks += on

    def give_back(self) -> None:
        self.borrowed = False

    def _check(self) -> None:
        if self.away:
            raise OSError(errno.ENODEV, "No such device")
