"""The disk is full, fails, or cannot be written to: nobody is told that a pass is kept unless it is.

Disks are small ones of their own, in a mount namespace that ends with the edge; errors of the medium are
raised under SQLite itself.
"""

from __future__ import annotations

import asyncio
import shutil
import sysconfig
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from shopbell_edge.adapters.spool.batches import Speaker
from shopbell_edge.adapters.spool.disk import Room
from shopbell_edge.adapters.spool.sqlite import SqliteSpool
from shopbell_edge.core.answering import HANDHELD, Answer
from shopbell_edge.core.repeats import Repeats
from shopbell_edge.core.resend import Sealed
from shopbell_edge.core.tally import Tally
from shopbell_edge.ports import SpoolLostError
from shopbell_edge.tasks.look import Looking
from shopbell_edge.tasks.pulses import Pulses
from shopbell_wire import codec
from shopbell_wire.messages import Scan
from tests.fakes.clock import NOON_MS, FakeClock
from tests.fakes.feedback import FakeFeedback
from tests.fakes.reader import FakeReader
from tests.faults.daemon import Daemon
from tests.faults.plan import seeds
from tests.faults.small_disk import fill, needs_namespaces
from tests.rigs.committing_server import CommittingServer
from tests.rigs.power_cut import recording
from tests.rigs.pty_scanner import PtyScanner
from tests.rigs.till_file import till_file
from tests.rigs.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.rigs.brokers import MosquittoBroker

pytestmark = pytest.mark.timeout(300)

MOUNTED: Final = """
mount -t tmpfs -o {options} tmpfs "$1" || exit 77
exec "$2" run --config "$3"
"""

SMALL: Final = "size=40m"
"""Room for the ballast twice, as it asks for before it is taken on again."""


def a_pass(number: int, unix: int = NOON_MS // 1000) -> str:
    """Return a pass of the right form, told from others by `number`."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
    card = "".join(letters[number // 32**place % 32] for place in range(13))
    return f"SB1.{card}.{unix}.48775424"


class SmallDisk:
    """An edge whose spool lies on a disk of its own, and its scanner."""

    def __init__(self, folder: Path, broker: MosquittoBroker, options: str) -> None:
        self.folder = folder
        self.gun = PtyScanner(folder / "gun")
        disk = folder / "disk"
        disk.mkdir()
        config = till_file(folder, broker, spool="disk/spool.db", answer_most_s=2)
        program = Path(sysconfig.get_path("scripts")) / "shopbell-edge"
        script = MOUNTED.format(options=options)
        self.daemon = Daemon(
            "till",
            [
                *("unshare", "--user", "--map-root-user", "--mount"),
                *("sh", "-c", script, "sh", disk, program, config),
            ],
            folder,
            "edge_started",
        )
        self.shown = 0

    @property
    def disk(self) -> Path:
        """Its disk, as it sees it itself."""
        return Path(f"/proc/{self.daemon.pid}/root{self.folder}/disk")

    def count(self, event: str) -> int:
        return self.daemon.log.count(f'"{event}"')

    async def starts(self) -> None:
        """Start it, unless this machine has no namespaces for us."""
        self.daemon.start()
        await until(
            "it starts or ends",
            lambda: not self.daemon.alive or "edge_started" in self.daemon.log,
            within_s=40,
        )
        needs_namespaces(self.daemon)

    async def show(self) -> tuple[str, bool]:
        """Let a new pass be read; return it, and whether she was told that it is kept."""
        self.shown += 1
        text = a_pass(self.shown, int(time.time()))
        before = self.count("scan_kept"), self.count("scan_refused")
        self.gun.scan(text)
        await until(
            "she is answered",
            lambda: (self.count("scan_kept"), self.count("scan_refused")) != before,
        )
        return text, self.count("scan_kept") > before[0]


@contextmanager
def small_disk(folder: Path, broker: MosquittoBroker, options: str) -> Iterator[SmallDisk]:
    if shutil.which("unshare") is None:
        pytest.skip("no unshare: apt-get install util-linux")
    edge = SmallDisk(folder, broker, options)
    with edge.gun:
        try:
            yield edge
        finally:
            edge.daemon.show()
            edge.daemon.kill()


def passes(server: CommittingServer) -> set[str]:
    return {str(event.text) for event in server.events() if isinstance(event, Scan)}


async def test_an_edge_whose_disk_othersfill_keeps_what_it_says_and_recovers(
    tmp_path: Path, mosquitto: MosquittoBroker
) -> None:
    kept: set[str] = set()
    with small_disk(tmp_path, mosquitto, SMALL) as edge:
        async with CommittingServer(mosquitto, tenant="acme", edge="till") as server:
            await edge.starts()
            ballast = edge.disk / "spool.db.ballast"
            assert ballast.exists()
            edge.gun.plug()
            await until("attached", lambda: '"attached"' in edge.daemon.log)
            text, good = await edge.show()
            assert good
            kept.add(text)
            await until("it has come", lambda: kept <= passes(server))
            await asyncio.to_thread(mosquitto.stop)
            await asyncio.to_thread(fill, edge.disk / "others")
            refused = False
            while not refused:
                text, good = await edge.show()
                kept |= {text} if good else set()
                refused = not good
            assert edge.count("spool_full") >= 1
            assert edge.daemon.alive
            # The broker is back: what was kept leaves, with the ballast's room; then there is room again.
            await asyncio.to_thread(mosquitto.start)
            await until("all that was kept has come", lambda: kept <= passes(server))
            (edge.disk / "others").unlink()
            await until("the ballast is taken on again", ballast.exists, within_s=30)
            text, good = await edge.show()
            assert good
            kept.add(text)
            await until("the new one has come", lambda: kept <= passes(server))
            assert passes(server) == kept
            assert server.conflicts == 0
            lost = sum(batch.dropped.get("spool_full_scan", 0) for batch in server.batches())
            assert lost == edge.count("scan_refused")
        assert "Traceback" not in edge.daemon.log
        await edge.daemon.stop()


async def test_a_disk_that_cannot_be_written_to_ends_it_with_the_reason(
    tmp_path: Path, mosquitto: MosquittoBroker
) -> None:
    with small_disk(tmp_path, mosquitto, "size=40m,ro") as edge:
        await edge.starts()
        await until("it ends", lambda: not edge.daemon.alive)
        assert edge.daemon.ends == [1]
        last = edge.daemon.log.splitlines()[-1]
        assert "cannot run" in last
        assert "Read-only file system" in last
        assert "Traceback" not in edge.daemon.log


async def fails_at(place: Path, after: int) -> None:
    """Let the medium fail behind so many scans: each of them that was called good is there afterwards."""
    clock, feedback, reader = FakeClock(), FakeFeedback(), FakeReader()
    room = Room(ballast_bytes=0)
    speaker = Speaker(edge="till", stream="5" * 32, software="test")
    with recording(place) as disk:
        async with SqliteSpool(place / "spool.db", speaker, clock.now(), room=room) as spool:
            looking = Looking(
                reader=reader,
                repeats=Repeats(key=bytes(16)),
                numbers=[],
                seal=str,
                spool=spool,
                clock=clock,
                pulses=Pulses(clock, []),
                tally=Tally(),
                habits=HANDHELD,
                feedback=[feedback],
            )
            task = asyncio.create_task(looking.run())
            for number in range(after):
                reader.read("QR Code", a_pass(number))
            await reader.done()
            await until(f"{after} answers", lambda: len(feedback.given) == after)
            disk.broken = True
            reader.read("QR Code", a_pass(after))
            await until("it ends", task.done)
            disk.broken = False
    error = _first(task.exception())
    assert isinstance(error, SpoolLostError)
    assert "disk I/O error; look at its disk" in str(error)
    assert feedback.given == [Answer.GOOD] * after
    later = Speaker(edge="till", stream="6" * 32, software="test")
    async with SqliteSpool(place / "spool.db", later, clock.now(), room=room) as spool:
        found: set[str] = set()
        while isinstance(made := await spool.seal("any", clock.now()), Sealed):
            events = [event for _, event in codec.decode_batch(made.payload).events]
            found |= {str(event.text) for event in events if isinstance(event, Scan)}
            if not (await spool.depth()).unsealed:
                break
    assert {a_pass(number) for number in range(after)} <= found


def _first(error: BaseException | None) -> BaseException | None:
    """Return what failed: groups say it in groups."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


@pytest.mark.parametrize("after", [0, 1, 7])
async def test_a_medium_that_fails_ends_it_and_nobody_is_told_good(
    tmp_path: Path, after: int
) -> None:
    await fails_at(tmp_path, after)


@pytest.mark.faults
@pytest.mark.parametrize("seed", seeds(50))
async def test_a_medium_that_fails_at_any_moment(tmp_path: Path, seed: int) -> None:
    await fails_at(tmp_path, seed)
