"""The command line of the edge, as a person uses it: real processes, a real spool, a socket for a radio."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from shopbell_edge.adapters.spool.batches import Speaker
from shopbell_edge.adapters.spool.sqlite import SqliteSpool
from shopbell_wire.messages import Ack, Refused
from tests.edge.core.ad_bytes import EDDYSTONE_FOB, EDDYSTONE_ID
from tests.edge.events import scan as a_scan
from tests.fakes.clock import FakeClock
from tests.rigs.commands import run_command
from tests.rigs.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

IBEACON = "02011a1aff4c0002156f2a1c5e9b7d4e03a1c40f5d2e8b7a61ad550f72c5"
TOKEN = "ad550f72"


def written(tmp_path: Path, more: str = "") -> Path:
    path = tmp_path / "edge.toml"
    path.write_text(
        'tenant = "acme"\nedge = "door"\n'
        # Nobody listens on port 9 (discard): the broker is away.
        '[broker]\nhost = "127.0.0.1"\nport = 9\n'
        '[retailer]\nuuid = "6f2a1c5e-9b7d-4e03-a1c4-0f5d2e8b7a61"\nprefix = "5bb0e111"\n'
        f'[spool]\npath = "{tmp_path}/spool.db"\n'
        '[clock]\nsource = "system"\n'
        f'[[radios]]\nkind = "socket"\nscanner = "sim0"\npath = "{tmp_path}/air"\n{more}'
    )
    return path


def command(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return run_command("shopbell_edge", *arguments, environment=environment)


@contextmanager
def running(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "shopbell_edge", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def listens(tmp_path: Path) -> bool:
    """Return whether somebody listens at the radio: its name is there a moment earlier."""
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(tmp_path / "air")) == 0


async def say(tmp_path: Path, times: int, ad: str = IBEACON) -> None:
    await until("the radio listens", lambda: listens(tmp_path))
    reader, writer = await asyncio.open_unix_connection(tmp_path / "air")
    for _ in range(times):
        writer.write(json.dumps({"ad": ad, "rssi": -65}).encode() + b"\n")
        await writer.drain()
    writer.close()
    await writer.wait_closed()
    del reader


@pytest.mark.parametrize(
    "arguments", [("--help",), ("run", "--help"), ("scan", "--help"), ("spool", "--help")]
)
def test_help_has_an_example(arguments: tuple[str, ...]) -> None:
    done = command(*arguments)
    assert done.returncode == 0
    assert "example: shopbell-edge" in done.stdout


def test_a_right_file_is_right(tmp_path: Path) -> None:
    done = command("check-config", "--config", str(written(tmp_path)))
    assert (done.returncode, done.stderr) == (0, "")
    assert "is right: edge door of acme, sim0" in done.stdout


def test_a_wrong_file_says_all_that_is_wrong(tmp_path: Path) -> None:
    done = command("check-config", "--config", str(written(tmp_path, 'pth = "x"\n[codec]\n')))
    assert done.returncode == 2
    assert "radios[0].pth: unknown key; did you mean 'path'?" in done.stderr
    assert "codec: unknown key; did you mean 'codes'?" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    done = command("run", "--config", str(tmp_path / "none.toml"))
    assert done.returncode == 2
    assert (
        "none.toml cannot be used:\n  there is no such file. Name another with --config."
        in done.stderr
    )


def test_a_wrong_use_is_a_2() -> None:
    assert command("dance").returncode == 2


NUMBERS = '[numbers]\nkey_file = "{}"\n[[numbers.shapes]]\nsymbology = "EAN-13"\nprefix = "29"\nlength = 13\n'


@pytest.mark.parametrize("what", ["run", "check-config"])
def test_a_key_that_nothing_can_be_sealed_to_is_refused_before_a_card_is_shown(
    tmp_path: Path, what: str
) -> None:
    key = tmp_path / "number.pub"
    key.write_text("00" * 32)
    done = command(what, "--config", str(written(tmp_path, NUMBERS.format(key))))
    assert done.returncode == 2
    assert (
        "numbers.key_file: the server's public key is no key that can be sealed to" in done.stderr
    )


@pytest.mark.parametrize("what", ["run", "check-config"])
def test_a_key_under_which_anybody_could_give_orders_is_refused(tmp_path: Path, what: str) -> None:
    key = tmp_path / "orders.pub"
    key.write_text("00" * 32)
    done = command(what, "--config", str(written(tmp_path, f'[orders]\nkey_file = "{key}"\n')))
    assert done.returncode == 2
    assert "orders.key_file: the retailer's public key is no key: anybody" in done.stderr


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        config = str(written(tmp_path, f"[metrics]\nport = {port}\n"))
        done = command("run", "--config", config)
    assert done.returncode == 1
    assert f"cannot run: metrics at 127.0.0.1:{port}: Address already in use; give" in done.stderr


def test_a_spool_that_cannot_be_written_says_where_and_what_to_look_at(tmp_path: Path) -> None:
    (tmp_path / "spool.db").mkdir()
    done = command("run", "--config", str(written(tmp_path)))
    assert done.returncode == 1
    assert f"cannot run: the spool {tmp_path}/spool.db: unable to open" in done.stderr


def test_a_supervisor_that_is_not_there_is_named(tmp_path: Path) -> None:
    done = command(
        "run", "--config", str(written(tmp_path)), NOTIFY_SOCKET=str(tmp_path / "nobody")
    )
    assert done.returncode == 1
    assert "cannot run: NOTIFY_SOCKET: No such file or directory; unset it" in done.stderr


def test_a_camera_without_its_extra_says_what_to_install(tmp_path: Path) -> None:
    camera = f'[[cameras]]\nscanner = "cam0"\nfolder = "{tmp_path}"\n'
    # As in an installation without the extra: the library cannot be imported.
    (tmp_path / "cv2.py").write_text("raise ModuleNotFoundError(\"No module named 'cv2'\")")
    done = command("run", "--config", str(written(tmp_path, camera)), PYTHONPATH=str(tmp_path))
    assert done.returncode == 1
    assert "No module named 'cv2'; cameras need deploy/requirements/edge-qr.txt" in done.stderr


def test_a_spool_that_is_not_there_says_so(tmp_path: Path) -> None:
    done = command("spool", "--config", str(written(tmp_path)))
    assert done.returncode == 1
    assert "has `shopbell-edge run` been started?" in done.stderr


async def test_the_daemon_keeps_what_it_hears_while_the_broker_is_away(tmp_path: Path) -> None:
    config = str(written(tmp_path))
    with running("run", "--config", config) as daemon:
        await say(tmp_path, 5)

        def waiting() -> dict[str, Any]:
            done = command("spool", "--config", config, "--json")
            return json.loads(done.stdout) if done.returncode == 0 else {}

        await until("the stay is in the spool", lambda: waiting().get("events", 0) >= 2)
        again = command("run", "--config", config)
        assert again.returncode == 1
        assert "cannot run: another shopbell-edge uses the spool" in again.stderr
        daemon.send_signal(signal.SIGTERM)
        out, errors = await asyncio.to_thread(daemon.communicate, timeout=20)
    assert daemon.returncode == 0
    assert out == ""
    assert "edge_stopped" in errors
    assert "uplink_unreachable" in errors
    assert TOKEN not in errors
    shown = command("spool", "--config", config)
    assert "events wait (0 scans), 0 batches are on the way" in shown.stdout
    assert "% of 256 MiB" in shown.stdout


def test_a_spool_that_is_broken_says_what_becomes_of_it(tmp_path: Path) -> None:
    config = str(written(tmp_path))
    (tmp_path / "spool.db").write_bytes(b"no spool at all " * 400)
    done = command("spool", "--config", config)
    assert (done.returncode, done.stdout) == (1, "")
    assert "the daemon sets it aside when it starts, and begins a new one" in done.stderr


async def test_the_live_table_shows_phones_by_letter(tmp_path: Path) -> None:
    config = str(written(tmp_path))
    with running("scan", "--config", config, "--seconds", "2", "--json") as scan:
        await say(tmp_path, 3)
        out, errors = await asyncio.to_thread(scan.communicate, timeout=20)
    assert (scan.returncode, errors) == (0, "")
    (phone,) = json.loads(out)["phones"]
    assert phone == {
        "phone": "A",
        "scanner": "sim0",
        "frame": "ibeacon",
        "sightings": 3,
        "loss_db": 6.0,
        "nearness": "near",
    }
    assert TOKEN not in out


async def test_the_live_table_shows_fobs_by_kind(tmp_path: Path) -> None:
    config = str(written(tmp_path, '[static]\nnamespaces = ["7e11c0ffee0ddba11dad"]\n'))
    with running("scan", "--config", config, "--seconds", "2", "--json") as scan:
        await say(tmp_path, 3, EDDYSTONE_FOB.hex())
        out, _ = await asyncio.to_thread(scan.communicate, timeout=20)
    (fob,) = json.loads(out)["phones"]
    assert (fob["phone"], fob["frame"], fob["sightings"]) == ("A", "static", 3)
    assert EDDYSTONE_ID.hex()[:16] not in out


async def test_a_flood_of_made_up_tokens_does_not_fill_the_table(tmp_path: Path) -> None:
    config = str(written(tmp_path))
    with running("scan", "--config", config, "--seconds", "3", "--json") as scan:
        await until("the radio listens", lambda: listens(tmp_path))
        _, writer = await asyncio.open_unix_connection(tmp_path / "air")
        for number in range(700):
            ad = IBEACON.replace(TOKEN, f"{number:08x}")
            writer.write(json.dumps({"ad": ad, "rssi": -65}).encode() + b"\n")
        await writer.drain()
        writer.close()
        await writer.wait_closed()
        out, _ = await asyncio.to_thread(scan.communicate, timeout=20)
    document = json.loads(out)
    assert document["radios"][0]["advertisements"] == 700
    assert len(document["phones"]) == 500


def test_a_table_for_programs_needs_to_know_for_how_long(tmp_path: Path) -> None:
    done = command("scan", "--config", str(written(tmp_path)), "--json")
    assert done.returncode == 2
    assert "say for how long with --seconds" in done.stderr


async def test_the_live_table_is_drawn_for_people(tmp_path: Path) -> None:
    with running("scan", "--config", str(written(tmp_path)), "--seconds", "2") as scan:
        await say(tmp_path, 3)
        out, _ = await asyncio.to_thread(scan.communicate, timeout=20)
    assert "sim0: hearing" in out
    assert "NEAR up to 20 dB of loss (enter_loss_db), stays up to 30" in out
    assert re.search(r"ibeacon +[0-9.]+/s  phones: 1, near: 1", out)
    assert re.search(r"A     sim0     ibeacon          6 ·+█·* +[0-9.]+/s  NEAR", out)
    assert TOKEN not in out


async def test_refused_batches_are_listed(tmp_path: Path) -> None:
    clock = FakeClock()
    speaker = Speaker(edge="door", stream="5" * 32, software="test")
    async with SqliteSpool(tmp_path / "spool.db", speaker, clock.now()) as spool:
        await spool.append([a_scan()], clock.now())
        await spool.seal("any", clock.now())
        refused = Refused(seq=1, index=None, reason="too_deep\x1b[2J")
        await spool.settle(
            Ack(stream="5" * 32, committed=(), refused=(refused,), server_ms=clock.now().wall_ms)
        )
    config = str(written(tmp_path))
    shown = command("spool", "--config", config, "--refused").stdout
    assert "too_deep" in shown
    assert "\x1b" not in shown
    listed = json.loads(command("spool", "--config", config, "--refused", "--json").stdout)
    assert [(each["seq"], each["index"], each["reason"]) for each in listed] == [
        (1, None, "too_deep\x1b[2J")
    ]
