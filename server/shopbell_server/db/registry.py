"""Stores, zones, edges, staff and keys of other systems.

Owns: the rows behind the port `Registry`.
Never: what a role may do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec
from sqlalchemy import bindparam, select

from shopbell_server.core.ids import EdgeId, StaffId, StoreId, ZoneId
from shopbell_server.core.registry import Edge, Staff, Store, Zone
from shopbell_server.db.registry_tables import API_KEYS, EDGES, STAFF, STORES, ZONES
from shopbell_server.db.statements import replacing
from shopbell_server.db.transaction import ours

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from shopbell_server.db.transaction import Transaction


class SqlRegistry:
    """`Registry` in SQL."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def stores(self) -> Sequence[Store]:
        """Return all, in the order of their ids."""
        return [
            Store(id=StoreId(row.store), name=row.name, timezone=row.timezone)
            for row in self._transaction.rows(_STORES)
        ]

    def store(self, store: StoreId) -> Store | None:
        """Return one store."""
        row = self._transaction.row(_STORE, store=store)
        return None if row is None else Store(id=store, name=row.name, timezone=row.timezone)

    def zones(self, store: StoreId) -> Sequence[Zone]:
        """Return the zones of a store, in the order of their ids."""
        return [
            Zone(id=ZoneId(row.zone), store=store, name=row.name)
            for row in self._transaction.rows(_ZONES, store=store)
        ]

    def edges(self) -> Mapping[EdgeId, Edge]:
        """Return all: a few thousand at most, and ingest needs them for every batch."""
        return {
            EdgeId(row.edge): Edge(
                id=EdgeId(row.edge),
                store=StoreId(row.store),
                active=row.active,
                zones=_zones_of.decode(row.zones_json),
            )
            for row in self._transaction.rows(_EDGES)
        }

    def put_store(self, store: Store) -> None:
        """Insert or replace."""
        self._transaction.insert(
            _PUT_STORE, [{"store": store.id, "name": store.name, "timezone": store.timezone}]
        )

    def put_zone(self, zone: Zone) -> None:
        """Insert or replace; its store must be there."""
        self._transaction.insert(
            _PUT_ZONE, [{"store": zone.store, "zone": zone.id, "name": zone.name}]
        )

    def put_edge(self, edge: Edge) -> None:
        """Insert or replace; its store must be there."""
        self._transaction.insert(
            _PUT_EDGE,
            [
                {
                    "edge": edge.id,
                    "store": edge.store,
                    "active": edge.active,
                    "zones_json": msgspec.json.encode(edge.zones).decode(),
                }
            ],
        )

    def staff(self, staff: StaffId) -> Staff | None:
        """Return one member of staff."""
        row = self._transaction.row(_ONE_STAFF, staff=staff)
        if row is None:
            return None
        return Staff(
            id=staff,
            name=row.name,
            role=row.role,
            stores=_stores_of.decode(row.stores_json),
            language=row.language,
        )

    def password_hash(self, staff: StaffId) -> str | None:
        """Return the argon2 hash of the local password, if there is one."""
        row = self._transaction.row(_ONE_STAFF, staff=staff)
        return None if row is None else row.password_hash

    def put_staff(self, staff: Staff, password_hash: str | None) -> None:
        """Insert or replace, the password included."""
        self._transaction.insert(
            _PUT_STAFF,
            [
                {
                    "staff": staff.id,
                    "name": staff.name,
                    "role": staff.role,
                    "stores_json": msgspec.json.encode(sorted(staff.stores)).decode(),
                    "language": staff.language,
                    "password_hash": password_hash,
                }
            ],
        )

    def api_key_name(self, key_sha256: bytes) -> str | None:
        """Return whose key it is: an app backend's."""
        row = self._transaction.row(_API_KEY, key_sha256=key_sha256)
        return None if row is None else str(row.name)

    def put_api_key(self, name: str, key_sha256: bytes) -> None:
        """Let a key in; one name may have several, so that they can be exchanged."""
        self._transaction.insert(_PUT_API_KEY, [{"key_sha256": key_sha256, "name": name}])


_zones_of: Final = msgspec.json.Decoder(dict[str, ZoneId])
_stores_of: Final = msgspec.json.Decoder(frozenset[StoreId])

_STORES: Final = select(STORES).where(ours(STORES)).order_by(STORES.c.store)
_STORE: Final = select(STORES).where(ours(STORES), STORES.c.store == bindparam("store"))
_PUT_STORE: Final = replacing(STORES)
_ZONES: Final = (
    select(ZONES).where(ours(ZONES), ZONES.c.store == bindparam("store")).order_by(ZONES.c.zone)
)
_PUT_ZONE: Final = replacing(ZONES)
_EDGES: Final = select(EDGES).where(ours(EDGES))
_PUT_EDGE: Final = replacing(EDGES)
_ONE_STAFF: Final = select(STAFF).where(ours(STAFF), STAFF.c.staff == bindparam("staff"))
_PUT_STAFF: Final = replacing(STAFF)
_API_KEY: Final = select(API_KEYS).where(
    ours(API_KEYS), API_KEYS.c.key_sha256 == bindparam("key_sha256")
)
_PUT_API_KEY: Final = replacing(API_KEYS)
