"""A look at BlueZ over the bus, without a scan.

Owns: which questions are asked.
Never: an address, or anything that changes an adapter.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from shopbell_edge.adapters.ble.bus import BusUnreachableError, Own, watching
from shopbell_edge.adapters.ble.kernel_socket import open_management

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from shopbell_edge.core.doctor.bluez import Bus


@dataclass(frozen=True, slots=True, kw_only=True)
class BusSeen:
    """`powered` has the adapters that there are; `experimental` is None where there is none to tell by."""

    bus: Bus
    experimental: bool | None = None
    powered: Mapping[str, bool] = field(default_factory=dict)


async def bus_seen(adapters: Sequence[str]) -> BusSeen:
    """Return what the bus says of BlueZ and of `adapters`."""
    try:
        async with watching(Own(adapters[0] if adapters else "hci0")) as bluez:
            if not await bluez.running():
                return BusSeen(bus="no_bluetoothd")
            powered = {
                each: on for each in adapters if (on := await bluez.powered(each)) is not None
            }
            monitors = [await bluez.experimental(each) for each in powered]
            return BusSeen(
                bus="there", experimental=any(monitors) if monitors else None, powered=powered
            )
    except BusUnreachableError:
        return BusSeen(bus="no_bus")


def has_management() -> bool:
    """Return whether this machine has management sockets."""
    try:
        open_management().close()
    except PermissionError:
        return True
    except OSError:
        return False
    return True
