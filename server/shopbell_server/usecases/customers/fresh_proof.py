"""Whether it is still she who asks to take everything along, or to be forgotten.

Owns: what proves it: a ticket of her profile, used up by that, or having come to her page a moment ago.
Never: what she asks for.

A device token alone is not enough: whoever found it could take away or destroy what there is of her. A ticket
is made by the retailer's own backend, for somebody who is signed in there.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TYPE_CHECKING

from shopbell_server.core.access.credentials import MOST_CHARACTERS, fingerprint
from shopbell_server.core.access.customer_sessions import is_fresh
from shopbell_server.usecases.identity.profile_holds import hold_chain

if TYPE_CHECKING:
    from shopbell_server.core.access.customer_sessions import CustomerSession
    from shopbell_server.core.identity.people import Enrolment
    from shopbell_server.core.ids import Millis
    from shopbell_server.ports.database import UnitOfWork


class NotProven(Enum):
    """Why it is not done. Nothing was changed: a ticket that does not fit is not used up."""

    NOT_FRESH = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class ByTicket:
    """Her phone asks, with a ticket that her app's backend made for her profile."""

    ticket: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ByPage:
    """She asks at her page."""

    session: CustomerSession


Proof = ByTicket | ByPage


def prove(work: UnitOfWork, enrolment: Enrolment, proof: Proof, now_ms: Millis) -> NotProven | None:
    """Return None if it is she, for certain enough; a ticket is used up when this unit of work commits.

    Whoever gets `NotProven` returns it and commits nothing.
    """
    match proof:
        case ByPage(session=session):
            return None if is_fresh(session, now_ms) else NotProven.NOT_FRESH
        case ByTicket(ticket=ticket):
            if len(ticket) > MOST_CHARACTERS:
                return NotProven.NOT_FRESH
            profile = work.people.redeem_ticket(fingerprint(ticket), now_ms)
            if profile is None:
                return NotProven.NOT_FRESH
            # The backend may know her by a profile that has become part of another one.
            is_hers = hold_chain(work, profile)[-1] == enrolment.profile
            return None if is_hers else NotProven.NOT_FRESH
