"""Kinds of people: when each enrolled, and when she lets herself be recognised."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from shopbell_server.core.consent.ledger import Change, Purpose
from tests.server.ledger_entries import entry_of
from tests.server.usecases.floor import DAY, MINUTE, NOW

if TYPE_CHECKING:
    from shopbell_server.core.consent.ledger import Entry
    from shopbell_server.core.ids import PersonId

LONG_AGO: Final = NOW - 30 * DAY
FOR_LONG: Final = NOW + 30 * DAY


@dataclass(frozen=True)
class Kind:
    """`allows`: from when until before when."""

    created_ms: int
    allows: tuple[tuple[int, int], ...]

    def span(self, at_ms: int) -> tuple[int, int] | None:
        """Return when she allows it without a break around that moment."""
        return next((each for each in self.allows if each[0] <= at_ms < each[1]), None)

    def entries(self, person: PersonId) -> list[Entry]:
        """Return what she said, so that she allows just that."""
        said = []
        for from_ms, to_ms in self.allows:
            said.append((Change.GIVEN, from_ms))
            if to_ms <= NOW:
                said.append((Change.WITHDRAWN, to_ms))
        return [
            entry_of(person, Purpose.RECOGNISE_IN_STORE, change, at_ms, sequence=number)
            for number, (change, at_ms) in enumerate(said, 1)
        ]


ALWAYS: Final = Kind(LONG_AGO, ((LONG_AGO, FOR_LONG),))
LATER: Final = Kind(LONG_AGO, ((NOW - 20 * MINUTE, FOR_LONG),))
AGAIN: Final = Kind(LONG_AGO, ((LONG_AGO, NOW - 25 * MINUTE), (NOW - 15 * MINUTE, FOR_LONG)))
NEW: Final = Kind(NOW - 10 * MINUTE, ((NOW - 10 * MINUTE, FOR_LONG),))

KINDS: Final = (ALWAYS, LATER, AGAIN, NEW)
