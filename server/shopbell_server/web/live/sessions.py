"""Who of those who look is still signed in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shopbell_server.usecases.staff.sign_in import who_are

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from shopbell_server.core.registry import Staff
    from shopbell_server.ports.database import Database
    from shopbell_server.ports.world import ServerClock


class Sessions:
    """Asks the database. Blocks; safe to use from several threads."""

    def __init__(self, database: Database, clock: ServerClock) -> None:
        self._database = database
        self._clock = clock

    def staff(self, sessions: Collection[bytes]) -> Mapping[bytes, Staff]:
        """Return who is signed in, of these fingerprints; those whose session is over are left out."""
        return who_are(self._database, sessions, self._clock.now_ms())
