"""What is stored of somebody's presence goes together: evidence, reports, places, and whose receipts were.

Owns: which that is.
Never: when it has to go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shopbell_server.core.ids import Millis, PersonId, StoreId
    from shopbell_server.ports.database import UnitOfWork


def forget_within(
    work: UnitOfWork, person: PersonId, store: StoreId, first_ms: Millis, last_ms: Millis
) -> None:
    """Forget what a stay of hers in a store, from `first_ms` to `last_ms`, was made of; she is held."""
    work.intervals.remove_within(person, store, first_ms, last_ms)
    work.observations.remove_within(person, store, first_ms, last_ms)
    work.places.remove_within(person, store, first_ms, last_ms)
    work.receipts.disown_within(person, store, first_ms, last_ms)


def forget_from(work: UnitOfWork, person: PersonId, at_ms: Millis) -> None:
    """Leave nothing of her from `at_ms` on, in any store; she is held."""
    work.intervals.truncate(person, at_ms)
    work.observations.truncate(person, at_ms)
    work.places.truncate(person, at_ms)
    work.receipts.disown_from(person, at_ms)
