"""`shopbell-server sessions …`: who of the staff is signed in. No running server is needed.

Owns: what an operator asks for and reads.
Never: a secret: nobody can show one again.
"""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING

from shopbell_program.commands import CommandError, UsageError
from shopbell_server.assembly import open_database
from shopbell_server.core.ids import StaffId
from shopbell_server.operating.terminal import moment, print_table
from shopbell_server.system import SystemClock, user_name
from shopbell_server.usecases.staff.staff_sessions import (
    open_sessions,
    revoke_session,
    revoke_sessions_of,
)

if TYPE_CHECKING:
    import argparse

    from shopbell_server.config.settings import Settings
    from shopbell_server.core.access.staff_session import OpenSession
    from shopbell_server.core.registry import Staff


def show(settings: Settings, arguments: argparse.Namespace) -> None:
    """Print who is signed in."""
    with contextlib.closing(open_database(settings)) as database:
        found = open_sessions(database, SystemClock().now_ms())
    if arguments.json:
        print(json.dumps([_plain(session, staff) for session, staff in found]))
        return
    rows: list[tuple[str, ...]] = [("ID", "STAFF", "ROLE", "SINCE", "UNTIL AT THE LATEST")]
    rows += [
        (
            session.id,
            session.staff,
            "" if staff is None else staff.role,
            moment(session.opened_ms),
            moment(session.ends_ms),
        )
        for session, staff in found
    ]
    print_table(rows)


def end(settings: Settings, arguments: argparse.Namespace) -> None:
    """End one session, or all of somebody."""
    if (arguments.id is None) == (arguments.staff is None):
        raise UsageError("give one of ID and --staff NAME")
    with contextlib.closing(open_database(settings)) as database:
        now_ms, by = SystemClock().now_ms(), user_name()
        if arguments.id is not None:
            staff = revoke_session(database, now_ms, arguments.id, by)
            if staff is None:
                raise CommandError(
                    f'there is no session "{arguments.id}"; '
                    "`shopbell-server sessions list` shows which there are"
                )
            print(f"session {arguments.id} of {staff} is over")
            return
        count = revoke_sessions_of(database, now_ms, StaffId(arguments.staff), by)
    if count is None:
        raise CommandError(f'there is no member of staff "{arguments.staff}"')
    print(
        f"{count} sessions of {arguments.staff} are over; links made for them open nothing any more"
    )


def _plain(session: OpenSession, staff: Staff | None) -> dict[str, object]:
    return {
        "id": session.id,
        "staff": session.staff,
        "role": None if staff is None else staff.role,
        "opened_ms": session.opened_ms,
        "expires_ms": session.expires_ms,
        "ends_ms": session.ends_ms,
    }
