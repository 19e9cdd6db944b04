"""Tell sinks that a consent changed.

Owns: the facts of entries of the ledger, and whom boards have to look at for them.
Never: whether a sink may be told (callers know what was in force), or the entries.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shopbell_server.core.consent.ledger import Purpose
from shopbell_server.core.facts import ConsentChanged
from shopbell_server.core.ids import FactId

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from shopbell_server.core.consent.ledger import Entry
    from shopbell_server.core.ids import PersonId, StoreId
    from shopbell_server.ports.database import UnitOfWork
    from shopbell_server.ports.world import Entropy

SHOWN: Final = frozenset({Purpose.RECOGNISE_IN_STORE, Purpose.SHOW_TO_STAFF, Purpose.GREET_BY_NAME})
"""Purposes that a board acts on: a change of one is announced."""


def tell_changes(
    work: UnitOfWork,
    entropy: Entropy,
    entries: Sequence[Entry],
    sinks: Collection[str],
    *,
    whose: PersonId,
) -> None:
    """Queue that `entries` were said, of the one whom sinks know as `whose`."""
    if not entries:
        return
    facts = [
        ConsentChanged(
            fact=FactId(entropy.uuid7(entry.at_ms)),
            person=whose,
            at_ms=entry.at_ms,
            recorded_ms=entry.at_ms,
            purpose=entry.purpose,
            change=entry.change,
            place=entry.place,
            text_version=entry.text_version,
            language=entry.language,
        )
        for entry in entries
    ]
    work.outgoing.add(facts, sinks, entries[0].at_ms)


def stores_shown_in(
    work: UnitOfWork,
    person: PersonId,
    was: Collection[Purpose],
    now: Collection[Purpose],
) -> frozenset[StoreId]:
    """Return the stores whose boards may look different now that `person` allows other purposes."""
    if not SHOWN & (set(was) ^ set(now)):
        return frozenset()
    return frozenset(each.store for each in work.visits.of_person(person) if each.state != "ended")
