"""A Bluetooth controller without a radio: the guest's kernel drives it, the test says what it receives."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Final, Literal

from bumble import hci
from bumble.controller import Controller
from bumble.link import LocalLink
from bumble.transport import open_transport

from tests.rigs.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

PACE_S: Final = 0.03
"""Between two reports. bluetoothd merges what it learns of a device within a turn of its main loop into one
signal; emulated beside other work a turn takes up to 10 ms. Phones advertise every 250 ms at most."""

Kind = Literal["beacon", "phone", "mute phone"]
"""How it is advertised.

`beacon`: not connectable (ADV_NONCONN_IND). `phone`: connectable (ADV_IND), which an active scan answers with
a request, and the phone that with an empty scan response. `mute phone`: its response is never heard.
"""

SCAN_RESPONSE: Final = 0x04

EVENTS: Final = {"beacon": (0x03,), "phone": (0x00, SCAN_RESPONSE), "mute phone": (0x00,)}
"""The event types of the reports that a controller makes of one advertisement."""


class VirtualController:
    """A controller that is plugged in. Made by `plugged_in`."""

    def __init__(self, controller: Controller, address: str) -> None:
        self.address = address
        """Its own, by which bluetoothd's adapter for it is found."""
        self._controller = controller

    @property
    def scanning(self) -> bool:
        """Whether the kernel has switched scanning on. It pauses every ten seconds."""
        return bool(self._controller.le_scan_enable)

    async def receive(
        self, ad: bytes, address: str, rssi_dbm: int = -60, *, times: int = 1, kind: Kind = "beacon"
    ) -> None:
        """Receive `ad` from the random address `address`, waiting for the scan where it pauses."""
        for _ in range(times):
            await until("a scan", lambda: self.scanning)
            for event_type in EVENTS[kind]:
                report = hci.HCI_LE_Advertising_Report_Event.Report(
                    event_type=hci.HCI_LE_Advertising_Report_Event.EventType(event_type),
                    address_type=hci.Address.RANDOM_DEVICE_ADDRESS,
                    address=hci.Address(address, hci.Address.RANDOM_DEVICE_ADDRESS),
                    data=b"" if event_type == SCAN_RESPONSE else ad,
                    rssi=rssi_dbm,
                )
                self._controller.send_hci_packet(hci.HCI_LE_Advertising_Report_Event([report]))
            await asyncio.sleep(PACE_S)


@contextlib.asynccontextmanager
async def plugged_in(port: int, address: str) -> AsyncIterator[VirtualController]:
    """Plug a controller with this public address into the guest; unplug it at the end of the block."""
    async with await open_transport(f"tcp-client:127.0.0.1:{port}") as transport:
        controller = Controller(
            "virtual",
            host_source=transport.source,
            host_sink=transport.sink,
            link=LocalLink(),  # type: ignore[no-untyped-call]  # its own gap
            public_address=address,
        )
        # With these the kernel waits for events that this controller never sends.
        controller.le_features &= ~(
            hci.LeFeatureMask.LL_PRIVACY | hci.LeFeatureMask.LE_EXTENDED_ADVERTISING
        )
        yield VirtualController(controller, address)
