"""Forgetting somebody, and remembering that it was done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from shopbell_server.core.ids import Millis, PersonId, ProfileId
    from shopbell_server.core.keeping.erasure import Erasure, ErasureId


class Erasures(Protocol):
    """What was erased, and what keeps it from coming back."""

    def add(self, erasure: Erasure) -> None:
        """Keep a new one."""
        ...

    def get(self, erasure: ErasureId) -> Erasure | None: ...
    def claim(self, erasure: ErasureId) -> Erasure | None:
        """Return the one of that id, held until the unit of work ends; None if somebody else holds it."""
        ...

    def undone(self, limit: int, behind: str = "") -> Sequence[Erasure]:
        """Return those that are not done: those with keys that are still there first, then in turn.

        The turn begins with the oldest behind the id `behind`, and after the newest with the oldest of all.
        """
        ...

    def all(self, limit: int) -> Sequence[Erasure]:
        """Return the newest, those that are not done first."""
        ...

    def count_overdue(self, asked_before_ms: Millis) -> int:
        """Return how many that were asked for before are not done."""
        ...

    def has_keys_left(self, profiles: Collection[ProfileId]) -> bool:
        """Return whether the key of one of `profiles` is still to be destroyed."""
        ...

    def keys_destroyed(self, erasure: ErasureId, at_ms: Millis) -> None:
        """Note that her keys are gone, and forget which profiles it was; the first time counts."""
        ...

    def done(self, erasure: ErasureId, at_ms: Millis) -> None: ...

    def told_so_far(self, person: PersonId) -> int:
        """Return how many facts there ever were of somebody."""
        ...

    def waiting(self, person: PersonId) -> Mapping[str, int]:
        """Return for which sinks something of somebody still waits, and how much for each."""
        ...

    def remove_rows(self, person: PersonId) -> Mapping[str, int]:
        """Remove all rows of somebody, who is joined with nobody; return how many of each table.

        Not the ledger, nor the audit. Till receipts are nobody's from now on. Doing it again finds nothing.
        """
        ...

    def remove_events(self, person: PersonId) -> None:
        """Remove the facts that were to be told under an id, and their deliveries."""
        ...

    def mark(self, kind: str, values: Collection[str], at_ms: Millis) -> None:
        """Let values be known as erased at a time; of two the later one counts."""
        ...

    def erased(self, kind: str, values: Collection[str]) -> Mapping[str, Millis]:
        """Return when each of `values` was erased; others are left out."""
        ...

    def outliving(self, behind: str, limit: int) -> Sequence[ProfileId]:
        """Return profiles somebody of whom was forgotten, and which nobody uses; by id, from behind `behind`.

        That is, under which nobody is enrolled but whose enrolments had ended by then. Some are parts of
        profiles that are in use.
        """
        ...

    def persons(self, after: str, limit: int) -> Sequence[PersonId]:
        """Return who is enrolled, revoked ones too, in the order of their ids, from behind `after` on."""
        ...

    def ended_before(self, before_ms: Millis, limit: int) -> Sequence[PersonId]:
        """Return whose enrolments ended before, the earliest first."""
        ...
