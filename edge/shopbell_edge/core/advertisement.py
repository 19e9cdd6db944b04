"""One advertisement as it was heard, without the address of who sent it.

Owns: the parts of an advertisement that may leave a radio's callback.
Never: a device address. It is left out of this type, so that nothing further in can log or keep it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class Advertisement(NamedTuple):
    """What one advertisement said, and how strongly it was received.

    One is made for every sighting, of whose 3 µs a frozen dataclass would take one and this a quarter.

    `manufacturer_data` is keyed by company id, `service_data` and `service_uuids` hold lower-case
    128-bit UUIDs as text. `service_uuids` are in the order in which the radio first heard them: BlueZ
    accumulates the UUIDs of an address, so the newest of a kind is the last. `rssi_dbm` is as reported
    and may be nonsense (127 is "not available"); the core judges it.
    """

    rssi_dbm: int
    manufacturer_data: Mapping[int, bytes]
    service_data: Mapping[str, bytes]
    service_uuids: Sequence[str]
