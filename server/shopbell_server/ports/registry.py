"""Stores, zones, edges, staff and keys of other systems."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from shopbell_server.core.access.api_keys import ApiKey
    from shopbell_server.core.ids import EdgeId, Millis, StaffId, StoreId
    from shopbell_server.core.registry import Edge, Staff, Store, Zone
    from shopbell_server.core.visits.app_reports import Spot, StoreBeacon


class Registry(Protocol):
    """Stores, zones, edges, staff and keys of other systems."""

    def stores(self) -> Sequence[Store]: ...
    def store(self, store: StoreId) -> Store | None: ...
    def zones(self, store: StoreId) -> Sequence[Zone]: ...
    def edges(self) -> Mapping[EdgeId, Edge]:
        """Return all: a few thousand at most, and ingest needs them for every batch."""
        ...

    def beacon(self, which: str | Spot) -> StoreBeacon | None:
        """Return the beacon of that name, or at that spot on the air."""
        ...

    def put_beacon(self, beacon: StoreBeacon) -> None:
        """Insert or replace; another one that was known by the same spot is gone."""
        ...

    def put_store(self, store: Store) -> None: ...
    def put_zone(self, zone: Zone) -> None: ...
    def put_edge(self, edge: Edge) -> None: ...

    def staff(self, staff: StaffId) -> Staff | None: ...
    def all_staff(self) -> Sequence[Staff]:
        """Return all, by id."""
        ...

    def password_hash(self, staff: StaffId) -> str | None:
        """Return the argon2 hash of the local password, if there is one."""
        ...

    def put_staff(self, staff: Staff, password_hash: str | None) -> None: ...

    def api_key(self, key_sha256: bytes) -> ApiKey | None:
        """Return the key, revoked or not."""
        ...

    def api_keys(self) -> Sequence[ApiKey]:
        """Return all, those that are revoked too; by name, the oldest first."""
        ...

    def put_api_key(self, key: ApiKey) -> None:
        """Add a key. Of one that is there the name and scopes are replaced; what was revoked stays so."""
        ...

    def revoke_api_key(self, key_sha256: bytes, at_ms: Millis) -> None:
        """End a key; one that has ended keeps its end."""
        ...

    def use_api_key(self, key_sha256: bytes, day_ms: Millis) -> None:
        """Write down the day on which it was last used."""
        ...
