"""Scans that bluetoothd runs for us: one that bleak listens to, and one that nobody on the bus does.

Owns: the filters, and the beginning and end of a scan.
Never: hears anything itself, or trusts that a scan without an error is alive.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Final

from bleak import BleakScanner
from bleak.backends.bluezdbus.manager import get_global_bluez_manager
from bleak.exc import BleakError
from dbus_fast import Variant

from shopbell_edge.adapters.ble.bus import BusUnreachableError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from bleak.args.bluez import BlueZDiscoveryFilters

    from shopbell_edge.adapters.ble.bus import Bluez
    from shopbell_edge.adapters.ble.ear import Ear

EVERY_ADVERT: Final[BlueZDiscoveryFilters] = {"DuplicateData": True, "RSSI": -127}
"""Without these BlueZ reports a constant advertisement once, and then only when its RSSI moves by 8 dB.

`DuplicateData` lifts that up to 5.87 (5.82 measured), an RSSI filter from 5.88 on; -127 is the lowest that
BlueZ accepts, so it filters nothing. `DuplicateData` also admits advertisements without Flags.
"""

_SAME_FILTERS: Final = {
    "Transport": Variant("s", "le"),
    "DuplicateData": Variant("b", True),  # noqa: FBT003  the signature of Variant
    "RSSI": Variant("n", -127),
}
"""What bleak makes of them. The kernel's own handling of duplicates hangs on the filters too."""

START_S: Final = 15.0
"""Longest start of a scan. A controller that hangs lets the kernel time out after 2 s, several times."""

STOP_S: Final = 5.0
"""Longest stop. bluetoothd may be hanging or gone; the scanner is thrown away in any case."""

_scanners: set[BleakScanner] = set()
"""Those of this process that run: while there is one, bleak needs its connection to the bus."""


@contextlib.asynccontextmanager
async def heard_by(ear: Ear, adapter: str) -> AsyncIterator[None]:
    """Scan with a new scanner of bleak's that calls `ear`, and throw it away.

    Raises what bleak raises if it does not start (BleakError, OSError, EOFError; TimeoutError is one).
    """
    scanner = BleakScanner(
        ear.detected,  # type: ignore[arg-type]  # returns what bleak looks at no more than at None
        bluez={"adapter": adapter, "filters": EVERY_ADVERT},
    )
    _scanners.add(scanner)
    try:
        async with asyncio.timeout(START_S):
            await scanner.start()
        try:
            yield
        finally:
            # A scanner whose bluetoothd or adapter went cannot be stopped, and says so: nothing is left
            # of it.
            with contextlib.suppress(BleakError, OSError, EOFError):
                async with asyncio.timeout(STOP_S):
                    await scanner.stop()
    finally:
        _scanners.discard(scanner)


@contextlib.asynccontextmanager
async def heard_by_nobody(bluez: Bluez) -> AsyncIterator[bool]:
    """Have bluetoothd scan without telling this process of any device; yield whether it does.

    bleak's connection to the bus is cut if no scanner needs it: it would bring every advertisement still.
    """
    yield await bluez.start_scan(_SAME_FILTERS)
    with contextlib.suppress(BusUnreachableError):
        await bluez.stop_scan()


async def cut_bleaks_bus() -> None:
    """Let bleak forget the bus, which it would stay subscribed to for the life of the process.

    It has no way to ask for that; it connects anew with its next scanner. Without effect while one runs.
    """
    if _scanners:
        return
    with contextlib.suppress(BleakError, OSError, EOFError):  # it connects if it is not
        manager = await get_global_bluez_manager()
        if manager._bus is not None:  # noqa: SLF001  as said: there is no other way
            manager._bus.disconnect()  # noqa: SLF001
