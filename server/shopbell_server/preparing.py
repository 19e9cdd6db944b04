"""What a database needs before a server can serve: its tables, and what it begins with."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from shopbell_server.assembly import open_boxes, open_database, prepare_keys, secret_of, terms_of
from shopbell_server.core.ids import TenantId
from shopbell_server.db import migrate
from shopbell_server.db.unit_of_work import SqlDatabase
from shopbell_server.system import SystemClock, SystemEntropy
from shopbell_server.usecases.sow import sow
from shopbell_server.web.access.passwords import Argon2Passwords

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from shopbell_server.config.settings import Settings
    from shopbell_server.ports.boxes import Boxes
    from shopbell_server.seed import Seed
    from shopbell_server.usecases.sow import Sown


def missing(settings: Settings) -> Path | None:
    """Return the file of the database if it is not there, and `upgrade` would make an empty one."""
    return migrate.missing(settings.database.url)


def upgrade(settings: Settings, *, create: bool = True, new_keys: bool = False) -> str:
    """Bring the tables up to date, the store of keys first; return the revision that they are at.

    Raises KeysNotPreparedError if the keys that the database was sealed with are away, OtherKeysError if
    the settings name others; with `new_keys` they are the tenant's from here on, whatever the others sealed.
    Without `create` nothing is made where SQLite's file is missing: raises DatabaseTooOldError.
    """
    if not create:
        migrate.require_there(settings.database.url)
    prepare_keys(settings, new=new_keys)
    with contextlib.ExitStack() as stack:
        opened: dict[TenantId, Boxes] = {}

        def boxes_of(tenant: TenantId) -> Boxes:
            if tenant not in opened:
                opened[tenant] = stack.enter_context(
                    contextlib.closing(open_boxes(settings, tenant))
                )
            return opened[tenant]

        password = secret_of(settings.database.password_file)
        revision = migrate.upgrade(settings.database.url, password, boxes_of=boxes_of)
        tenant = TenantId(settings.tenant)
        database = SqlDatabase(settings.database.url, tenant, boxes_of(tenant), password=password)
        with contextlib.closing(database):
            if new_keys:
                database.forget_own_keys()
            database.require_own_keys()
        return revision


def cautions(settings: Settings) -> Sequence[str]:
    """Return what is dangerous about the database although a server can run on it, each with what to do."""
    address = settings.database.url, secret_of(settings.database.password_file)
    found = migrate.unguarded(*address), migrate.still_readable(*address)
    return [each for each in found if each is not None]


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
            guards=settings.identity.guards(),
        )
