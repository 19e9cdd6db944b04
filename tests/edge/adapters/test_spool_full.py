"""How much room a spool takes, and what it does on a disk that has none left."""

from __future__ import annotations

import asyncio
import itertools
import os
import sys
from typing import TYPE_CHECKING

import pytest

from shopbell_edge.adapters.spool.disk import Room
from shopbell_edge.ports import SpoolFullError
from tests.edge import events
from tests.edge.adapters.spools import SMALL, committed, open_spool, sealed
from tests.fakes.clock import FakeClock
from tests.shared import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from shopbell_edge.adapters.spool.sqlite import SqliteSpool


async def test_the_file_never_outgrows_its_room(tmp_path: Path) -> None:
    clock = FakeClock()
    async with open_spool(tmp_path, clock, room=SMALL) as spool:
        await _fill_with_scans(spool, clock)
        assert _size_bytes(tmp_path) <= SMALL.total_bytes + 1024 * 1024  # WAL: a commit over


def test_a_spool_too_small_to_seal_in_is_refused() -> None:
    with pytest.raises(ValueError, match="too small: leave at least 1048576 bytes"):
        Room(total_bytes=1024 * 1024)


async def test_as_delivered_it_takes_no_more_than_the_protocol_says(tmp_path: Path) -> None:
    room = Room()
    assert (room.total_bytes, room.ballast_bytes) == (256 << 20, 16 << 20)
    async with open_spool(tmp_path, FakeClock(), room=room):
        assert (tmp_path / "spool.db.ballast").stat().st_blocks * 512 >= 16 << 20, "room, no hole"


async def test_a_long_wal_is_emptied_after_an_answer(tmp_path: Path) -> None:
    clock = FakeClock()
    wal = tmp_path / "spool.db-wal"
    async with open_spool(tmp_path, clock) as spool:
        await spool.append([events.scan(n) for n in range(6_000)], clock.now())
        made = await sealed(spool, clock)
        assert wal.stat().st_size > 1024 * 1024
        await spool.settle(committed(made))
        assert wal.stat().st_size == 0


FULL_DISK = """
import asyncio, os, sys
from pathlib import Path
from shopbell_edge.adapters.spool.batches import Speaker
from shopbell_edge.adapters.spool.disk import Room
from shopbell_edge.adapters.spool.sqlite import SqliteSpool
from shopbell_edge.core.resend import Sealed
from shopbell_edge.ports import SpoolFullError
from shopbell_wire import codec
from shopbell_wire.messages import Ack
from tests.edge import events
from tests.fakes.clock import FakeClock

def fill(path):  # somebody's log file takes the rest
    with path.open("ab", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            pass

async def main():
    folder = Path(sys.argv[1])
    ballast = folder / "spool.db.ballast"
    filler = folder / "filler"
    clock = FakeClock()
    speaker = Speaker(edge="edge-1", stream="5" * 32, software="test")
    room = Room(ballast_bytes=2 * 1024 * 1024)
    async with SqliteSpool(folder / "spool.db", speaker, clock.now(), room=room) as spool:
        assert ballast.stat().st_size == room.ballast_bytes
        stored = 0
        await spool.append([events.scan(n) for n in range(3_000)], clock.now())
        stored += 3_000
        fill(filler)
        try:
            while True:
                await spool.append([events.scan(n) for n in range(100)], clock.now())
                stored += 100
        except SpoolFullError:
            lost = 100
        taken, dropped = -1, {}  # stream_started is one more
        while isinstance(made := await spool.seal("live", clock.now()), Sealed):
            batch = codec.decode_batch(made.payload)
            taken += len(batch.events)
            dropped |= batch.dropped
            await spool.settle(
                Ack(stream=made.stream, committed=((1, made.seq),), refused=(), server_ms=0)
            )
        assert taken == stored, (taken, stored)
        assert dropped == {"spool_full_scan": lost}, dropped
        assert not ballast.exists()
        try:
            await spool.append([events.presence()], clock.now())
        except SpoolFullError:
            print("presence-waits", flush=True)
        filler.unlink()
        await spool.settle(Ack(stream="6" * 32, committed=(), refused=(), server_ms=0))
        assert ballast.exists()
        assert await spool.append([events.presence()], clock.now()) == 0
    print("recovered", flush=True)
    fill(filler)
    later = Speaker(edge="edge-1", stream="6" * 32, software="test")
    async with SqliteSpool(folder / "spool.db", later, clock.now(), room=room) as spool:
        assert not ballast.exists()
        assert isinstance(await spool.seal("live", clock.now()), Sealed)
    print("opened", flush=True)

asyncio.run(main())
"""


async def test_a_disk_that_others_fill_is_survived_with_the_ballast(tmp_path: Path) -> None:
    """On a small disk of its own, in a mount namespace that ends with the process."""
    script = tmp_path / "full_disk.py"
    script.write_text(FULL_DISK)
    disk = tmp_path / "disk"
    disk.mkdir()
    process = await asyncio.create_subprocess_exec(
        "unshare",
        "--mount",
        "--map-root-user",
        "sh",
        "-c",
        f"mount -t tmpfs -o size=10m tmpfs {disk} || exit 77; exec {sys.executable} {script} {disk}",
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(40):
        said, complaint = await process.communicate()
    if process.returncode in {1, 77} and b"Traceback" not in complaint:
        pytest.skip(f"no mount namespaces here: {complaint.decode().strip()}")
    assert process.returncode == 0, complaint.decode()
    assert said.decode().split() == ["presence-waits", "recovered", "opened"]


async def _fill_with_scans(spool: SqliteSpool, clock: FakeClock) -> int:
    """Append until there is no room; return how many were stored. A hundred more are counted."""
    for stored in itertools.count(step=100):
        try:
            await spool.append([events.scan(n) for n in range(100)], clock.now())
        except SpoolFullError:
            return stored
    raise AssertionError("unreachable")


def _size_bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.glob("spool.db*"))
