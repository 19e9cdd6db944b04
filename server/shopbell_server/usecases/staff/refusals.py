"""Write down that people try to sign in with a wrong password.

Owns: how often that is written into the audit: seldom enough that nobody can fill it.
Never: whether a password is right (`sign_in`), or how often one may be tried (`core.access.allowance`).

A record for every refusal would let anybody who reaches the page fill a chain that is kept for twelve
months; none would hide that a password is being guessed. So refusals are counted, by the hour and by whose
name was given (names that nobody has count as one), and a record is made when a count has become tenfold:
at the 1st, 10th, 100th. A name has five tries a minute (`web.limits`), so that is three records an hour for
each member of staff at most, and the count of an hour that is on record is never off by more than tenfold.
They are made by a job and not while a browser waits: else the time of an answer would say which names exist.
"""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Final

from shopbell_server.core.audit.chain import SERVER, Act, What
from shopbell_server.core.ids import StaffId
from shopbell_server.core.units import HOUR_MS

if TYPE_CHECKING:
    from shopbell_server.core.ids import Millis
    from shopbell_server.ports.database import Database

TENFOLD: Final = 10

NOBODY: Final = StaffId("")
"""Stands for all names that nobody has: what was typed there may be a password in the wrong field."""


@dataclass(slots=True)
class _Count:
    refused: int = 0
    written: int = 0


class Refusals:
    """Counts of this process and hour. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._hour = 0
        self._counts: dict[StaffId, _Count] = {}

    def count(self, database: Database, staff: StaffId, now_ms: Millis) -> None:
        """Count that `staff`, or somebody with that name, was refused."""
        with database.read() as work:
            name = staff if work.registry.staff(staff) is not None else NOBODY
        with self._lock:
            if now_ms // HOUR_MS != self._hour:
                self._hour = now_ms // HOUR_MS
                # What was not written by then was fewer than ten times what was.
                self._counts = {}
            self._counts.setdefault(name, _Count()).refused += 1

    def write(self, database: Database, now_ms: Millis) -> int:
        """Write down whose count has become tenfold since it last was; return how many records."""
        with self._lock:
            counts = self._counts
            due = {
                name: each.refused
                for name, each in counts.items()
                if each.refused >= max(1, TENFOLD * each.written)
            }
        if not due:
            return 0
        with database.begin() as work:
            work.audit.note(
                [
                    Act(
                        at_ms=now_ms,
                        actor=SERVER,
                        what=What.SIGN_IN_REFUSED,
                        about=name,
                        why=f"{count} in this hour",
                    )
                    for name, count in sorted(due.items())
                ]
            )
            work.commit()
        for name, count in due.items():
            counts[name].written = count
        return len(due)
