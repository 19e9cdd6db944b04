"""A server's database in SQL."""

from __future__ import annotations

from pathlib import PurePath
from typing import Final

from shopbell_server.core.ids import TenantId
from shopbell_server.db import key_store
from shopbell_server.db.engine import WAIT_S
from shopbell_server.db.key_store import SqlKeys
from shopbell_server.db.unit_of_work import SqlDatabase
from tests.fakes.keys import boxes_at, boxes_of

ACME: Final = TenantId("acme")


def open_sql(url: str, tenant: TenantId = ACME, *, wait_s: float = WAIT_S) -> SqlDatabase:
    """Return the database at `url`, whose keys are the same for all of this process who open it."""
    return SqlDatabase(url, tenant, boxes_at(url, tenant), wait_s=wait_s)


def open_with_file(url: str, tenant: TenantId = ACME) -> SqlDatabase:
    """Return the SQLite database at `url` with its keys beside it, as a server has them by default."""
    keys = f"sqlite:///{PurePath(url.removeprefix('sqlite:///')).with_name('keys.db')}"
    key_store.prepare(keys)
    return SqlDatabase(url, tenant, boxes_of(SqlKeys(keys, tenant), tenant))
