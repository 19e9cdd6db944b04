"""What a loop makes of a database that is busy or away, if its work comes round again by itself.

Owns: that such a round is let go of, and what the operator is told.
Never: work that somebody waits for (`ingest.loop`, `cdp.dispatch`): that is tried again at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import structlog

from shopbell_server.ports.database import DatabaseBusyError, DatabaseLostError

if TYPE_CHECKING:
    from collections.abc import Callable

log = structlog.get_logger()

T = TypeVar("T")


def attempt(work: Callable[[], T]) -> T | None:
    """Return what `work` gives, None if the database was busy or away: it is due again at the next round."""
    try:
        return work()
    except DatabaseBusyError:
        return None  # somebody else is at it
    except DatabaseLostError as error:
        log.error("database_lost", error=str(error))  # noqa: TRY400  # expected
        return None
