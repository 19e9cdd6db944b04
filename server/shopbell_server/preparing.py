"""What a database needs before a server can serve: its tables, and what it begins with."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from shopbell_server.assembly import open_database, prepare_keys, secret_of, terms_of
from shopbell_server.db import migrate
from shopbell_server.system import SystemClock, SystemEntropy
from shopbell_server.usecases.sow import sow
from shopbell_server.web.passwords import Argon2Passwords

if TYPE_CHECKING:
    from shopbell_server.config.settings import Settings
    from shopbell_server.seed import Seed
    from shopbell_server.usecases.sow import Sown


def upgrade(settings: Settings) -> str:
    """Bring the tables up to date, the store of keys first; return the revision that they are at."""
    prepare_keys(settings)
    return migrate.upgrade(settings.database.url, secret_of(settings.database.password_file))


def plant(settings: Settings, seed: Seed) -> Sown:
    """Write `seed` into the database of `settings`; a server may run on it meanwhile."""
    with contextlib.closing(open_database(settings)) as database:
        return sow(
            database,
            SystemEntropy(),
            Argon2Passwords(),
            seed,
            terms_of(settings),
            SystemClock().now_ms(),
        )
