"""The table of the beacons that hang in stores, which phones hear and report.

Owns: its columns, keys and constraints, as `registry_tables` does.
Never: who reported one: that is evidence (`tables.INTERVALS`).
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import CheckConstraint, Table, UniqueConstraint

from shopbell_server.db.columns import (
    METADATA,
    key,
    number_columns,
    refers,
    text_column,
    text_columns,
)

STORE_BEACONS: Final = Table(
    "store_beacons",
    METADATA,
    *text_columns("tenant", "beacon", "store", "uuid"),
    *number_columns("major", "minor"),
    text_column("zone", nullable=True),
    key("beacon"),
    refers("stores", "store"),
    UniqueConstraint("tenant", "uuid", "major", "minor"),
    CheckConstraint("major BETWEEN 0 AND 65535 AND minor BETWEEN 0 AND 65535", name="numbers"),
)
