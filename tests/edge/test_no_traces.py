"""What an edge lets out of itself: of phones, passes, numbers and strangers nothing.

A real daemon with all that speaks to an operator (log, metrics page, diagnostics, `doctor`, `scan`), and all
that a stranger may put before it: adverts with names, codes that want something of a log or a terminal.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sysconfig
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import httpx2
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from shopbell_wire.messages import Diagnostics, OrderDone, Presence, Scan
from shopbell_wire.orders import Order, SendDiagnostics, seal
from tests.edge.adapters.camera_pictures import qr
from tests.edge.adapters.test_camera import put
from tests.edge.core.advertisements import RETAILER, UUID_BYTES
from tests.faults.daemon import Daemon
from tests.rigs.committing_server import CommittingServer
from tests.rigs.fake_bluez.bus import missing, system_bus_at
from tests.rigs.fake_bluez.client import fake_bluez
from tests.rigs.listener import Listener
from tests.rigs.ports import free_port
from tests.rigs.pty_scanner import PtyScanner
from tests.rigs.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tests.rigs.brokers import MosquittoBroker
    from tests.rigs.fake_bluez.client import FakeBluez

pytestmark = [
    pytest.mark.timeout(240),
    pytest.mark.skipif(missing() is not None, reason=str(missing())),
]

PROGRAM: Final = Path(sysconfig.get_path("scripts")) / "shopbell-edge"

SETTINGS: Final = """
tenant = "acme"
edge = "till"
[broker]
host = "127.0.0.1"
port = {port}
username = "edge"
password_file = "{folder}/password"
[retailer]
uuid = "{retailer}"
prefix = "{prefix}"
[spool]
path = "{folder}/spool.db"
[clock]
source = "system"
[sending]
answer_s = 1
reconnect_wait_s = 0.1
[metrics]
port = {metrics}
[orders]
key_file = "{folder}/orders.pub"
[numbers]
key_file = "{folder}/number.pub"
[[numbers.shapes]]
symbology = "EAN-13"
prefix = "29"
length = 13
[[radios]]
kind = "bluetooth"
adapter = "hci0"
hear = "bleak"
[[cameras]]
scanner = "cam"
folder = "{folder}/pictures"
consume = true
[[usb_scanners]]
kind = "serial"
scanner = "gun"
device = "{folder}/gun"
feedback = ["log"]
"""

LOUD: Final = {"BLEAK_LOGGING": "1"}
"""What makes bleak write down every address that it hears of, if nobody prevents it."""

HER_ADDRESS: Final = "C0:FF:EE:12:34:56"
HIS_ADDRESS: Final = "DE:AD:BE:EF:12:34"
NAME: Final = "Noortjes telefoon"
TOKEN: Final = "ad550f72"
OURS: Final = bytes.fromhex("02011a1aff4c000215") + UUID_BYTES + bytes.fromhex(TOKEN) + b"\xc5"
STRANGERS_ID: Final = "2f234454cf6d4a0faef2f4911ba9ffa6"
STRANGERS: Final = bytes.fromhex(f"02011a1aff4c000215{STRANGERS_ID}12672edac5")
CARD: Final = "K7Q2M9X4TR3WA"
NUMBER: Final = "2912345678906"
MARK: Final = "GEHEIM"
"""In everything that is nobody's business."""

ODD: Final = (
    f"https://evil.example/{MARK}",
    f'{MARK}"}}\n{{"event": "forged", "level": "info"}}',
    f"{MARK}\x1b]0;owned\x07\x1b[2J",
    f"{MARK} level=info event=forged",
    f"{MARK}\u202egpj.exe",
    f"{MARK}\x00\x00",
    f"SB1.{CARD}.1.{MARK}",
    f"WIFI:S:{MARK};T:WPA;P:{MARK};;",
    f"' OR 1=1-- {MARK}",
    f'=HYPERLINK("{MARK}")',
    MARK * 200,
)
"""Codes that want something of a log, a terminal, a database or a table."""


@dataclass
class Till:
    """An edge and all that it says to anybody."""

    folder: Path
    daemon: Daemon
    server: CommittingServer
    air: FakeBluez
    gun: PtyScanner
    metrics: int
    said: dict[str, bytes] = field(default_factory=dict)

    def events(self, kind: type) -> list[Any]:
        return [event for event in self.server.events() if isinstance(event, kind)]

    async def listens(self) -> None:
        """Take in whatever comes before it: a customer, strangers, a pass, a number, and odd things."""

        async def told() -> bool:
            await self.air.inject(OURS + _named(NAME), HER_ADDRESS)
            await self.air.inject(STRANGERS, HIS_ADDRESS)
            await self.air.inject(_named(f"{NAME} {MARK}"), HIS_ADDRESS)
            return bool(self.events(Presence))

        await until("a customer is told", told)
        for each in ODD:
            self.gun.scan(each)
        self.gun.scan(NUMBER)
        self.gun.scan(_pass())
        await until("both are kept", lambda: len(self.events(Scan)) == 2)
        pictures = self.folder / "pictures"
        put(b"no image", pictures / f"{MARK}\n\x1b[2J.png")
        put(qr(f"https://evil.example/{MARK}"), pictures / f"{MARK}.png")
        await until("they are looked at", lambda: _pictures(pictures) == [".unreadable"])

    async def tells(self, what: str, *arguments: str) -> None:
        """Run the program as an operator does, and keep what it prints."""
        done = await asyncio.to_thread(printed, [PROGRAM, *arguments, "--config", self.config])
        self.said[what] = done
        assert done != b""

    @property
    def config(self) -> Path:
        return self.folder / "edge.toml"

    async def is_told_to_examine_itself(self, key: Ed25519PrivateKey, operator: Listener) -> None:
        """Order diagnostics, and keep what comes of it."""
        now_ms = time.time_ns() // 1_000_000
        order = Order(
            tenant="acme",
            edge="till",
            number=1,
            issued_ms=now_ms,
            expires_ms=now_ms + 60_000,
            task=SendDiagnostics(),
        )
        operator.say("shopbell/v1/acme/till/down/command", seal(order, key.sign))
        await until("diagnostics", lambda: bool(self.events(Diagnostics)))
        await until("the answer", lambda: bool(self.events(OrderDone)))
        shown = self.events(Diagnostics) + self.events(OrderDone)
        self.said["diagnostics"] = repr(shown).encode()


def printed(command: Sequence[str | Path]) -> bytes:
    done = subprocess.run(
        command, capture_output=True, check=False, timeout=60, env=os.environ | LOUD
    )
    return done.stdout + done.stderr


def _named(name: str) -> bytes:
    """Return the structure of a local name."""
    return bytes([len(name) + 1, 9]) + name.encode()


def _pass() -> str:
    return f"SB1.{CARD}.{int(time.time())}.48775424"


def _pictures(folder: Path) -> list[str]:
    return [file.suffix for file in folder.iterdir()]


def _spooled(folder: Path) -> dict[str, bytes]:
    return {
        file.name: file.read_bytes()
        for file in folder.iterdir()
        if file.name.startswith("spool.db")
    }


def _secret(text: str) -> list[bytes]:
    """Return how `text` may be written: as it is, in hexadecimal, as the bytes that it is in hexadecimal."""
    spelt = [text, text.lower(), text.replace(":", "_"), text.replace(":", "").lower()]
    return [*(each.encode() for each in spelt), text.encode().hex().encode()]


def traces(needles: Iterable[str], said: dict[str, bytes]) -> list[str]:
    """Return where something was found. What, is not said: a report is an artefact."""
    return [
        f"secret {number} in {name}"
        for number, needle in enumerate(needles)
        for name, hay in said.items()
        if any(spelt in hay or spelt in hay.lower() for spelt in _secret(needle))
    ]


async def test_nothing_that_an_edge_says_to_an_operator_tells_of_anybody(
    tmp_path: Path, mosquitto: MosquittoBroker
) -> None:
    key = Ed25519PrivateKey.generate()
    (tmp_path / "orders.pub").write_text(key.public_key().public_bytes_raw().hex())
    number_key = X25519PrivateKey.generate().public_key().public_bytes_raw()
    (tmp_path / "number.pub").write_text(number_key.hex())
    (tmp_path / "password").write_text(mosquitto.users["edge"])
    (tmp_path / "pictures").mkdir()
    metrics = free_port()
    (tmp_path / "edge.toml").write_text(
        SETTINGS.format(
            port=mosquitto.port,
            folder=tmp_path,
            retailer=RETAILER.uuid,
            prefix=RETAILER.prefix,
            metrics=metrics,
        )
    )
    loud = [f"{name}={value}" for name, value in LOUD.items()]
    command: list[str | Path] = ["env", *loud, PROGRAM, "run", "--config", tmp_path / "edge.toml"]
    daemon = Daemon("till", command, tmp_path, "edge_started")
    async with (
        fake_bluez() as air,
        CommittingServer(mosquitto, tenant="acme", edge="till") as server,
        Listener(mosquitto, "shopbell/v1/acme/till/up/status") as listener,
    ):
        with PtyScanner(tmp_path / "gun") as gun, system_bus_at(air.address):
            till = Till(tmp_path, daemon, server, air, gun, metrics)
            try:
                daemon.start()
                await daemon.works()
                gun.plug()
                await until("attached", lambda: '"attached"' in daemon.log)
                await air.scanning()
                await till.listens()
                await till.is_told_to_examine_itself(key, listener)
                page = f"http://127.0.0.1:{metrics}/metrics"
                till.said["metrics"] = httpx2.get(page, trust_env=False).content
                await till.tells("doctor", "doctor", "--json")
                await till.tells("spool", "spool")
                till.said["status"] = b"\n".join(payload for _, payload, _ in listener.heard)
                await daemon.stop()
            finally:
                till.said["log"] = daemon.log.encode()
                daemon.show()
                daemon.kill()
            hearing = asyncio.create_task(till.tells("scan", "scan", "--seconds", "3"))
            while not hearing.done():
                await air.inject(OURS + _named(NAME), HER_ADDRESS)
            await hearing
    till.said |= _spooled(tmp_path)
    secrets = [HER_ADDRESS, HIS_ADDRESS, NAME, TOKEN, STRANGERS_ID, CARD, NUMBER, MARK]
    secrets += [mosquitto.users["edge"], key.private_bytes_raw().hex()]
    # The daemon's last word of her waits in the spool; all others are acknowledged, and gone from its pages.
    assert till.said["spool.db"].count(TOKEN.encode()) <= 1
    till.said["spool.db"] = till.said["spool.db"].replace(TOKEN.encode(), b"")
    assert traces(secrets, till.said) == []
    # Whoever looks for nothing finds nothing: what the server shall have did leave.
    assert traces([TOKEN, CARD], {"server": repr(server.events()).encode()}) != []
    lines = [json.loads(line) for line in till.said["log"].decode().splitlines()]
    assert "forged" not in {line["event"] for line in lines}
