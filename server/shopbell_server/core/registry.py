"""What a retailer has: stores, zones, edges, staff."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shopbell_server.core.ids import EdgeId, StaffId, StoreId, ZoneId
    from shopbell_server.core.language import Language

Role = Literal["advisor", "manager", "operator", "auditor"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """Where something is on the globe, in degrees: north and east are positive."""

    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """A shop. `timezone` is an IANA name; staff see times in it."""

    id: StoreId
    name: str
    timezone: str
    position: Position | None = None
    """None: not known, and so not how far it is from the others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """An area of a store that staff have a word for."""

    id: ZoneId
    store: StoreId
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """An edge belongs to a store by this registry, not by what it says. An inactive one is not heard."""

    id: EdgeId
    store: StoreId
    active: bool
    zones: Mapping[str, ZoneId]
    """Zone by scanner name; `*` is the zone of every scanner that is not named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Staff:
    """Somebody who may look at the board of `stores`, as `role`."""

    id: StaffId
    name: str
    role: Role
    stores: frozenset[StoreId]
    language: Language
