"""The consent ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from shopbell_server.core.consent.ledger import Change, Entry, Purpose
    from shopbell_server.core.ids import Millis, PersonId


class Ledger(Protocol):
    """Consent, append-only. The state is derived by `core.consent.ledger`, never stored."""

    def entries(self, persons: Collection[PersonId]) -> Mapping[PersonId, Sequence[Entry]]:
        """Return all entries of each person, oldest first; people without any are left out."""
        ...

    def run_out(self, since_ms: Millis, now_ms: Millis) -> Sequence[PersonId]:
        """Return, in order, those whose latest word on a purpose may have run out from then until now.

        Some of them may run out a day later only: `core.consent.ledger.expiring` says.
        """
        ...

    def tally(self) -> Mapping[tuple[Purpose, Change], int]:
        """Return how many people's latest word on each purpose is which. It reads the whole ledger."""
        ...

    def append(self, entries: Sequence[Entry]) -> None:
        """Add entries; (person, sequence) must be new. Raises DatabaseBusyError if one is not."""
        ...
