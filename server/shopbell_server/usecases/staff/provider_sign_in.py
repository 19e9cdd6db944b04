"""Let staff in whom the retailer's own provider knows.

Owns: that an attempt is used once and in time; that role and stores follow from what the provider says each
time; that whoever it does not vouch for any more is out.
Never: whether the claims are the provider's (the Provider port), or who may come in by them
(`core.access.oidc_claims`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shopbell_server.core.access.credentials import (
    SECRET_BYTES,
    Kind,
    credential,
    fingerprint,
    is_a,
)
from shopbell_server.core.access.oidc_claims import Refusal, Refused, staff_of
from shopbell_server.core.audit.chain import SERVER, Act, What
from shopbell_server.core.ids import Millis
from shopbell_server.core.units import MINUTE_MS
from shopbell_server.usecases.staff.sign_in import opened_session

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from shopbell_server.core.access.oidc_claims import ClaimRules
    from shopbell_server.core.ids import StaffId
    from shopbell_server.core.language import Language
    from shopbell_server.core.registry import Staff
    from shopbell_server.ports.database import Database, UnitOfWork
    from shopbell_server.ports.world import Entropy
    from shopbell_server.usecases.staff.sign_in import SignedIn

ATTEMPT_MS: Final = 10 * MINUTE_MS
"""Time to find the telephone with the second factor; a tablet that is left at the provider's page is no open
door the rest of the day."""


def begin_attempt(database: Database, entropy: Entropy, now_ms: Millis) -> str:
    """Return the secret of an attempt to sign in, for the browser alone."""
    secret = credential(Kind.ATTEMPT, entropy.token(SECRET_BYTES))
    with database.begin() as work:
        work.staff_sessions.open_attempt(fingerprint(secret), Millis(now_ms + ATTEMPT_MS))
        work.commit()
    return secret


def take_attempt(database: Database, secret: str, now_ms: Millis) -> bool:
    """Return whether it is an attempt that is under way, and end it."""
    if not is_a(Kind.ATTEMPT, secret):
        return False
    with database.begin() as work:
        taken = work.staff_sessions.take_attempt(fingerprint(secret), now_ms)
        work.commit()
    return taken


def sign_in_by_claims(  # noqa: PLR0913  (each by name)
    database: Database,
    entropy: Entropy,
    now_ms: Millis,
    claims: Mapping[str, object],
    *,
    rules: ClaimRules,
    languages: Collection[Language],
    passwords_too: bool,
) -> SignedIn | Refused:
    """Return a session of whom `claims` name, made or changed to what they say; or why there is none.

    Where `passwords_too` open the door, whoever has one here is not taken for somebody of the provider's with
    the same id. Whoever is refused has no session any more.
    """
    with database.begin() as work:
        stores = [each.id for each in work.registry.stores()]
        decided = staff_of(claims, rules, stores, languages)
        whose = decided.staff if isinstance(decided, Refused) else decided.id
        known = None if whose is None else work.registry.staff(whose)
        if known is not None and passwords_too and work.registry.password_hash(known.id):
            return Refused(reason=Refusal.LOCAL, staff=known.id)
        if isinstance(decided, Refused):
            if known is not None:
                _end(work, now_ms, known.id, decided.reason)
                work.commit()
            return decided
        _put(work, now_ms, known, decided)
        signed_in = opened_session(work, entropy, now_ms, decided.id)
        work.commit()
    return signed_in


def _put(work: UnitOfWork, now_ms: Millis, known: Staff | None, now: Staff) -> None:
    if known == now and work.registry.password_hash(now.id) is None:
        return
    work.registry.put_staff(now, None)
    if known is None or (known.role, known.stores) != (now.role, now.stores):
        why = f"{now.role}: {', '.join(sorted(now.stores)) or '-'}"
        act = Act(at_ms=now_ms, actor=SERVER, what=What.STAFF_CHANGED, about=now.id, why=why)
        work.audit.note([act])


def _end(work: UnitOfWork, now_ms: Millis, staff: StaffId, why: Refusal) -> None:
    """End what somebody has open whom the provider does not let in any more."""
    sessions = [each for each in work.staff_sessions.all_sessions(now_ms) if each.staff == staff]
    work.staff_sessions.close_all(staff)
    work.audit.note(
        [
            Act(at_ms=now_ms, actor=SERVER, what=What.SESSION_REVOKED, about=each.id, why=why)
            for each in sessions
        ]
    )
