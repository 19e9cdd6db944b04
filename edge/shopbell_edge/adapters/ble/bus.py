"""Whether BlueZ and one adapter are there, over the system bus.

Owns: the connection that watches bluetoothd and the adapter, and the remedies that go over the bus.
Never: scans, or subscribes to anything about devices: their addresses do not come this way.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Final

from dbus_fast import AuthError, BusType, InvalidAddressError, Message, MessageFlag, Variant
from dbus_fast.aio import MessageBus
from dbus_fast.constants import MessageType

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from shopbell_edge.core.recovery import Reason

BLUEZ: Final = "org.bluez"
ADAPTER: Final = "org.bluez.Adapter1"
BUS: Final = "org.freedesktop.DBus"
PROPERTIES: Final = "org.freedesktop.DBus.Properties"
OBJECTS: Final = "org.freedesktop.DBus.ObjectManager"

CALL_S: Final = 10.0
"""Longest wait for an answer. Powering an adapter takes up to 5 s (kernel command timeout, twice 2 s)."""


class BusUnreachableError(ConnectionError):
    """There is no system bus, or it went away, or a call got no answer. Connect again."""


class Bluez:
    """One adapter of bluetoothd, as the bus shows it. Made by `watching`."""

    def __init__(self, bus: MessageBus, adapter: str) -> None:
        self._bus = bus
        self._path = f"/org/bluez/{adapter}"
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

    async def power_cycle(self) -> bool:
        """Switch the adapter off and on; False if BlueZ would not."""
        off = await self._set_powered(on=False)
        on = await self._set_powered(on=True)
        return off and on

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

    async def _obstacle(self) -> Reason | None:
        """Return what keeps the adapter from scanning now, None if nothing does."""
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
        if owned.body != [True]:
            return "no_bluetoothd"
        powered = await self._call(
            Message(
                destination=BLUEZ,
                path=self._path,
                interface=PROPERTIES,
                member="Get",
                signature="ss",
                body=[ADAPTER, "Powered"],
                flags=MessageFlag.NO_AUTOSTART,
            )
        )
        if powered.message_type is not MessageType.METHOD_RETURN:
            return "no_adapter"
        return None if powered.body[0].value else "adapter_off"

    async def _set_powered(self, *, on: bool) -> bool:
        reply = await self._call(
            Message(
                destination=BLUEZ,
                path=self._path,
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
        for rule in (
            f"type='signal',sender='{BUS}',member='NameOwnerChanged',arg0='{BLUEZ}'",
            # Without a slash at its end `arg0path` means this object alone: no device is announced to us.
            f"type='signal',sender='{BLUEZ}',interface='{OBJECTS}',arg0path='{self._path}'",
            f"type='signal',sender='{BLUEZ}',path='{self._path}',arg0='{ADAPTER}'",
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
        match message.member:
            case "NameOwnerChanged" if message.body[0] == BLUEZ:
                self._lose("dbus_owner_lost")
            case "InterfacesRemoved" if ADAPTER in message.body[1]:
                self._lose("adapter_gone")
            case "InterfacesAdded":
                self._changed.set()
            case "PropertiesChanged" if "Powered" in message.body[1]:
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


@contextlib.asynccontextmanager
async def watching(adapter: str) -> AsyncIterator[Bluez]:
    """Connect to the system bus (`DBUS_SYSTEM_BUS_ADDRESS`, or its well-known place) and watch `adapter`.

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
        bluez = Bluez(bus, adapter)
        await bluez.subscribe()
        following = asyncio.create_task(bluez.follow())  # a group would wrap the body's exceptions
        try:
            yield bluez
        finally:
            following.cancel()
    finally:
        bus.disconnect()
