"""Whether the edge's memory stays small and flat, however many strangers pass."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from shopbell_program.signing import Signer
from tests.bench.air import RETAILER, addresses, foreign, own
from tests.bench.machine import cpu_s, most_mb
from tests.bench.report import Report, at_most, figure
from tests.rigs.brokers import MosquittoBroker
from tests.rigs.fake_bluez.bus import missing, system_bus_at
from tests.rigs.fake_bluez.client import FakeBluez, fake_bluez
from tests.rigs.fake_bluez.client import Report as Heard
from tests.rigs.ports import free_port
from tests.rigs.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator

TITLE: Final = "Edge: memory"
MEASURES: Final = (
    "Resident memory, in MB of 10⁶ bytes. A process that has loaded the daemon (without camera) and hears "
    "10⁷ advertisements (`--long`: 10⁸) from 10⁵ addresses, 1 000 a second by its clock, as events of the "
    "kernel through reader, adapter and roster, none kept back: strangers, and one in ten with a token of "
    "ours, half of those of 100 phones that stay, half made up. Then the daemon itself, `shopbell-edge run` "
    "with one radio on the bus (fake BlueZ) and a broker (Mosquitto), at its most since its start, after "
    "20 000 advertisements of 900 strangers and 100 phones, all of whom bluetoothd knows at once: with no "
    "more settings than those, and with the metrics page and orders as well, for which it loads "
    "Prometheus's client and `cryptography`. Without `rich`, which structlog loads where it finds it: it is "
    "none of an edge's requirements."
)
WHY: Final = (
    "what is loaded before the first advertisement is most of it; then bleak keeps some 4 kB of each device "
    "that bluetoothd knows."
)

RSS_MB: Final = 60.0
FLAT_MB: Final = 2.0
"""Flat: what the allocator keeps in reserve moves by as much."""

ADVERTS: Final = 10_000_000
LONG: Final = 10

STRANGERS: Final = 900
PHONES: Final = 100
TIMES: Final = 20

AS_INSTALLED: Final = "import sys; sys.modules['rich'] = None; "
STREET: Final = (
    AS_INSTALLED + "import asyncio; from tests.bench.street import main; asyncio.run(main())"
)
EDGE: Final = AS_INSTALLED + "from shopbell_edge.__main__ import main; main()"

START_S: Final = 40.0
STOP_S: Final = 20.0
WALK_S: Final = 3_000.0
QUIET_S: Final = 0.02
"""A daemon that used less CPU than this in a second has nothing left to do but its usual rounds."""

SETTINGS: Final = """
tenant = "acme"
edge = "edge-0"
[broker]
host = "127.0.0.1"
port = {port}
username = "edge"
password_file = "{folder}/password"
[retailer]
uuid = "{uuid}"
prefix = "{prefix}"
[spool]
path = "{folder}/spool.db"
[clock]
source = "system"
[[radios]]
kind = "bluetooth"
adapter = "hci0"
"""
MORE: Final = """
[metrics]
port = {metrics_port}
[orders]
key_file = "{folder}/orders.pub"
"""


async def measure(*, long: bool) -> Report:
    if why := missing():
        pytest.skip(why)
    count = ADVERTS * (LONG if long else 1)
    began, tenths, most, note = await walked_by(count)
    plain, everything = await daemons()
    return Report(
        title=TITLE,
        measures=MEASURES,
        figures=(
            figure("before the first advertisement", "MB", (began,)),
            figure("after the first tenth", "MB", (tenths[0],)),
            figure("after each of the other tenths", "MB", tenths[1:]),
            figure("the daemon", "MB", (plain,)),
            figure("the daemon with metrics and orders", "MB", (everything,)),
        ),
        verdicts=(
            at_most("at its most", most, RSS_MB, "MB"),
            at_most("growth since the first tenth", tenths[-1] - tenths[0], FLAT_MB, "MB"),
            at_most("the daemon, at its most", plain, RSS_MB, "MB"),
            at_most("the same with metrics and orders", everything, RSS_MB, "MB"),
        ),
        notes=(note,),
        why=WHY,
    )


async def walked_by(count: int) -> tuple[float, list[float], float, str]:
    """Return the street's memory in MB before, after each tenth and at the most; and its own words."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", STREET, str(count)),
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(WALK_S):
            assert process.stdout is not None
            lines = [line.decode().strip() async for line in process.stdout]
            await process.wait()
    finally:
        with suppress(ProcessLookupError):
            process.kill()
    assert process.returncode == 0, "the street ended too soon"
    *sizes_kb, note = lines
    began, *tenths, most = [int(kb) * 1024 / 1e6 for kb in sizes_kb]
    return began, tenths, most, note


async def daemons() -> list[float]:
    """Return the most memory in MB of a daemon with few settings, and of one with more."""
    found = []
    for settings in (SETTINGS, SETTINGS + MORE):
        async with fake_bluez() as fake:
            with (
                tempfile.TemporaryDirectory(prefix="shopbell-bench-") as folder,
                system_bus_at(fake.address),
                MosquittoBroker(Path(folder, "broker"), users={"edge": "edge"}) as broker,
            ):
                written(Path(folder), settings, broker.port)
                found.append(await one_daemon(fake, Path(folder)))
    return found


def written(folder: Path, settings: str, port: int) -> None:
    password = folder / "password"
    password.write_text("edge")
    password.chmod(0o600)
    (folder / "orders.pub").write_text(Signer(bytes(32)).public_key.hex())
    (folder / "edge.toml").write_text(
        settings.format(
            folder=folder,
            port=port,
            metrics_port=free_port(),
            uuid=RETAILER.uuid,
            prefix=RETAILER.prefix,
        )
    )


async def one_daemon(fake: FakeBluez, folder: Path) -> float:
    ads = [*map(foreign, range(STRANGERS)), *map(own, range(PHONES))]
    street = [
        Heard(ad=ad, address=address, rssi_dbm=-65)
        for ad, address in zip(ads, addresses(len(ads)), strict=True)
    ]
    with running(folder) as pid:
        log = folder / "edge.log"
        await until("a connection", lambda: "uplink_connected" in log.read_text(), within_s=START_S)
        await fake.scanning()
        for _ in range(TIMES):
            await fake.inject_many(street)
        before_s = -1.0
        while cpu_s(pid) - before_s > QUIET_S:
            before_s = cpu_s(pid)
            await asyncio.sleep(1)
        return most_mb(pid)


@contextmanager
def running(folder: Path) -> Iterator[int]:
    with (
        (folder / "edge.log").open("w") as out,
        subprocess.Popen(
            [sys.executable, "-c", EDGE, "run", "--config", folder / "edge.toml"],
            stdout=out,
            stderr=subprocess.STDOUT,
        ) as process,
    ):
        try:
            yield process.pid
        finally:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(STOP_S)
            process.kill()
