"""Bluetooth goes away, hangs, or drowns: the edge hears again by itself, and codes do not suffer.

On a real message bus with the fake bluetoothd; that it dies, is unplugged, refuses and falls silent is in
tests/edge/adapters/test_ble.py, and before a real kernel and bluetoothd in tests/e2e.
"""

from __future__ import annotations

import asyncio
import random
import sysconfig
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from shopbell_edge.adapters.ble.radio import BluetoothRadio
from shopbell_edge.core.backoff import Backoff
from shopbell_edge.core.recovery import Recovery
from shopbell_edge.core.units import Boottime
from shopbell_edge.core.usual import interest_in
from shopbell_wire.messages import Presence, Scan
from tests.edge.adapters.listening import listening
from tests.edge.core.advertisements import APPLE, RETAILER, UUID_BYTES
from tests.faults.daemon import Daemon
from tests.faults.plan import seeds
from tests.rigs.committing_server import CommittingServer
from tests.rigs.fake_bluez.bus import missing, system_bus_at
from tests.rigs.fake_bluez.client import Report, fake_bluez
from tests.rigs.pty_scanner import PtyScanner
from tests.rigs.till_file import till_file
from tests.rigs.waiting import until

if TYPE_CHECKING:
    from tests.edge.adapters.listening import Listener
    from tests.rigs.brokers import MosquittoBroker
    from tests.rigs.fake_bluez.client import FakeBluez

pytestmark = [
    pytest.mark.timeout(900),
    pytest.mark.skipif(missing() is not None, reason=str(missing())),
]

QUICK: Final = Recovery(
    silent_s=0.5, check_s=0.1, attempts=1_000, backoff=Backoff(first_s=0.01, most_s=0.2)
)
"""From 90 s, 30 s and 0.5 to 30 s."""

BACK_S: Final = 60.0
"""A call that nobody answers is given up after ten seconds, and a remedy makes two; within the 120 s that an
edge may take in all."""

PHONE: Final = "C0:FF:EE:00:00:01"
FLAGS: Final = bytes.fromhex("02011a")
IBEACON: Final = FLAGS + b"\x1a\xff" + APPLE.to_bytes(2, "little") + b"\x02\x15" + UUID_BYTES
OURS: Final = IBEACON + bytes.fromhex("ad550f72c5")

FEW, MANY = 40_000, 600_000
"""Advertisements of a storm: eight seconds of 5 000 a second, and two minutes. They come as fast as the bus
takes them, which is more."""

DEVICES: Final = 2_000
OURS_OF_TEN: Final = 1

MOST_MB: Final = 150
"""What an edge without a camera may hold in all."""

GROWTH_MB: Final = 25
"""What a storm may add to an edge that has heard a tenth of it: 2 000 devices as bleak and we
remember them are 5 MB; the allocator's arenas breathe."""


def a_radio() -> BluetoothRadio:
    return BluetoothRadio(
        "hci0",
        look=interest_in(RETAILER),
        boottime=lambda: Boottime(0),
        recovery=QUICK,
        uniform=lambda _low, high: high,
    )


async def is_heard(fake: FakeBluez, listener: Listener) -> None:
    """Wait until an advertisement that is on the air arrives."""
    before = len(listener.adverts)

    async def arrives() -> bool:
        await fake.inject(OURS, PHONE)
        return len(listener.adverts) > before

    await until("an advertisement arrives", arrives, within_s=BACK_S)


async def test_a_bus_that_is_restarted_is_found_again(tmp_path: Path) -> None:
    with system_bus_at(f"unix:path={tmp_path}/socket"):
        async with listening(a_radio()) as listener:
            for _ in range(2):
                async with fake_bluez(place=tmp_path) as fake:
                    await is_heard(fake, listener)
                listener.forget()
                await listener.is_blind("no_bus")
            async with fake_bluez(place=tmp_path) as fake:
                await is_heard(fake, listener)


async def test_a_bluetoothd_that_hangs_is_noticed_and_heard_again_when_it_works(
    tmp_path: Path,
) -> None:
    async with fake_bluez(place=tmp_path) as fake:
        with system_bus_at(fake.address):
            async with listening(a_radio()) as listener:
                await is_heard(fake, listener)
                listener.forget()
                async with fake.frozen():
                    await listener.is_blind("silent", within_s=BACK_S)
                await is_heard(fake, listener)


def storm(dice: random.Random, number: int) -> list[Report]:
    """Return `number` advertisements of all devices, a tenth of them customers'."""
    reports = []
    for _ in range(number):
        device = dice.randrange(DEVICES)
        address = f"C0:FF:EE:00:{device >> 8:02X}:{device & 255:02X}"
        if device % 10 < OURS_OF_TEN:
            ad = IBEACON + device.to_bytes(4, "big") + b"\xc5"
        else:
            ad = FLAGS + b"\x0b\xff\x06\x00" + dice.randbytes(8)
        reports.append(Report(ad=ad, address=address, rssi_dbm=-60 - device % 7))
    return reports


def held_mb(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    (line,) = (line for line in lines if line.startswith("VmRSS:"))
    return int(line.split()[1]) / 1024


async def storms(folder: Path, broker: MosquittoBroker, seed: int, number: int) -> None:
    """Let a storm pass over an edge, with a pass in the middle; say `seed` of whatever fails."""
    dice, said = random.Random(seed), f"seed {seed}"
    config = till_file(
        folder,
        broker,
        more='[[radios]]\nkind = "bluetooth"\nadapter = "hci0"\nhear = "bleak"\n',
    )
    program = Path(sysconfig.get_path("scripts")) / "shopbell-edge"
    daemon = Daemon("till", [program, "run", "--config", config], folder, "edge_started")
    async with (
        fake_bluez() as fake,
        CommittingServer(broker, tenant="acme", edge="till") as server,
    ):
        with PtyScanner(folder / "gun") as gun, system_bus_at(fake.address):
            try:
                daemon.start()
                await daemon.works()
                gun.plug()
                await until("attached", lambda: '"attached"' in daemon.log)
                await fake.scanning()
                await fake.inject_many(storm(dice, number // 10))
                before_mb = held_mb(daemon.pid)
                blowing = asyncio.create_task(fake.inject_many(storm(dice, number)))
                shown = f"SB1.K7Q2M9X4TR3WA.{int(time.time())}.48775424"
                gun.scan(shown)
                await until("it is kept", lambda: '"scan_kept"' in daemon.log)
                assert await blowing > 0
                await until("it is taken", lambda: _has(server, shown))
                await until("customers are told", lambda: _customers(server) >= DEVICES // 20)
                grown_mb = held_mb(daemon.pid) - before_mb
                assert grown_mb < GROWTH_MB, said
                assert held_mb(daemon.pid) < MOST_MB, said
                assert "Traceback" not in daemon.log, said
                assert "loops_stalled" not in daemon.log, said
                await daemon.stop()
            finally:
                daemon.show()
                daemon.kill()


def _has(server: CommittingServer, text: str) -> bool:
    return any(isinstance(event, Scan) and event.text == text for event in server.events())


def _customers(server: CommittingServer) -> int:
    return len({event.token for event in server.events() if isinstance(event, Presence)})


async def test_a_storm_of_advertisements_fills_no_memory_and_harms_no_scan(
    tmp_path: Path, mosquitto: MosquittoBroker
) -> None:
    await storms(tmp_path, mosquitto, 1, FEW)


@pytest.mark.faults
@pytest.mark.parametrize("seed", seeds(2))
async def test_a_long_storm(tmp_path: Path, mosquitto: MosquittoBroker, seed: int) -> None:
    await storms(tmp_path, mosquitto, seed, MANY)
