"""Room for observations is made before they come, or when they came.

Owns: the transaction in which it is made.
Never: how wide a shelf is (`core.observations`), or what one is in the database.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shopbell_server.core.observations import shelves_ahead

if TYPE_CHECKING:
    from collections.abc import Collection

    from shopbell_server.core.ids import Millis
    from shopbell_server.ports.database import Database


def make_shelves(database: Database, shelves: Collection[int]) -> None:
    """Make room on `shelves`; any process may, at any time.

    Nobody is held meanwhile: who waits for another to make them keeps no third one waiting.
    """
    with database.begin() as work:
        work.observations.make_shelves(shelves)
        work.commit()


def make_shelves_ahead(database: Database, now_ms: Millis) -> None:
    """Make the room that is soon needed, so that no batch has to wait for it."""
    make_shelves(database, shelves_ahead(now_ms))
