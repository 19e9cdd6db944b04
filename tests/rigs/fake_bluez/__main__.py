"""The fake BlueZ as a process: `python -m tests.rigs.fake_bluez PROFILE EXPIRY_S`.

Prints `ready` and serves until the bus goes away. Besides `org.bluez` it owns a name for the tests' commands
(see `client`) and systemd's, of which it knows only how to restart bluetooth.service.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from typing import TYPE_CHECKING

from dbus_fast import BusType, Message
from dbus_fast.aio import MessageBus
from dbus_fast.constants import MessageType

from tests.rigs.fake_bluez.bluetoothd import Bluetoothd
from tests.rigs.fake_bluez.profiles import PROFILES

if TYPE_CHECKING:
    from collections.abc import Coroutine

CONTROL = "shopbell.test.FakeBluez"
SYSTEMD = "org.freedesktop.systemd1"
BUS = "org.freedesktop.DBus"


class Server:
    """Takes the calls one at a time, in the order in which they came."""

    def __init__(self, bus: MessageBus, bluetoothd: Bluetoothd) -> None:
        self.calls: asyncio.Queue[Message] = asyncio.Queue()
        self._bus = bus
        self._bluetoothd = bluetoothd
        self._restarts = 0

    async def serve(self) -> None:
        """Answer for ever."""
        while True:
            call = await self.calls.get()
            if call.message_type is MessageType.SIGNAL:
                if call.member == "NameOwnerChanged" and not call.body[2]:
                    await self._bluetoothd.client_left(call.body[0])
            elif call.interface == CONTROL:
                self._bus.send(await self._control(call))
            elif call.interface == f"{SYSTEMD}.Manager" and call.member == "RestartUnit":
                self._restarts += 1
                await self._bluetoothd.stop()
                await self._bluetoothd.start()
                self._bus.send(Message.new_method_return(call, "o", ["/job/1"]))
            else:
                self._bus.send(await self._bluetoothd.answer(call))

    async def _control(self, call: Message) -> Message:
        fake, body = self._bluetoothd, call.body
        match call.member:
            case "Inject":
                told = [await fake.hear(body[0], *advert) for advert in body[1]]
                return Message.new_method_return(call, "u", [sum(told)])
            case "Scanning":
                adapter = fake.adapter(body[0])
                return Message.new_method_return(call, "b", [bool(adapter and adapter.scanning)])
            case "Counts":
                counts = {
                    "restarts": self._restarts,
                    "power_cycles": fake.power_cycles,
                    "starts": fake.starts,
                }
                return Message.new_method_return(call, "a{su}", [counts])
            case "Expire":
                await fake.expire(body[0])
            case "RefuseStarts":
                fake.refuse_starts = body[0]
            case "Power":
                await self._power(*body)
            case _:
                await self._command(call)
        return Message.new_method_return(call)

    async def _power(self, name: str, on: bool) -> None:  # noqa: FBT001  as it comes off the bus
        adapter = self._bluetoothd.adapter(name)
        assert adapter is not None, f"no {name} to switch"
        await adapter.power(on=on)

    def _command(self, call: Message) -> Coroutine[None, None, None]:
        match call.member:
            case "Plug":
                return self._bluetoothd.plug(*call.body)
            case "Unplug":
                return self._bluetoothd.unplug(call.body[0])
            case "Start":
                return self._bluetoothd.start()
            case _:
                assert call.member == "Stop", call.member
                return self._bluetoothd.stop()


async def main(profile: str, expiry_s: float) -> None:
    """Serve until the bus goes away."""
    bus = await MessageBus(bus_type=BusType.SYSTEM).connect()
    bluetoothd = Bluetoothd(bus, PROFILES[profile])
    server = Server(bus, bluetoothd)

    def take(message: Message) -> bool:
        if message.message_type not in {MessageType.METHOD_CALL, MessageType.SIGNAL}:
            return False
        server.calls.put_nowait(message)
        return True

    bus.add_message_handler(take)
    rule = f"type='signal',sender='{BUS}',member='NameOwnerChanged'"
    await bus.call(
        Message(
            destination=BUS,
            path="/org/freedesktop/DBus",
            interface=BUS,
            member="AddMatch",
            signature="s",
            body=[rule],
        )
    )
    await bus.request_name(CONTROL)
    await bus.request_name(SYSTEMD)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(server.serve())
        tasks.create_task(_expire(bluetoothd, expiry_s))
        print("ready", flush=True)  # noqa: T201  to whoever started this process
        with contextlib.suppress(EOFError):
            await bus.wait_for_disconnect()  # type: ignore[no-untyped-call]  # its own gap
        raise SystemExit(0)


async def _expire(bluetoothd: Bluetoothd, expiry_s: float) -> None:
    while True:
        await asyncio.sleep(min(1.0, expiry_s / 4))
        await bluetoothd.expire(expiry_s)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], float(sys.argv[2])))
