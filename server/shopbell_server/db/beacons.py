"""The beacons that hang in stores.

Owns: their rows, for the port `Registry`.
Never: whether a phone that reports one is believed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import bindparam, delete, select

from shopbell_server.core.ids import StoreId, ZoneId
from shopbell_server.core.visits.app_reports import Spot, StoreBeacon
from shopbell_server.db.beacon_tables import STORE_BEACONS
from shopbell_server.db.statements import replacing
from shopbell_server.db.transaction import ours

if TYPE_CHECKING:
    from shopbell_server.db.transaction import Transaction


def found(transaction: Transaction, which: str | Spot) -> StoreBeacon | None:
    """Return the beacon of that name, or at that spot on the air."""
    if isinstance(which, str):
        row = transaction.row(_NAMED, beacon=which)
    else:
        row = transaction.row(_AT, uuid=which.uuid, major=which.major, minor=which.minor)
    if row is None:
        return None
    return StoreBeacon(
        name=row.beacon,
        store=StoreId(row.store),
        spot=Spot(uuid=row.uuid, major=row.major, minor=row.minor),
        zone=None if row.zone is None else ZoneId(row.zone),
    )


def put(transaction: Transaction, beacon: StoreBeacon) -> None:
    """Insert or replace; another one that was known by the same spot is gone."""
    spot = beacon.spot
    at = {"uuid": spot.uuid, "major": spot.major, "minor": spot.minor}
    transaction.change(_GONE, name=beacon.name, **at)
    row = {"beacon": beacon.name, "store": beacon.store, **at, "zone": beacon.zone}
    transaction.insert(_PUT, [row])


_B: Final = STORE_BEACONS.c
_spot: Final = (
    _B.uuid == bindparam("uuid"),
    _B.major == bindparam("major"),
    _B.minor == bindparam("minor"),
)
_NAMED: Final = select(STORE_BEACONS).where(ours(STORE_BEACONS), _B.beacon == bindparam("beacon"))
_AT: Final = select(STORE_BEACONS).where(ours(STORE_BEACONS), *_spot)
_GONE: Final = delete(STORE_BEACONS).where(
    ours(STORE_BEACONS), *_spot, _B.beacon != bindparam("name")
)
_PUT: Final = replacing(STORE_BEACONS)
