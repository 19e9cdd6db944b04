"""A loop that stands still starves the watchdog: systemd is told nothing more, whatever else goes on.

The socket is a real one, as systemd opens it; rules are shortened from 5 s and 20 s.
"""

from __future__ import annotations

import asyncio
import random
import socket
import sysconfig
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from shopbell_edge.adapters.clock import system_clock
from shopbell_edge.adapters.systemd import Systemd
from shopbell_edge.core.hush import Hush
from shopbell_edge.core.liveness import BeatRules
from shopbell_edge.core.resend import SendRules
from shopbell_edge.tasks.beat import feed_watchdog
from shopbell_edge.tasks.drain import PULSE, drain
from shopbell_edge.tasks.pulses import Pulses
from tests.edge.tasks.running import running
from tests.fakes.spool import MemorySpool
from tests.fakes.uplink import FakeUplink
from tests.faults.daemon import Daemon
from tests.rigs.till_file import till_file

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shopbell_edge.core.batching import Unripe, Wanted
    from shopbell_edge.core.resend import Sealed
    from shopbell_wire.messages import Clock
    from tests.rigs.brokers import MosquittoBroker

pytestmark = pytest.mark.timeout(60)

QUICK: Final = BeatRules(beat_ms=10, stalled_ms=300)
HUNGRY_S: Final = 2.0
"""Silence that is believed: two hundred times what there is between two words."""

WAIT_S: Final = 20.0


class Supervised:
    """What systemd would hear."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))

    def hears(self, word: bytes) -> None:
        """Return once `word` was said, from now on."""
        self._socket.settimeout(WAIT_S)
        while self._socket.recv(100) != word:
            pass

    def starves(self) -> bool:
        """Return whether it hears nothing for as long as it believes; what was said before is done with."""
        self._socket.settimeout(HUNGRY_S)
        for _ in range(10_000):
            try:
                self._socket.recv(100)
            except TimeoutError:
                return True
        return False

    def close(self) -> None:
        self._socket.close()


@contextmanager
def supervised(path: Path) -> Iterator[Supervised]:
    listener = Supervised(path)
    try:
        yield listener
    finally:
        listener.close()


class WedgedSpool(MemorySpool):
    """Never comes back from `seal` once it is `wedged`: a disk that hangs."""

    wedged = False

    async def seal(self, wanted: Wanted, now: Clock) -> Sealed | Unripe:
        if self.wedged:
            await asyncio.get_running_loop().create_future()
        return await super().seal(wanted, now)


async def test_a_loop_that_hangs_starves_it_though_all_others_go_round(tmp_path: Path) -> None:
    clock = system_clock("system", err_ms=10)
    pulses = Pulses(clock, [PULSE])
    spool, uplink = WedgedSpool(clock.now()), FakeUplink()
    uplink.connect()
    rules = SendRules(backlog_events_per_s=None)
    with supervised(tmp_path / "notify") as systemd, Systemd(str(tmp_path / "notify")) as told:
        async with (
            running(
                drain(spool, uplink, clock, pulses, rules=rules, hush=Hush(), roll=random.random)
            ),
            running(feed_watchdog(told, pulses, QUICK)),
        ):
            await asyncio.to_thread(systemd.hears, b"WATCHDOG=1")
            spool.wedged = True
            await spool.append([], clock.now())  # wakes the drain, which seals and hangs
            assert await asyncio.to_thread(systemd.starves)


async def test_the_program_says_that_it_is_ready_lives_and_ends(
    tmp_path: Path, mosquitto: MosquittoBroker
) -> None:
    config = till_file(tmp_path, mosquitto)
    notify = tmp_path / "notify"
    program = Path(sysconfig.get_path("scripts")) / "shopbell-edge"
    command: list[str | Path] = [
        "env",
        f"NOTIFY_SOCKET={notify}",
        program,
        "run",
        "--config",
        config,
    ]
    daemon = Daemon("till", command, tmp_path, "edge_started")
    with supervised(notify) as systemd:
        try:
            daemon.start()
            await asyncio.to_thread(systemd.hears, b"READY=1")
            await asyncio.to_thread(systemd.hears, b"WATCHDOG=1")
            await daemon.stop()
            await asyncio.to_thread(systemd.hears, b"STOPPING=1")
        finally:
            daemon.show()
            daemon.kill()


def test_an_event_loop_that_is_blocked_starves_it(tmp_path: Path) -> None:
    clock = system_clock("system", err_ms=10)
    blocked, freed = threading.Event(), threading.Event()
    loop = asyncio.new_event_loop()

    def block() -> None:
        blocked.set()
        freed.wait(WAIT_S)

    async def feeds() -> None:
        with Systemd(str(tmp_path / "notify")) as told:
            await feed_watchdog(told, Pulses(clock, []), QUICK)

    with supervised(tmp_path / "notify") as systemd:
        task = loop.create_task(feeds())
        thread = threading.Thread(target=_run, args=(loop, task))
        thread.start()
        try:
            systemd.hears(b"WATCHDOG=1")
            loop.call_soon_threadsafe(block)
            assert blocked.wait(WAIT_S)
            assert systemd.starves()
            freed.set()
            systemd.hears(b"WATCHDOG=1")
        finally:
            freed.set()
            loop.call_soon_threadsafe(task.cancel)
            thread.join(WAIT_S)
            loop.close()


def _run(loop: asyncio.AbstractEventLoop, task: asyncio.Task[None]) -> None:
    loop.run_until_complete(asyncio.wait([task]))
