"""The names on the bus, and the signals that bluetoothd sends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from dbus_fast import Message
from dbus_fast.constants import MessageType

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dbus_fast import Variant
    from dbus_fast.aio import MessageBus

BLUEZ: Final = "org.bluez"
ADAPTER: Final = "org.bluez.Adapter1"
DEVICE: Final = "org.bluez.Device1"
OBJECTS: Final = "org.freedesktop.DBus.ObjectManager"
PROPERTIES: Final = "org.freedesktop.DBus.Properties"

BURST: Final = 32
"""Signals between two round trips to the bus. dbus-fast drops its connection when the socket is full; the
bus answers in order, so after its answer everything before has been read."""


class Signals:
    """Sends signals no faster than the bus takes them."""

    def __init__(self, bus: MessageBus) -> None:
        self._bus = bus
        self._sent = 0

    async def added(self, path: str, interfaces: Mapping[str, Mapping[str, Variant]]) -> None:
        """Announce an object."""
        body = [path, {name: dict(of) for name, of in interfaces.items()}]
        await self._send("/", OBJECTS, "InterfacesAdded", "oa{sa{sv}}", body)

    async def removed(self, path: str, interface: str) -> None:
        """Announce that an object is gone."""
        await self._send("/", OBJECTS, "InterfacesRemoved", "oas", [path, [interface, PROPERTIES]])

    async def changed(
        self, path: str, interface: str, values: Mapping[str, Variant], *gone: str
    ) -> None:
        """Announce new values of properties, and properties that have none any more."""
        body = [interface, dict(values), list(gone)]
        await self._send(path, PROPERTIES, "PropertiesChanged", "sa{sv}as", body)

    async def _send(
        self, path: str, interface: str, member: str, signature: str, body: list[Any]
    ) -> None:
        self._bus.send(
            Message(
                message_type=MessageType.SIGNAL,
                path=path,
                interface=interface,
                member=member,
                signature=signature,
                body=body,
            )
        )
        self._sent += 1
        if self._sent % BURST == 0:
            await self._bus.call(
                Message(
                    destination="org.freedesktop.DBus",
                    path="/org/freedesktop/DBus",
                    interface="org.freedesktop.DBus.Peer",
                    member="Ping",
                )
            )
