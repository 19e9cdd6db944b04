"""What a test says to the fake BlueZ."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from dbus_fast import Message
from dbus_fast.aio import MessageBus
from dbus_fast.constants import MessageType

from tests.rigs.fake_bluez.__main__ import CONTROL
from tests.rigs.fake_bluez.bus import message_bus, running
from tests.rigs.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable
    from pathlib import Path

ANSWER_S: Final = 60.0
BATCH: Final = 2000
"""Advertisements per message: 200 kB, far below the bus's limit, and a few of its time slices."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """An advertisement on the air: raw advertising data, and who sent it how loudly."""

    ad: bytes
    address: str
    rssi_dbm: int = -60


class FakeBluez:
    """A running fake. Made by `fake_bluez`; `address` is its bus (`DBUS_SYSTEM_BUS_ADDRESS`)."""

    def __init__(self, address: str, control: MessageBus) -> None:
        self.address = address
        self._control = control

    async def inject(
        self, ad: bytes, address: str, rssi_dbm: int = -60, *, adapter: str = "hci0"
    ) -> bool:
        """Send one advertisement; return whether a scan was told of it."""
        report = Report(ad=ad, address=address, rssi_dbm=rssi_dbm)
        return await self.inject_many([report], adapter=adapter) == 1

    async def inject_many(self, reports: Iterable[Report], *, adapter: str = "hci0") -> int:
        """Send many in order, as fast as the bus takes them; return of how many a scan was told."""
        wire = [[report.address, report.ad, report.rssi_dbm] for report in reports]
        told = 0
        for start in range(0, len(wire), BATCH):
            batch = wire[start : start + BATCH]
            told += (await self._call("Inject", "sa(sayn)", adapter, batch))[0]
        return told

    async def scanning(self, adapter: str = "hci0") -> None:
        """Wait until somebody scans on `adapter`."""
        await until(f"a scan on {adapter}", lambda: self._scans(adapter))

    async def idle(self, adapter: str = "hci0") -> None:
        """Wait until nobody scans on `adapter`."""

        async def idle() -> bool:
            return not await self._scans(adapter)

        await until(f"no scan on {adapter}", idle)

    async def plug(self, adapter: str, *, address: str | None = None) -> None:
        """Plug an adapter in; its own address comes of its name unless another is given."""
        own = address or own_address(adapter)
        await self._call("Plug", "ss", adapter, own)

    async def unplug(self, adapter: str) -> None:
        """Pull an adapter out."""
        await self._call("Unplug", "s", adapter)

    async def power(self, adapter: str, *, on: bool) -> None:
        """Switch an adapter, as an operator or rfkill would."""
        await self._call("Power", "sb", adapter, on)

    async def stop(self) -> None:
        """Kill bluetoothd."""
        await self._call("Stop")

    async def start(self) -> None:
        """Start bluetoothd, which knows nothing of before."""
        await self._call("Start")

    @contextlib.asynccontextmanager
    async def frozen(self) -> AsyncIterator[None]:
        """Let bluetoothd hang, its names owned and nobody behind them."""
        call = Message(
            destination="org.freedesktop.DBus",
            path="/org/freedesktop/DBus",
            interface="org.freedesktop.DBus",
            member="GetConnectionUnixProcessID",
            signature="s",
            body=[CONTROL],
        )
        reply = await self._control.call(call)
        assert reply is not None
        pid = int(reply.body[0])
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    async def expire(self, older_than_s: float = 0.0) -> None:
        """Let bluetoothd forget the devices that have been silent for so long."""
        await self._call("Expire", "d", older_than_s)

    async def refuse_starts(self, count: int) -> None:
        """Let the next `count` scans fail to start."""
        await self._call("RefuseStarts", "u", count)

    async def counts(self) -> dict[str, int]:
        """Return `power_cycles` and `restarts` (by systemd) that clients have asked for."""
        counts: dict[str, int] = (await self._call("Counts"))[0]
        return {name: counts[name] for name in ("restarts", "power_cycles")}

    async def starts(self) -> int:
        """Return how many scans were begun since bluetoothd runs."""
        counts: dict[str, int] = (await self._call("Counts"))[0]
        return counts["starts"]

    async def _scans(self, adapter: str) -> bool:
        scans: bool = (await self._call("Scanning", "s", adapter))[0]
        return scans

    async def _call(self, member: str, signature: str = "", *body: Any) -> list[Any]:
        call = Message(
            destination=CONTROL,
            path="/",
            interface=CONTROL,
            member=member,
            signature=signature,
            body=list(body),
        )
        async with asyncio.timeout(ANSWER_S):
            reply = await self._control.call(call)
        if reply.message_type is not MessageType.METHOD_RETURN:
            raise RuntimeError(f"the fake refused {member}: {reply.body}")
        answer: list[Any] = reply.body
        return answer


def own_address(adapter: str) -> str:
    """Return the address of the adapter that was plugged in under this name."""
    return f"02:00:00:00:00:{int(adapter.removeprefix('hci')):02X}"


@contextlib.asynccontextmanager
async def fake_bluez(
    profile: str = "5.82",
    *,
    adapters: tuple[str, ...] = ("hci0",),
    expiry_s: float = 30.0,
    place: Path | None = None,
) -> AsyncIterator[FakeBluez]:
    """Run a private bus with a fake bluetoothd (`profile`: a key of PROFILES) and these adapters.

    In the folder `place` the bus has the same address each time.
    """
    with contextlib.ExitStack() as processes:
        address = processes.enter_context(message_bus(place))
        command = [sys.executable, "-m", "tests.rigs.fake_bluez", profile, str(expiry_s)]
        processes.enter_context(running(command, DBUS_SYSTEM_BUS_ADDRESS=address))
        control = await MessageBus(bus_address=address).connect()
        try:
            fake = FakeBluez(address, control)
            for adapter in adapters:
                await fake.plug(adapter)
            await fake.start()
            yield fake
        finally:
            control.disconnect()
