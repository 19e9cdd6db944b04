"""Stores, zones, edges, staff and keys of other systems.

Owns: the rows behind the port `Registry`.
Never: what a role may do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec
from sqlalchemy import bindparam, select, update

from shopbell_server.core.access.api_keys import ApiKey, as_text, from_text
from shopbell_server.core.ids import EdgeId, Millis, StaffId, StoreId, ZoneId
from shopbell_server.core.registry import Edge, Position, Staff, Store, Zone
from shopbell_server.db import beacons
from shopbell_server.db.registry_tables import API_KEYS, EDGES, STAFF, STORES, ZONES
from shopbell_server.db.statements import merging, replacing
from shopbell_server.db.transaction import ours

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Row

    from shopbell_server.core.visits.app_reports import Spot, StoreBeacon
    from shopbell_server.db.transaction import Transaction


class SqlRegistry:
    """`Registry` in SQL."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def stores(self) -> Sequence[Store]:
        """Return all, in the order of their ids."""
        return [_store(row) for row in self._transaction.rows(_STORES)]

    def store(self, store: StoreId) -> Store | None:
        """Return one store."""
        row = self._transaction.row(_STORE, store=store)
        return None if row is None else _store(row)

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
        where = store.position
        self._transaction.insert(
            _PUT_STORE,
            [
                {
                    "store": store.id,
                    "name": store.name,
                    "timezone": store.timezone,
                    "latitude": None if where is None else where.latitude,
                    "longitude": None if where is None else where.longitude,
                }
            ],
        )

    def beacon(self, which: str | Spot) -> StoreBeacon | None:
        """Return the beacon of that name, or at that spot on the air."""
        return beacons.found(self._transaction, which)

    def put_beacon(self, beacon: StoreBeacon) -> None:
        """Insert or replace; another one that was known by the same spot is gone."""
        beacons.put(self._transaction, beacon)

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
        return None if row is None else _staff(row)

    def all_staff(self) -> Sequence[Staff]:
        """Return all, by id."""
        return [_staff(row) for row in self._transaction.rows(_ALL_STAFF)]

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

    def api_key(self, key_sha256: bytes) -> ApiKey | None:
        """Return the key, revoked or not."""
        row = self._transaction.row(_API_KEY, key_sha256=key_sha256)
        return None if row is None else _api_key(row)

    def api_keys(self) -> Sequence[ApiKey]:
        """Return all, those that are revoked too; by name, the oldest first."""
        return [_api_key(row) for row in self._transaction.rows(_API_KEYS)]

    def put_api_key(self, key: ApiKey) -> None:
        """Add a key. Of one that is there the name and scopes are replaced; what was revoked stays so."""
        self._transaction.insert(
            _PUT_API_KEY,
            [
                {
                    "key_sha256": key.sha256,
                    "name": key.name,
                    "scopes": as_text(key.scopes),
                    "created_ms": key.created_ms,
                    "revoked_ms": key.revoked_ms,
                    "used_ms": key.used_ms,
                }
            ],
        )

    def revoke_api_key(self, key_sha256: bytes, at_ms: Millis) -> None:
        """End a key; one that has ended keeps its end."""
        self._transaction.change(_REVOKE_API_KEY, key=key_sha256, at_ms=at_ms)

    def use_api_key(self, key_sha256: bytes, day_ms: Millis) -> None:
        """Write down the day on which it was last used."""
        self._transaction.change(_USE_API_KEY, key=key_sha256, day_ms=day_ms)


def _api_key(row: Row[Any]) -> ApiKey:
    return ApiKey(
        sha256=row.key_sha256,
        name=row.name,
        scopes=from_text(row.scopes),
        created_ms=Millis(row.created_ms),
        revoked_ms=None if row.revoked_ms is None else Millis(row.revoked_ms),
        used_ms=None if row.used_ms is None else Millis(row.used_ms),
    )


def _store(row: Row[Any]) -> Store:
    known = row.latitude is not None and row.longitude is not None
    return Store(
        id=StoreId(row.store),
        name=row.name,
        timezone=row.timezone,
        position=Position(latitude=row.latitude, longitude=row.longitude) if known else None,
    )


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


def _staff(row: Row[Any]) -> Staff:
    return Staff(
        id=StaffId(row.staff),
        name=row.name,
        role=row.role,
        stores=_stores_of.decode(row.stores_json),
        language=row.language,
    )


_ALL_STAFF: Final = select(STAFF).where(ours(STAFF)).order_by(STAFF.c.staff)
_ONE_STAFF: Final = select(STAFF).where(ours(STAFF), STAFF.c.staff == bindparam("staff"))
_PUT_STAFF: Final = replacing(STAFF)
_API_KEY: Final = select(API_KEYS).where(
    ours(API_KEYS), API_KEYS.c.key_sha256 == bindparam("key_sha256")
)
_API_KEYS: Final = (
    select(API_KEYS)
    .where(ours(API_KEYS))
    .order_by(API_KEYS.c.name, API_KEYS.c.created_ms, API_KEYS.c.key_sha256)
)
_PUT_API_KEY: Final = merging(
    API_KEYS, lambda _, new, __: {"name": new["name"], "scopes": new["scopes"]}
)
_REVOKE_API_KEY: Final = (
    update(API_KEYS)
    .where(
        ours(API_KEYS), API_KEYS.c.key_sha256 == bindparam("key"), API_KEYS.c.revoked_ms.is_(None)
    )
    .values(revoked_ms=bindparam("at_ms"))
)
_USE_API_KEY: Final = (
    update(API_KEYS)
    .where(ours(API_KEYS), API_KEYS.c.key_sha256 == bindparam("key"))
    .values(used_ms=bindparam("day_ms"))
)
