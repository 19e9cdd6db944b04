"""The whole road of a handheld scanner: terminal, daemon, spool, broker, server, and back to a beep."""

from __future__ import annotations

import sysconfig
import time
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest

from shopbell_wire.messages import Scan, Status
from tests.faults.daemon import Daemon
from tests.rigs.committing_server import CommittingServer
from tests.rigs.listener import Listener
from tests.rigs.pty_scanner import PtyScanner
from tests.rigs.till_file import till_file
from tests.rigs.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.rigs.brokers import MosquittoBroker


@pytest.fixture
def gun(tmp_path: Path) -> Iterator[PtyScanner]:
    with PtyScanner(tmp_path / "gun") as gun:
        yield gun


@pytest.fixture
def daemon(tmp_path: Path, mosquitto: MosquittoBroker, gun: PtyScanner) -> Iterator[Daemon]:
    assert gun.path == tmp_path / "gun"
    config = till_file(tmp_path, mosquitto, feedback='["log", "beep"]')
    program = Path(sysconfig.get_path("scripts")) / "shopbell-edge"
    daemon = Daemon("till", [program, "run", "--config", config], tmp_path, "edge_started")
    yield daemon
    daemon.kill()
    daemon.show()


def living_pass() -> str:
    return f"SB1.K7Q2M9X4TR3WA.{int(time.time())}.48775424"


def scans(server: CommittingServer) -> list[str]:
    return [str(event.text) for event in server.events() if isinstance(event, Scan)]


async def beeped(gun: PtyScanner, times: int) -> None:
    heard = b""

    def enough() -> bool:
        nonlocal heard
        heard += gun.heard()
        return len(heard) >= times

    await until("beeps", enough)
    assert heard == b"\x07" * times


async def test_a_pass_reaches_the_server_and_the_scanner_beeps(
    mosquitto: MosquittoBroker, daemon: Daemon, gun: PtyScanner
) -> None:
    async with (
        CommittingServer(mosquitto, tenant="acme", edge="till") as server,
        Listener(mosquitto, "shopbell/v1/acme/till/up/status") as status,
    ):

        def told(state: str) -> bool:
            said = [msgspec.json.decode(payload, type=Status) for _, payload, _ in status.heard]
            last = (
                [(each.scanner, each.kind, each.state) for each in said[-1].scanners]
                if said
                else []
            )
            return last == [("gun", "serial", state)]

        daemon.start()
        await daemon.works()
        await until("known as blind", lambda: told("blind"))
        gun.plug()
        await until("attached", lambda: '"reason": "attached"' in daemon.log, within_s=5)
        await until("known as hearing", lambda: told("hearing"), within_s=60)
        shown = living_pass()
        gun.scan(shown)
        await until("taken", lambda: scans(server) == [shown])
        await beeped(gun, 1)
        gun.scan(shown.replace(".4877", ".X877"))
        await beeped(gun, 3)
        await daemon.stop()
        assert scans(server) == [shown]
        assert shown not in daemon.log


async def test_what_was_beeped_for_survives_a_kill_at_that_moment(
    mosquitto: MosquittoBroker, daemon: Daemon, gun: PtyScanner
) -> None:
    gun.plug()
    daemon.start()
    await daemon.works()
    await until("attached", lambda: '"reason": "attached"' in daemon.log, within_s=5)
    shown = living_pass()
    gun.scan(shown)
    await beeped(gun, 1)
    daemon.kill()
    async with CommittingServer(mosquitto, tenant="acme", edge="till") as server:
        daemon.start()
        await until("taken", lambda: scans(server) == [shown], within_s=60)
        await daemon.stop()
