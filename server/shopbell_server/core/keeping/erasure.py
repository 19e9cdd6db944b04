"""Somebody was forgotten: what is remembered of that, and until when.

Owns: the steps of an erasure, when one is overdue, and what may not bring her back.
Never: her name. An erasure knows her by the id that the ledger has; what others know her by is sealed under a
key of the erasure's own, which is destroyed with the last answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, NewType

from shopbell_server.core.ids import PersonId
from shopbell_server.core.keeping.owners import owner_of_erasure, owner_of_person

if TYPE_CHECKING:
    from shopbell_server.core.ids import Millis, ProfileId
    from shopbell_server.core.keeping.owners import Owner

ErasureId = NewType("ErasureId", str)
"""`erasure-` and a UUIDv7. Events for sinks stand under it in the place of her id."""

DONE_MS: Final = 24 * 3_600_000
"""By when an erasure has to be done: rows and keys are gone within seconds, sinks have a day."""

AskedBy = Literal["phone", "operator", "server"]
"""She herself; somebody at the server's terminal; the time that had passed since she left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure:
    """One erasure. Her rows went when it was written."""

    id: ErasureId
    person: PersonId
    """Empty where it was a profile under which nobody was enrolled."""
    profiles: tuple[ProfileId, ...]
    """Hers and those that were part of it; none: others are enrolled under it, and it stays. Forgotten with
    the keys: a retailer may name profiles by its customers' numbers."""
    asked_ms: Millis
    asked_by: AskedBy
    keys_ms: Millis | None = None
    """When her keys were destroyed; None: not yet."""
    done_ms: Millis | None = None
    """When the last sink had answered or was given up, and the erasure's own key was destroyed."""


def erasure_id(unique: str) -> ErasureId:
    """Return the id of a new erasure."""
    return ErasureId(f"{_PREFIX}{unique}")


def stands_for(erasure: ErasureId) -> PersonId:
    """Return under which id events of an erasure wait for sinks: so they have a key of their own."""
    return PersonId(erasure)


def owner_of_events(person: PersonId) -> Owner:
    """Return under whose key the events are sealed that stand under an id: her own, or an erasure's."""
    if person.startswith(_PREFIX):
        return owner_of_erasure(person.removeprefix(_PREFIX))
    return owner_of_person(person)


def is_overdue(erasure: Erasure, now_ms: Millis) -> bool:
    """Return whether it should be done by now, and is not."""
    return erasure.done_ms is None and now_ms - erasure.asked_ms > DONE_MS


def mark_kind(kind: str) -> str:
    """Return under which kind the value of an identifier is marked."""
    return f"identifier {kind}"


_PREFIX: Final = "erasure-"
"""No enrolment is called so: they have UUIDs."""
