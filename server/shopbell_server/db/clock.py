"""What time it is where the database is.

Owns: asking. Jobs and triggers go by the database's clock in places; the rest by this machine's.
Never: which of the two is right.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from shopbell_server.db.engine import open_engine, reading
from shopbell_server.db.failures import in_our_words

if TYPE_CHECKING:
    from collections.abc import Callable

    from shopbell_server.core.ids import Millis

_NOW: Final = text("SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint")


def ahead_ms(url: str, password: str | None, now_ms: Callable[[], Millis]) -> int | None:
    """Return how far the database's clock is ahead of `now_ms`; None if it is a file of this machine.

    Right within half of the time that asking takes. Raises DatabaseLostError, DatabaseAddressError.
    """
    engine = open_engine(url, password)
    try:
        if engine.dialect.name == "sqlite":
            return None
        with reading(engine).connect() as connection:
            before = now_ms()
            there = int(connection.execute(_NOW).scalar_one())
            return there - (before + now_ms()) // 2
    except SQLAlchemyError as error:
        raise in_our_words(error) from None
    finally:
        engine.dispose()
