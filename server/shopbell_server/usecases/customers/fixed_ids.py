"""Give somebody's fob or card to her, and take it back.

Owns: who may have one, and how many.
Never: the id (only its mark), or whose it is if it is somebody else's.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING

from shopbell_server.core.audit.chain import HERSELF, Act, What
from shopbell_server.core.consent.ledger import Purpose, active
from shopbell_server.core.recognition.fixed_ids import MOST, FixedId
from shopbell_server.usecases.groups import hold_one

if TYPE_CHECKING:
    from shopbell_server.core.ids import Millis, PersonId
    from shopbell_server.core.recognition.fixed_ids import IdMark
    from shopbell_server.ports.database import UnitOfWork
    from shopbell_server.ports.world import Entropy


class NotRegistered(Enum):
    """Why it is not hers."""

    NO_CONSENT = auto()
    """She does not let herself be recognised: a fob of hers would be followed for nothing."""
    TAKEN = auto()
    """It is somebody else's. Whose is not said."""
    TOO_MANY = auto()


class NotGivenBack(Enum):
    """There is nothing to give back."""

    UNKNOWN = auto()


def register(
    work: UnitOfWork, entropy: Entropy, now_ms: Millis, *, person: PersonId, mark: IdMark
) -> FixedId | NotRegistered:
    """Return it as hers from `now_ms` on; what is hers already stays as it is.

    Raises DatabaseBusyError if somebody else registers it at the same time: asked again, it is theirs; and
    if she was forgotten meanwhile.
    """
    # A withdrawal that runs at the same time waits, and then takes this one too.
    hold_one(work, person)
    ledger = work.ledger.entries([person]).get(person, ())
    if not active(ledger, Purpose.RECOGNISE_IN_STORE, now_ms):
        return NotRegistered.NO_CONSENT
    known = work.people.fixed_ids([mark]).get(mark)
    if known is not None:
        return known if known.person == person else NotRegistered.TAKEN
    if len(work.people.fixed_ids_of(person)) >= MOST:
        return NotRegistered.TOO_MANY
    hers = FixedId(mark=mark, name=entropy.uuid7(now_ms), person=person, registered_ms=now_ms)
    work.people.add_fixed_id(hers)
    work.audit.note([_act(now_ms, What.FIXED_ID_REGISTERED, person, hers.name)])
    return hers


def give_back(
    work: UnitOfWork, now_ms: Millis, *, person: PersonId, name: str
) -> NotGivenBack | None:
    """Let it be nobody's from now on. What was heard of it stays hers, as evidence of when she was here."""
    # Whoever takes sightings in holds her, so that each is wholly before or wholly after.
    work.people.lock([person])
    if work.people.remove_fixed_ids(person, name) == 0:
        return NotGivenBack.UNKNOWN
    work.audit.note([_act(now_ms, What.FIXED_ID_GIVEN_BACK, person, name)])
    return None


def _act(at_ms: Millis, what: What, person: PersonId, name: str) -> Act:
    return Act(at_ms=at_ms, actor=HERSELF, what=what, person=person, about=name)
