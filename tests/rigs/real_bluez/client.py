"""What a test says to the real BlueZ."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from typing import TYPE_CHECKING, Final

from dbus_fast import Message, Variant
from dbus_fast.aio import MessageBus
from dbus_fast.constants import MessageType

from tests.rigs.real_bluez.controller import plugged_in
from tests.rigs.real_bluez.management import RelayedManagement
from tests.rigs.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.rigs.real_bluez.controller import VirtualController
    from tests.rigs.real_bluez.machine import Machine
    from tests.rigs.real_bluez.management import Who

ADAPTER: Final = "org.bluez.Adapter1"
ANSWER_S: Final = 20.0

TRIES: Final = 3
"""How often a controller is plugged into one guest. The kernel gives a controller 2 s to answer each
command of its set-up and never asks again: a test process that was not run for so long loses that one
plugging-in. Three tries of 20 s, a boot of 90 s at most and three more make 210 s, within the 300 s of
these tests."""

STATE: Final = (
    "echo bluetoothd: $(pidof bluetoothd); echo controllers: $(ls /sys/class/bluetooth); "
    "dmesg | tail -n 8; tail -n 4 /tmp/bluetoothd.log"
)
"""Whether bluetoothd lives, which controllers the kernel has, and what both said last."""


class RealBluez:
    """A running guest. `address` is its system bus (`DBUS_SYSTEM_BUS_ADDRESS`)."""

    def __init__(self, machine: Machine) -> None:
        self.address = machine.bus_address
        self.banner = machine.banner
        self._machine = machine

    @contextlib.asynccontextmanager
    async def controller(
        self, address: str = "F0:F1:F2:F3:F4:F5"
    ) -> AsyncIterator[tuple[VirtualController, str]]:
        """Plug a controller in; yield it and the name of its adapter (`hci0`), powered.

        At the end of the block it is unplugged, and bluetoothd knows that it is. One that does not come up
        is plugged out and in again, and then into a new guest; it is said on standard error. Raises
        NoGuestError if neither helps, and from then on at once.
        """
        async with contextlib.AsyncExitStack() as plug:
            yield await self._come_up(plug, address)

        async def gone() -> bool:
            return not await self._adapters(address)

        await until("an adapter's end", gone)

    async def _come_up(
        self, plug: contextlib.AsyncExitStack, address: str
    ) -> tuple[VirtualController, str]:
        """Plug a controller in until it comes up; leave it to `plug` to unplug it."""
        self._machine.check()
        while True:
            for attempt in range(1, TRIES + 1):
                async with contextlib.AsyncExitStack() as attempted:
                    controller = await attempted.enter_async_context(
                        plugged_in(self._machine.controller_port, address)
                    )
                    try:
                        adapter = await self.adapter_of(controller)
                    except (AssertionError, TimeoutError, OSError) as error:
                        _say(f"try {attempt} of {TRIES}: {error}\n{await self._state()}")
                    else:
                        plug.push_async_exit(attempted.pop_all())
                        return controller, adapter
            _say("a new guest")
            await asyncio.to_thread(
                self._machine.renew, f"no adapter in {TRIES} tries; it said: {await self._state()}"
            )

    async def _state(self) -> str:
        """Return what the guest says of its bluetoothd, its controllers and its kernel."""
        try:
            return await self.shell(STATE)
        except (TimeoutError, OSError) as error:
            return f"its shell does not answer: {error!r}"

    @contextlib.asynccontextmanager
    async def management(
        self, who: Who = "root", *, program: bytes = b""
    ) -> AsyncIterator[RelayedManagement]:
        """Yield what opens management sockets of the guest's kernel, as `who`, with `program` on them."""
        relayed = RelayedManagement(self._machine.management_port, who, program)
        try:
            yield relayed
        finally:
            await relayed.close()

    async def adapter_of(self, controller: VirtualController) -> str:
        """Wait until bluetoothd has an adapter for `controller`, switch it on, return its name."""
        names: list[str] = []

        async def there() -> bool:
            names[:] = await self._adapters(controller.address)
            return bool(names)

        await until("an adapter", there)
        await until("its power", lambda: self.power(names[0], on=True))
        return names[0]

    @contextlib.asynccontextmanager
    async def scan(self, adapter: str) -> AsyncIterator[None]:
        """Let bluetoothd scan for duplicates too, as long as the block lasts."""
        bus = await MessageBus(bus_address=self.address).connect()

        async def ask(member: str, signature: str = "", *body: object) -> None:
            reply = await bus.call(
                Message(
                    destination="org.bluez",
                    path=f"/org/bluez/{adapter}",
                    interface=ADAPTER,
                    member=member,
                    signature=signature,
                    body=list(body),
                )
            )
            assert reply.message_type is MessageType.METHOD_RETURN, reply.body

        filters = {"Transport": Variant("s", "le"), "DuplicateData": Variant("b", True)}  # noqa: FBT003  its signature
        try:
            await ask("SetDiscoveryFilter", "a{sv}", filters)
            await ask("StartDiscovery")
            yield
        finally:
            bus.disconnect()

    async def power(self, adapter: str, *, on: bool) -> bool:
        """Switch an adapter; return whether bluetoothd did."""
        reply = await self._call(
            Message(
                destination="org.bluez",
                path=f"/org/bluez/{adapter}",
                interface="org.freedesktop.DBus.Properties",
                member="Set",
                signature="ssv",
                body=[ADAPTER, "Powered", Variant("b", on)],
            )
        )
        return reply.message_type is MessageType.METHOD_RETURN

    async def kill_bluetoothd(self) -> None:
        """Let bluetoothd crash: no object is removed first."""
        await self.shell("killall -9 bluetoothd")

    async def start_bluetoothd(self) -> None:
        """Start it again."""
        await self.shell("start-bluetoothd")

    async def shell(self, command: str) -> str:
        """Run a command in the guest; return what it printed."""
        async with asyncio.timeout(ANSWER_S):
            reader, writer = await asyncio.open_connection("127.0.0.1", self._machine.shell_port)
            try:
                writer.write(f"{command}\nexit\n".encode())
                return (await reader.read()).decode()
            finally:
                writer.close()
                await writer.wait_closed()

    async def _adapters(self, address: str) -> list[str]:
        reply = await self._call(
            Message(
                destination="org.bluez",
                path="/",
                interface="org.freedesktop.DBus.ObjectManager",
                member="GetManagedObjects",
            )
        )
        if reply.message_type is not MessageType.METHOD_RETURN:
            return []  # bluetoothd is not up yet
        return [
            path.rsplit("/", 1)[1]
            for path, interfaces in reply.body[0].items()
            if ADAPTER in interfaces and interfaces[ADAPTER]["Address"].value == address
        ]

    async def _call(self, call: Message) -> Message:
        async with asyncio.timeout(ANSWER_S):
            bus = await MessageBus(bus_address=self.address).connect()
            try:
                return await bus.call(call)
            finally:
                bus.disconnect()


def _say(what: str) -> None:
    """Tell whoever runs the tests, though they pass."""
    if sys.__stderr__ is not None:
        sys.__stderr__.write(f"real_bluez: a controller did not come up: {what}\n")
