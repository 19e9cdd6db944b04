"""`shopbell-edge doctor` as an operator uses it: a real process, a real broker, a socket for a radio."""

from __future__ import annotations

import asyncio
import json
import re
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from shopbell_edge.core.doctor.verdict import Check
from tests.edge.test_commands import IBEACON, TOKEN, command, listens, running, written
from tests.rigs.committing_server import CommittingServer
from tests.rigs.ports import free_port
from tests.rigs.waiting import until

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.rigs.brokers import BrokerProcess, MosquittoBroker

OPERATING = Path(__file__).parents[2] / "edge" / "OPERATING.md"

BEACON = "02011a1aff4c0002150d1f6a523c844b7e9f106b2c8e4d7a93000c0001c5"
BARE = "1aff4c0002150d1f6a523c844b7e9f106b2c8e4d7a93000c0002c5"
INTERVAL_S = 0.05
"""Of the phones and beacons here; the beacon is said to send every 100 ms, and 30 % of that may be lost."""

LISTENED_S = 50.0
"""By then a doctor that listens for 5 s has hung up, however busy the machine is."""

HEARTBEAT = (
    '[heartbeat]\nuuid = "0d1f6a52-3c84-4b7e-9f10-6b2c8e4d7a93"\nmajor = 12\nminor = 1\n'
    "minor_without_flags = 2\ninterval_ms = 100\n"
)


def reaching(tmp_path: Path, broker: BrokerProcess, more: str = "") -> str:
    (tmp_path / "word").write_text("edge-secret\n")
    path = written(tmp_path, more)
    account = f'port = {broker.port}\nusername = "edge"\npassword_file = "{tmp_path}/word"\n'
    path.write_text(path.read_text().replace("port = 9\n", account))
    return str(path)


def by_check(out: str) -> dict[str, dict[str, Any]]:
    return {each["check"]: each for each in json.loads(out)["findings"]}


async def beat(tmp_path: Path, *ads: str, first: Sequence[str] = ()) -> None:
    """Say `first` at once, then advertise as a beacon does, every `INTERVAL_S`, until nobody listens.

    A beacon does not end before who listens to it, and on a busy machine a number of times takes longer.
    """
    await until("the radio listens", lambda: listens(tmp_path))
    _, writer = await asyncio.open_unix_connection(tmp_path / "air")
    with suppress(ConnectionError):  # the doctor has listened long enough
        async with asyncio.timeout(LISTENED_S):
            writer.writelines(_line(ad) for ad in first)
            while True:
                writer.writelines(_line(ad) for ad in ads)
                await writer.drain()
                await asyncio.sleep(INTERVAL_S)
    writer.close()


def _line(ad: str) -> bytes:
    return json.dumps({"ad": ad, "rssi": -65}).encode() + b"\n"


async def test_an_edge_that_works_passes_all_the_way_to_the_server(
    tmp_path: Path, mosquitto: MosquittoBroker
) -> None:
    config = reaching(tmp_path, mosquitto, HEARTBEAT)
    async with CommittingServer(mosquitto, tenant="acme", edge="door"):
        with running("doctor", "--config", config, "--listen", "5", "--json") as doctor:
            await beat(tmp_path, BEACON, BARE, first=[IBEACON] * 60)
            out, errors = await asyncio.to_thread(doctor.communicate, timeout=50)
    found = by_check(out)
    failed = {name for name, each in found.items() if each["verdict"] == "FAIL"}
    assert (failed, errors) == (set(), "")
    assert doctor.returncode == 0
    assert {
        "disk",
        "disk-write",
        "spool",
        "broker-login",
        "broker-rights",
        "server",
    } <= found.keys()
    assert found["settings"]["found"] == "edge door of acme: sim0"
    assert "60 of this retailer" in found["hearing sim0"]["found"]
    assert found["heartbeat sim0"]["verdict"] == "PASS", found
    assert TOKEN not in out


async def test_advertisements_without_flags_that_are_withheld_are_reported_by_name(
    tmp_path: Path, mosquitto: MosquittoBroker
) -> None:
    config = reaching(tmp_path, mosquitto, HEARTBEAT)
    async with CommittingServer(mosquitto, tenant="acme", edge="door"):
        with running("doctor", "--config", config, "--listen", "5", "--json") as doctor:
            await beat(tmp_path, BEACON)
            out, _ = await asyncio.to_thread(doctor.communicate, timeout=50)
    assert doctor.returncode == 1
    assert by_check(out)["heartbeat sim0"]["found"].startswith("no_flags: ")


async def test_a_daemon_that_runs_is_left_alone(tmp_path: Path, mosquitto: MosquittoBroker) -> None:
    config = reaching(tmp_path, mosquitto, f"[metrics]\nport = {free_port()}\n")
    async with CommittingServer(mosquitto, tenant="acme", edge="door") as server:
        with running("run", "--config", config) as daemon:
            await server.until(lambda: bool(server.taken))
            ready: dict[str, dict[str, Any]] = {}

            def connected() -> bool:
                done = command("doctor", "--config", config, "--json", "--listen", "1")
                ready.update(by_check(done.stdout))
                return "the daemon is connected" in ready["broker-login"]["found"]

            await until("the metrics page says so", connected)
            assert daemon.poll() is None
            streams = {stream for stream, _ in server.taken}
    assert len(streams) == 1, "a second edge of this name would have had a stream of its own"
    assert ready["daemon"]["found"].startswith("runs: ")
    assert ready["hearing sim0"]["found"] == "the daemon has it, and hears"
    assert "server" not in ready


def test_a_broker_that_is_away_is_said_with_what_to_do(tmp_path: Path) -> None:
    done = command("doctor", "--config", str(written(tmp_path)), "--listen", "1", COLUMNS="80")
    assert done.returncode == 1
    assert "FAIL  broker-port         refused: Connection refused\n" in done.stdout
    assert "> broker.port (8883 with TLS)" in done.stdout
    assert re.search(r"\d+ failed, \d+ to look at, \d+ in order\n\Z", done.stdout)
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert "\x1b" not in done.stdout


def test_settings_that_cannot_be_used_are_all_said_and_the_machine_is_examined_anyway(
    tmp_path: Path,
) -> None:
    done = command(
        "doctor", "--config", str(written(tmp_path, 'pth = "x"\n[codec]\n')), "--listen", "1"
    )
    assert done.returncode == 1
    assert "did you mean 'path'?" in done.stdout
    assert "did you mean 'codes'?" in done.stdout
    assert "kernel" in done.stdout
    assert done.stderr == ""


def test_what_is_missing_from_a_shop_is_named(tmp_path: Path) -> None:
    more = (
        '[[cameras]]\nscanner = "cam0"\ndevice = 63\n'
        f'[[cameras]]\nscanner = "cam1"\nfolder = "{tmp_path}"\nconsume = true\n'
        f'[[cameras]]\nscanner = "cam2"\nfolder = "{tmp_path}/none"\n'
        '[[usb_scanners]]\nkind = "serial"\nscanner = "gun"\ndevice = "/dev/serial/by-id/none"\n'
    )
    done = command("doctor", "--config", str(written(tmp_path, more)), "--listen", "1", "--json")
    found = by_check(done.stdout)
    assert found["camera cam0"]["found"] == "gives nothing: no_camera"
    assert found["camera cam1"]["verdict"] == "PASS"
    assert found["camera cam2"]["found"] == "gives nothing: no_folder"
    assert found["usb-scanner gun"]["found"] == "cannot be had: unplugged"


def test_a_while_that_is_none_is_a_wrong_use(tmp_path: Path) -> None:
    done = command("doctor", "--config", str(written(tmp_path)), "--listen", "0")
    assert done.returncode == 2
    assert "--listen is 0; give 1 to 3600 seconds" in done.stderr


def test_every_check_stands_in_the_readme_with_what_to_do() -> None:
    part = OPERATING.read_text().split("`shopbell-edge doctor`\n")[1].split("\n## ")[0]
    rows = re.findall(r"(?m)^\| `([a-z-]+)` \| [^|]+ \| [^|]+ \|$", part)
    assert sorted(rows) == sorted(get_args(Check))
