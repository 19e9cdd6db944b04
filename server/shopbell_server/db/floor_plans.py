"""Floor plans of stores.

Owns: the rows behind the port `FloorPlans`, the JSON in `floor_plans.plan_json`, and its version.
Never: what a plan means.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

import msgspec
from sqlalchemy import bindparam, select

from shopbell_server.core.ids import StoreId
from shopbell_server.core.zones.plan import FloorPlan
from shopbell_server.db.statements import replacing
from shopbell_server.db.transaction import ours
from shopbell_server.db.zone_tables import FLOOR_PLANS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shopbell_server.db.transaction import Transaction


class SqlFloorPlans:
    """`FloorPlans` in SQL."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._versions: Mapping[StoreId, str] | None = None

    def of(self, store: StoreId) -> FloorPlan | None:
        """Return the plan of a store, if it has one."""
        row = self._transaction.row(_OF, where=store)
        return None if row is None else decoded(row.plan_json)

    def versions(self) -> Mapping[StoreId, str]:
        """Return which stores have one, each with a name that changes with its plan or survey.

        As of the first time that a unit of work asks: it asks for each store and each person.
        """
        if self._versions is None:
            rows = self._transaction.rows(_VERSIONS)
            self._versions = {StoreId(row.store): row.version for row in rows}
        return self._versions

    def put(self, store: StoreId, plan: FloorPlan) -> None:
        """Insert or replace, surveys and all."""
        text = encoded(plan)
        version = hashlib.sha256(text.encode()).hexdigest()
        row = {"store": store, "version": version, "plan_json": text}
        self._transaction.insert(_PUT, [row])
        self._versions = None


def encoded(plan: FloorPlan) -> str:
    """Return the text to store."""
    return _FIRST + _encoder.encode(plan)[1:].decode()


def decoded(text: str) -> FloorPlan:
    """Return the plan in `text`, which `encoded` wrote. Raises msgspec.MsgspecError otherwise."""
    if not text.startswith(_FIRST):
        raise msgspec.ValidationError("a floor plan of a version that is not known")
    return _decoder.decode(text)


_FIRST: Final = '{"v":1,'

_encoder: Final = msgspec.json.Encoder()
_decoder: Final = msgspec.json.Decoder(FloorPlan)

_P: Final = FLOOR_PLANS.c
_OF: Final = select(_P.plan_json).where(ours(FLOOR_PLANS), _P.store == bindparam("where"))
_VERSIONS: Final = select(_P.store, _P.version).where(ours(FLOOR_PLANS))
_PUT: Final = replacing(FLOOR_PLANS)
