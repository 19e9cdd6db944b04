"""Let staff in, and out.

Owns: passwords checked, sessions and one-use links.
Never: cookies, or how a password is hashed (the Passwords port).
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from shopbell_server.core.access.allowance import Wait, draw_until
from shopbell_server.core.access.credentials import (
    SECRET_BYTES,
    Kind,
    credential,
    fingerprint,
    id_of,
    is_a,
)
from shopbell_server.core.access.staff_session import begun, prolonged
from shopbell_server.core.audit.chain import Act, Actor, What
from shopbell_server.core.ids import Millis, StaffId
from shopbell_server.ports.database import DatabaseBusyError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from shopbell_server.core.access.allowance import Allowance
    from shopbell_server.core.registry import Staff
    from shopbell_server.ports.database import Database, UnitOfWork
    from shopbell_server.ports.world import Entropy, Passwords

LINK_MS: Final = 15 * 60_000
"""Time enough to open the browser that the terminal's line belongs in, and no longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """A session: the secret is for the cookie and is stored nowhere."""

    secret: str = field(repr=False)
    staff: StaffId


def sign_in(
    database: Database,
    passwords: Passwords,
    entropy: Entropy,
    now_ms: Millis,
    *,
    staff: StaffId,
    password: str,
) -> SignedIn | None:
    """Return a session, or None: the name or the password is wrong, and it does not say which.

    Takes as long for an unknown name as for a wrong password.
    """
    with database.read() as work:
        stored = work.registry.password_hash(staff) if work.registry.staff(staff) else None
    # Outside of the transaction: it takes a tenth of a second.
    if not passwords.match(stored, password):
        return None
    with database.begin() as work:
        signed_in = opened_session(work, entropy, now_ms, staff)
        work.commit()
    return signed_in


def may_try(database: Database, name: str, allowance: Allowance, now_ms: Millis) -> Wait | None:
    """Count one try of a password for `name`; return how long to wait if it is one too many.

    Counted in the database, before the password is looked at, for names that nobody has too: however many
    processes there are, and whichever answers, `allowance` is all that a name gets. What is kept is a hash
    of what was typed, until its allowance is whole again.
    """
    tried = fingerprint(f"shopbell/v1/sign-in\n{name}")
    with database.begin() as work:
        drawn = draw_until(work.staff_sessions.hold_tries(tried), allowance, now_ms)
        if isinstance(drawn, Wait):
            return drawn
        work.staff_sessions.put_tries(tried, drawn)
        work.commit()
    return None


def make_link(database: Database, entropy: Entropy, now_ms: Millis, staff: StaffId) -> str:
    """Return the secret of a link that signs `staff` in once, within 15 minutes.

    For a terminal that whoever owns this machine is looking at; send it to nobody.
    """
    secret = credential(Kind.LINK, entropy.token(SECRET_BYTES))
    with database.begin() as work:
        work.staff_sessions.open_link(fingerprint(secret), staff, Millis(now_ms + LINK_MS))
        work.audit.note(
            [
                Act(
                    at_ms=now_ms,
                    actor=Actor(kind="operator", name="", credential=id_of(secret)),
                    what=What.LINK_MADE,
                    about=staff,
                )
            ]
        )
        work.commit()
    return secret


def follow_link(
    database: Database, entropy: Entropy, now_ms: Millis, secret: str
) -> SignedIn | None:
    """Return a session and use the link up; None if it is unknown, used or expired."""
    if not is_a(Kind.LINK, secret):
        return None
    with database.begin() as work:
        staff = work.staff_sessions.take_link(fingerprint(secret), now_ms)
        if staff is None:
            return None
        signed_in = opened_session(work, entropy, now_ms, staff)
        work.commit()
    return signed_in


def who_is(database: Database, secret: str, now_ms: Millis) -> Staff | None:
    """Return who is signed in with `secret`, as the registry knows them now. It is a use of the session."""
    if not is_a(Kind.SESSION, secret):
        return None
    session = fingerprint(secret)
    return who_are(database, [session], now_ms).get(session)


def who_are(
    database: Database, sessions: Collection[bytes], now_ms: Millis
) -> Mapping[bytes, Staff]:
    """Return the same of many sessions by their fingerprints; those that are over are left out."""
    with database.read() as work:
        found = work.staff_sessions.sessions(sessions, now_ms)
        known = {staff: work.registry.staff(staff) for staff in {each.staff for each in found}}
    until = {each.sha256: prolonged(each, now_ms) for each in found}
    _prolong(database, {session: ms for session, ms in until.items() if ms is not None})
    signed_in = ((each.sha256, known[each.staff]) for each in found)
    return {session: staff for session, staff in signed_in if staff is not None}


def staff_by_session(
    work: UnitOfWork, sessions: Collection[bytes], now_ms: Millis
) -> Mapping[bytes, Staff]:
    """Return the same within a unit of work. It is no use of the sessions."""
    staff_of = work.staff_sessions.staff_of_each(sessions, now_ms)
    known = {staff: work.registry.staff(staff) for staff in set(staff_of.values())}
    found = ((session, known[staff]) for session, staff in staff_of.items())
    return {session: staff for session, staff in found if staff is not None}


def sign_out(database: Database, secret: str) -> None:
    """End the session, on every screen that has it."""
    with database.begin() as work:
        work.staff_sessions.close(fingerprint(secret))
        work.commit()


def opened_session(work: UnitOfWork, entropy: Entropy, now_ms: Millis, staff: StaffId) -> SignedIn:
    """Begin a session of somebody who has just shown who they are, on record."""
    secret = credential(Kind.SESSION, entropy.token(SECRET_BYTES))
    session = begun(fingerprint(secret), staff, now_ms)
    work.staff_sessions.open(session)
    known = work.registry.staff(staff)
    role = "" if known is None else known.role
    actor = Actor(kind="staff", name=staff, role=role, credential=id_of(secret))
    work.audit.note([Act(at_ms=now_ms, actor=actor, what=What.SIGNED_IN)])
    return SignedIn(secret=secret, staff=staff)


def _prolong(database: Database, until_ms: Mapping[bytes, Millis]) -> None:
    if until_ms:
        # Somebody else writes: the next use does it.
        with suppress(DatabaseBusyError), database.begin() as work:
            work.staff_sessions.prolong(until_ms)
            work.commit()
