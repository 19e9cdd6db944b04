"""See who of the staff is signed in, and end it: a tablet was stolen, somebody left.

Owns: sessions listed and revoked, on record.
Never: how one begins (`sign_in`).
"""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING

from shopbell_server.core.audit.chain import Act, Actor, What

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shopbell_server.core.access.staff_session import OpenSession
    from shopbell_server.core.ids import Millis, StaffId
    from shopbell_server.core.registry import Staff
    from shopbell_server.ports.database import Database, UnitOfWork


class NoSession(Enum):
    """There is none of that id, or it is over."""

    NO_SESSION = auto()


def open_sessions(database: Database, now_ms: Millis) -> Sequence[tuple[OpenSession, Staff | None]]:
    """Return who is signed in, by when they signed in."""
    with database.read() as work:
        found = work.staff_sessions.all_sessions(now_ms)
        return [(each, work.registry.staff(each.staff)) for each in found]


def revoke_session(database: Database, now_ms: Millis, session_id: str, by: str) -> StaffId | None:
    """End the session of that id, on every screen; return whose it was, None if there is none.

    `by` is whoever sits at the terminal. Streams of the session end within seconds, requests at once.
    """
    with database.begin() as work:
        whose = revoke_in(work, now_ms, session_id, Actor(kind="operator", name=by))
        if isinstance(whose, NoSession):
            return None
        work.commit()
    return whose


def revoke_in(
    work: UnitOfWork, now_ms: Millis, session_id: str, actor: Actor
) -> StaffId | NoSession:
    """End the session of that id when `work` commits; return whose it is."""
    sessions = work.staff_sessions.all_sessions(now_ms)
    found = next((each for each in sessions if each.id == session_id), None)
    if found is None:
        return NoSession.NO_SESSION
    work.staff_sessions.close(found.sha256)
    work.audit.note([_ended(now_ms, actor, found.id)])
    return found.staff


def revoke_sessions_of(database: Database, now_ms: Millis, staff: StaffId, by: str) -> int | None:
    """End all sessions and links of somebody; return how many sessions, None if nobody has that id."""
    with database.begin() as work:
        if work.registry.staff(staff) is None:
            return None
        sessions = [
            each for each in work.staff_sessions.all_sessions(now_ms) if each.staff == staff
        ]
        work.staff_sessions.close_all(staff)
        work.audit.note(
            [_ended(now_ms, Actor(kind="operator", name=by), each.id) for each in sessions]
        )
        work.commit()
    return len(sessions)


def _ended(now_ms: Millis, actor: Actor, session_id: str) -> Act:
    return Act(at_ms=now_ms, actor=actor, what=What.SESSION_REVOKED, about=session_id)
