"""The fake bluetoothd on the bus: the methods that bleak calls, and its comings and goings."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from dbus_fast import Message
from dbus_fast.constants import MessageType

from tests.rigs.fake_bluez.adapter import Adapter
from tests.rigs.fake_bluez.advert import read
from tests.rigs.fake_bluez.signals import ADAPTER, BLUEZ, DEVICE, PROPERTIES, Signals

if TYPE_CHECKING:
    from dbus_fast.aio import MessageBus

    from tests.rigs.fake_bluez.profiles import Profile


class Bluetoothd:
    """Runs (owns `org.bluez`) or does not; adapters are plugged in either way."""

    def __init__(self, bus: MessageBus, profile: Profile) -> None:
        self.refuse_starts = 0
        """How many of the next StartDiscovery are refused."""
        self.power_cycles = 0
        """How often a client switched an adapter off."""
        self.starts = 0
        """How many scans were begun."""
        self._bus = bus
        self._profile = profile
        self._signals = Signals(bus)
        self._plugged: dict[str, str] = {}
        self._adapters: dict[str, Adapter] = {}
        self._running = False

    async def start(self) -> None:
        """Own the name, then find the adapters, as bluetoothd does: in that order."""
        await self._bus.request_name(BLUEZ)
        self._running = True
        for name in self._plugged:
            await self._add(name)

    async def stop(self) -> None:
        """Die without a word: no object is removed, the name is just gone."""
        self._running = False
        self._adapters.clear()
        await self._bus.release_name(BLUEZ)

    async def plug(self, name: str, address: str) -> None:
        """Plug an adapter in, powered."""
        self._plugged[name] = address
        if self._running:
            await self._add(name)

    async def unplug(self, name: str) -> None:
        """Pull an adapter out."""
        del self._plugged[name]
        adapter = self._adapters.pop(name, None)
        if adapter is not None:
            await adapter.expire(before_s=float("inf"))
            await self._signals.removed(adapter.path, ADAPTER)

    def adapter(self, name: str) -> Adapter | None:
        """Return the adapter if bluetoothd runs and has it."""
        return self._adapters.get(name)

    async def hear(self, name: str, address: str, ad: bytes, rssi_dbm: int) -> bool:
        """Let the adapter receive an advertisement; return whether any scan is told of it."""
        adapter = self._adapters.get(name)
        return adapter is not None and await adapter.hear(
            address, read(ad), rssi_dbm, time.monotonic()
        )

    async def expire(self, older_than_s: float) -> None:
        """Forget devices that have been silent for so long."""
        for adapter in list(self._adapters.values()):
            await adapter.expire(time.monotonic() - older_than_s)

    async def client_left(self, client: str) -> None:
        """End the scans of a client that has left the bus."""
        for adapter in list(self._adapters.values()):
            await adapter.stop(client)

    async def answer(self, call: Message) -> Message:
        """Answer a method call to `org.bluez`."""
        if (call.path, call.member) == ("/", "GetManagedObjects"):
            return Message.new_method_return(call, "a{oa{sa{sv}}}", [self._objects()])
        for adapter in self._adapters.values():
            if adapter.path == call.path:
                if call.interface == PROPERTIES:
                    return await self._property(call, adapter)
                if call.interface == ADAPTER:
                    return await self._discovery(call, adapter)
        return _unknown(call)

    async def _property(self, call: Message, adapter: Adapter) -> Message:
        if call.member == "Get":
            return Message.new_method_return(call, "v", [adapter.properties[call.body[1]]])
        if call.member == "GetAll" or call.body[0] != ADAPTER:
            return _unknown(call)  # it is not experimental: no other interface is there to ask
        if (call.member, call.body[1]) == ("Set", "Powered"):
            self.power_cycles += not call.body[2].value
            await adapter.power(on=call.body[2].value)
            return Message.new_method_return(call)
        return _unknown(call)

    async def _discovery(self, call: Message, adapter: Adapter) -> Message:
        match call.member:
            case "SetDiscoveryFilter":
                adapter.filter(_sender(call), call.body[0])
                return Message.new_method_return(call)
            case "StartDiscovery":
                return await self._start_discovery(call, adapter)
            case "StopDiscovery":
                return await self._stop_discovery(call, adapter)
            case _:
                return _unknown(call)

    async def _start_discovery(self, call: Message, adapter: Adapter) -> Message:
        if not adapter.powered:
            return Message.new_error(call, f"{BLUEZ}.Error.NotReady", "Resource Not Ready")
        if self.refuse_starts:
            self.refuse_starts -= 1
            return Message.new_error(call, f"{BLUEZ}.Error.Failed", "Operation failed")
        if adapter.scans(_sender(call)):
            text = "Operation already in progress"
            return Message.new_error(call, f"{BLUEZ}.Error.InProgress", text)
        await adapter.start(_sender(call))
        self.starts += 1
        return Message.new_method_return(call)

    async def _stop_discovery(self, call: Message, adapter: Adapter) -> Message:
        if not adapter.powered:
            return Message.new_error(call, f"{BLUEZ}.Error.NotReady", "Resource Not Ready")
        if not adapter.scans(_sender(call)):
            return Message.new_error(call, f"{BLUEZ}.Error.Failed", "No discovery started")
        await adapter.stop(_sender(call))
        return Message.new_method_return(call)

    async def _add(self, name: str) -> None:
        adapter = self._adapters[name] = Adapter(
            name, self._plugged[name], self._profile, self._signals
        )
        await self._signals.added(adapter.path, {ADAPTER: adapter.properties})

    def _objects(self) -> dict[str, Any]:
        objects: dict[str, Any] = {"/org/bluez": {f"{BLUEZ}.AgentManager1": {}}}
        for adapter in self._adapters.values():
            objects[adapter.path] = {ADAPTER: adapter.properties}
            for device in adapter.devices.values():
                objects[device.path] = {DEVICE: device.properties}
        return objects


def _unknown(call: Message) -> Message:
    text = f'Method "{call.member}" on {call.path} does not exist'
    return Message.new_error(call, "org.freedesktop.DBus.Error.UnknownMethod", text)


def _sender(call: Message) -> str:
    assert call.message_type is MessageType.METHOD_CALL
    assert call.sender is not None
    return call.sender
