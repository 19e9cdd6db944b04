"""Who looks at customers, by what they presented: staff by their session, other systems by their key.

Owns: as whom a look is written down, and what it is said to be for.
Never: the record itself (`looks`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shopbell_server.core.access.credentials import credential_id
from shopbell_server.core.audit.chain import Actor, What
from shopbell_server.core.consent.ledger import Purpose
from shopbell_server.usecases.staff.sign_in import staff_by_session

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from shopbell_server.core.ids import Millis
    from shopbell_server.ports.database import UnitOfWork

PURPOSES: Final = {
    What.BOARD_READ: "serve_in_store",
    What.VISIT_READ: "review_visits",
    What.PROFILE_READ: "review_profile",
    What.DEAD_LETTER_READ: "mend_delivery",
}
"""What a look of staff is for: the board is for helping who is here, the list of visits for looking back, a
profile, whoever reads it, for joining what is one person's and keeping apart what is not, a dead letter for
finding out why a receiver did not take it."""

SYSTEM: Final = "system"
"""The role of another system, as she is told of it."""


def lookers(work: UnitOfWork, sessions: Collection[bytes], now_ms: Millis) -> Mapping[bytes, Actor]:
    """Return who they are, by the fingerprint of a session or key; those that are over are left out."""
    found = {
        session: Actor(
            kind="staff", name=staff.id, role=staff.role, credential=credential_id(session)
        )
        for session, staff in staff_by_session(work, sessions, now_ms).items()
    }
    for session in set(sessions) - found.keys():
        key = work.registry.api_key(session)
        if key is not None and key.revoked_ms is None:
            found[session] = Actor(
                kind="system", name=key.name, role=SYSTEM, credential=credential_id(session)
            )
    return found


def purpose_of(looker: Actor, what: What) -> str:
    """Return what a look is for, as she is told.

    A system sees visits of those who share with it; profiles and dead letters it sees of everybody, as
    operators do.
    """
    if looker.kind == "staff" or what in {What.PROFILE_READ, What.DEAD_LETTER_READ}:
        return PURPOSES[what]
    return Purpose.SHARE_WITH_CDP
