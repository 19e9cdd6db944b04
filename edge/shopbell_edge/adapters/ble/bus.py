"""Whether BlueZ and one adapter are there, over the system bus.

Owns: the connection that watches bluetoothd and the adapter, and the remedies that go over the bus.
Never: scans, or subscribes to anything about devices: their addresses do not come this way.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from dbus_fast import AuthError, BusType, InvalidAddressError, Message, MessageFlag, Variant
from dbus_fast.aio import MessageBus
from dbus_fast.constants import MessageType

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    from shopbell_edge.core.recovery import Reason

BLUEZ: Final = "org.bluez"
ADAPTER: Final = "org.bluez.Adapter1"
MONITORS: Final = "org.bluez.AdvertisementMonitorManager1"
BUS: Final = "org.freedesktop.DBus"
PROPERTIES: Final = "org.freedesktop.DBus.Properties"
OBJECTS: Final = "org.freedesktop.DBus.ObjectManager"

CALL_S: Final = 10.0
"""Longest wait for an answer. Powering an adapter takes up to 5 s (kernel command timeout, twice 2 s)."""


NAMES: Final = tuple(f"hci{number}" for number in range(16))
"""Names that an adapter may come back under: the kernel gives the lowest that is free, and one that was just
unplugged may not be free yet (measured on 6.12). More than sixteen radios are in no shop's machine."""


@dataclass(slots=True)
class Own:
    """Which adapter is ours: the name it was configured by, and its address once it was seen.

    The address is the adapter's, no customer's; it is kept so that the adapter is found under another name.
    """

    name: str
    address: str | None = None


class BusUnreachableError(ConnectionError):
    """There is no system bus, or it went away, or a call got no answer. Connect again."""


class Bluez:
    """One adapter of bluetoothd, as the bus shows it. Made by `watching`."""

    def __init__(self, bus: MessageBus, own: Own) -> None:
        self.adapter = own.name
        """The name that it has now; settled once `ready` has returned."""
        self._bus = bus
        self._own = own
        self._changed = asyncio.Event()
        self._lost: asyncio.Future[Reason] = asyncio.get_running_loop().create_future()

    async def ready(self, missing: Callable[[Reason], None]) -> asyncio.Future[Reason]:
        """Wait until bluetoothd is there with the adapter powered, calling `missing` with what is not.

        Returns a future that resolves when a scan that is started now has died: bluetoothd or the bus
        went, the adapter was unplugged or switched off. (bleak does not notice any of these.)
        """
        while True:
            self._changed.clear()
            self._lost.cancel()
            self._lost = asyncio.get_running_loop().create_future()
            obstacle = await self._obstacle()  # asked after arming: what goes from now on is seen
            if obstacle is None:
                return self._lost
            missing(obstacle)
            await self._changed.wait()
            if not self._bus.connected:
                raise BusUnreachableError("the system bus closed the connection")

    async def running(self) -> bool:
        """Return whether bluetoothd is there."""
        owned = await self._call(
            Message(
                destination=BUS,
                path="/org/freedesktop/DBus",
                interface=BUS,
                member="NameHasOwner",
                signature="s",
                body=[BLUEZ],
            )
        )
        return bool(owned.body == [True])

    async def powered(self, adapter: str) -> bool | None:
        """Return whether `adapter` is on; None if there is none of that name."""
        on = await self._get(adapter, "Powered")
        return on if isinstance(on, bool) else None

    async def experimental(self, adapter: str) -> bool:
        """Return whether `adapter` has what only an experimental bluetoothd has."""
        reply = await self._call(
            Message(
                destination=BLUEZ,
                path=_path(adapter),
                interface=PROPERTIES,
                member="GetAll",
                signature="s",
                body=[MONITORS],
                flags=MessageFlag.NO_AUTOSTART,
            )
        )
        return reply.message_type is MessageType.METHOD_RETURN

    async def power_cycle(self) -> bool:
        """Switch the adapter off and on; False if BlueZ would not."""
        off = await self._set_powered(on=False)
        on = await self._set_powered(on=True)
        return off and on

    async def start_scan(self, filters: Mapping[str, Variant]) -> bool:
        """Let bluetoothd scan for this connection; False if it would not.

        Devices are not announced to this connection, so that a scan costs this process nothing. It ends
        with the connection, or with whatever ends scans (see `ready`).
        """
        wanted = await self._adapter("SetDiscoveryFilter", "a{sv}", dict(filters))
        return wanted and await self._adapter("StartDiscovery")

    async def stop_scan(self) -> bool:
        """End that scan; False if there is none."""
        return await self._adapter("StopDiscovery")

    async def restart_bluetoothd(self) -> bool:
        """Ask systemd to restart bluetooth.service; False if it may not or there is no systemd."""
        unit = ["bluetooth.service", "replace"]
        systemd = "org.freedesktop.systemd1"
        reply = await self._call(
            Message(
                destination=systemd,
                path="/org/freedesktop/systemd1",
                interface=f"{systemd}.Manager",
                member="RestartUnit",
                signature="ss",
                body=unit,
            )
        )
        return reply.message_type is MessageType.METHOD_RETURN

    async def _adapter(self, member: str, signature: str = "", *body: object) -> bool:
        reply = await self._call(
            Message(
                destination=BLUEZ,
                path=_path(self.adapter),
                interface=ADAPTER,
                member=member,
                signature=signature,
                body=list(body),
                flags=MessageFlag.NO_AUTOSTART,
            )
        )
        return reply.message_type is MessageType.METHOD_RETURN

    async def _obstacle(self) -> Reason | None:
        """Return what keeps the adapter from scanning now, None if nothing does."""
        if not await self.running():
            return "no_bluetoothd"
        if not await self._find():
            return "no_adapter"
        return None if await self._get(self.adapter, "Powered") else "adapter_off"

    async def _find(self) -> bool:
        """Settle `adapter`: ours wherever it is, or what has taken its place; return whether there is one."""
        if self._own.address is not None:
            for name in (self._own.name, *NAMES):
                if await self._get(name, "Address") == self._own.address:
                    self.adapter = name
                    return True
        address = await self._get(self._own.name, "Address")
        if not isinstance(address, str):
            return False
        self.adapter, self._own.address = self._own.name, address
        return True

    async def _get(self, adapter: str, name: str) -> object:
        """Return a property of an adapter, None if there is no such adapter."""
        reply = await self._call(
            Message(
                destination=BLUEZ,
                path=_path(adapter),
                interface=PROPERTIES,
                member="Get",
                signature="ss",
                body=[ADAPTER, name],
                flags=MessageFlag.NO_AUTOSTART,
            )
        )
        return reply.body[0].value if reply.message_type is MessageType.METHOD_RETURN else None

    async def _set_powered(self, *, on: bool) -> bool:
        reply = await self._call(
            Message(
                destination=BLUEZ,
                path=_path(self.adapter),
                interface=PROPERTIES,
                member="Set",
                signature="ssv",
                body=[ADAPTER, "Powered", Variant("b", on)],
            )
        )
        return reply.message_type is MessageType.METHOD_RETURN

    async def _call(self, message: Message) -> Message:
        try:
            async with asyncio.timeout(CALL_S):
                return await self._bus.call(message)
        except (OSError, EOFError) as gone:  # TimeoutError is an OSError
            raise BusUnreachableError(f"{message.member} got no answer") from gone

    async def subscribe(self) -> None:
        """Ask the bus for what can end a scan; for `watching`."""
        self._bus.add_message_handler(self._signalled)
        of_bluez = f"type='signal',sender='{BLUEZ}'"
        for rule in (
            f"type='signal',sender='{BUS}',member='NameOwnerChanged',arg0='{BLUEZ}'",
            f"{of_bluez},member='PropertiesChanged',path_namespace='/org/bluez',arg0='{ADAPTER}'",
            # Without a slash at its end `arg0path` means this object alone: no device is announced to us.
            *(f"{of_bluez},interface='{OBJECTS}',arg0path='{_path(name)}'" for name in NAMES),
        ):
            await self._call(
                Message(
                    destination=BUS,
                    path="/org/freedesktop/DBus",
                    interface=BUS,
                    member="AddMatch",
                    signature="s",
                    body=[rule],
                )
            )

    async def follow(self) -> None:
        """Return, and end a running scan, when the bus goes away; for `watching`."""
        with contextlib.suppress(Exception):  # how it ended makes no difference
            await self._bus.wait_for_disconnect()  # type: ignore[no-untyped-call]  # its own gap
        self._lose("bus_lost")

    def _signalled(self, message: Message) -> None:
        ours = _path(self.adapter)
        match message.member:
            case "NameOwnerChanged" if message.body[0] == BLUEZ:
                self._lose("dbus_owner_lost")
            case "InterfacesAdded":
                self._changed.set()
            case "InterfacesRemoved" if message.body[0] == ours and ADAPTER in message.body[1]:
                self._lose("adapter_gone")
            case "PropertiesChanged" if message.path == ours and "Powered" in message.body[1]:
                if message.body[1]["Powered"].value:
                    self._changed.set()
                else:
                    self._lose("adapter_off")
            case _:
                pass

    def _lose(self, reason: Reason) -> None:
        if not self._lost.done():
            self._lost.set_result(reason)
        self._changed.set()


def _path(adapter: str) -> str:
    return f"/org/bluez/{adapter}"


@contextlib.asynccontextmanager
async def watching(own: Own) -> AsyncIterator[Bluez]:
    """Connect to the system bus (`DBUS_SYSTEM_BUS_ADDRESS`, or its well-known place) and watch an adapter.

    Raises BusUnreachableError when there is no bus to connect to.
    """
    try:
        bus = MessageBus(bus_type=BusType.SYSTEM)
    except (OSError, InvalidAddressError) as absent:
        raise BusUnreachableError("there is no system bus") from absent
    try:
        try:
            async with asyncio.timeout(CALL_S):
                await bus.connect()
        except (OSError, EOFError, AuthError) as absent:
            raise BusUnreachableError("the system bus refused the connection") from absent
        bluez = Bluez(bus, own)
        await bluez.subscribe()
        following = asyncio.create_task(bluez.follow())  # a group would wrap the body's exceptions
        try:
            yield bluez
        finally:
            following.cancel()
    finally:
        bus.disconnect()
