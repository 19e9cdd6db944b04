"""A server's database in SQL, with keys in memory."""

from __future__ import annotations

from typing import Final

from shopbell_server.core.ids import TenantId
from shopbell_server.db.engine import WAIT_S
from shopbell_server.db.unit_of_work import SqlDatabase
from tests.fakes.keys import boxes_at

ACME: Final = TenantId("acme")


def open_sql(url: str, tenant: TenantId = ACME, *, wait_s: float = WAIT_S) -> SqlDatabase:
    """Return the database at `url`, whose keys are the same for all of this process who open it."""
    return SqlDatabase(url, tenant, boxes_at(url, tenant), wait_s=wait_s)
