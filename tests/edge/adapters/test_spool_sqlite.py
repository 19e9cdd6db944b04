"""What only a spool on a disk can promise, or suffer."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import signal
import sqlite3
import sys
from contextlib import closing
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from shopbell_edge.adapters.spool.batches import Speaker
from shopbell_edge.adapters.spool.disk import Room, SpoolBusyError
from shopbell_edge.adapters.spool.refusals import MAX_REFUSED
from shopbell_edge.adapters.spool.sqlite import SqliteSpool
from shopbell_edge.core.resend import Sealed
from shopbell_edge.ports import SpoolFullError, SpoolLostError
from shopbell_wire import codec
from shopbell_wire.messages import Ack, Refused, StreamStarted
from tests.edge import events
from tests.fakes.clock import FakeClock
from tests.shared import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from shopbell_edge.core.batching import Wanted

STREAMS = ["5" * 32, "6" * 32, "7" * 32]
SMALL = Room(total_bytes=2 * 1024 * 1024, wal_bytes=512 * 1024, ballast_bytes=0)


def open_spool(
    folder: Path, clock: FakeClock, *, stream: int = 0, room: Room | None = None
) -> SqliteSpool:
    speaker = Speaker(edge="edge-1", stream=STREAMS[stream], software="test")
    return SqliteSpool(folder / "spool.db", speaker, clock.now(), room=room)


async def sealed(spool: SqliteSpool, clock: FakeClock, wanted: Wanted = "live") -> Sealed:
    made = await spool.seal(wanted, clock.now())
    assert isinstance(made, Sealed)
    return made


async def test_a_new_process_finds_batches_as_they_were_and_events_to_seal(
    tmp_path: Path,
) -> None:
    clock = FakeClock()
    async with open_spool(tmp_path, clock) as before:
        first = await sealed(before, clock)
        await before.append([events.scan()], clock.now())
    clock.forward(60_000)
    async with open_spool(tmp_path, clock, stream=1) as after:
        assert await after.unacknowledged() == [first]
        got = codec.decode_batch((await sealed(after, clock)).payload)
        started = StreamStarted(previous=STREAMS[0], previous_last_seq=1, software="test")
        assert [event for _, event in got.events] == [started]
        left = codec.decode_batch((await sealed(after, clock, "backlog")).payload)
        assert (left.stream, left.seq) == (STREAMS[1], 2)
        assert [event for _, event in left.events] == [events.scan()]


async def test_a_stream_that_never_spoke_is_not_named_as_the_one_before(tmp_path: Path) -> None:
    clock = FakeClock()
    async with open_spool(tmp_path, clock) as spoke:
        await sealed(spoke, clock)
    async with open_spool(tmp_path, clock, stream=1):
        pass
    async with open_spool(tmp_path, clock, stream=2) as third:
        got = codec.decode_batch((await sealed(third, clock)).payload)
    started = StreamStarted(previous=STREAMS[0], previous_last_seq=1, software="test")
    assert [event for _, event in got.events] == [started]


async def test_what_another_boot_sealed_is_of_no_known_age(tmp_path: Path) -> None:
    clock = FakeClock()
    async with open_spool(tmp_path, clock) as before:
        assert (await sealed(before, clock)).oldest == clock.boottime()
    rebooted = FakeClock(boot="b1" * 16)
    async with open_spool(tmp_path, rebooted, stream=1) as after:
        (left,) = await after.unacknowledged()
    assert left.oldest is None


async def test_two_processes_do_not_share_a_spool(tmp_path: Path) -> None:
    clock = FakeClock()
    async with open_spool(tmp_path, clock):
        with pytest.raises(SpoolBusyError, match="give this one a spool of its own"):
            async with open_spool(tmp_path, clock, stream=1):
                pass
    async with open_spool(tmp_path, clock, stream=1):
        pass


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda spool: spool.write_bytes(b"not a database" * 500), id="not a database"),
        pytest.param(
            lambda spool: spool.write_bytes(
                spool.read_bytes()[:4096] + b"\xff" * (len(spool.read_bytes()) - 4096)
            ),
            id="torn pages",
        ),
        pytest.param(
            lambda spool: _execute(spool, "PRAGMA user_version = 999"), id="from the future"
        ),
        pytest.param(lambda spool: _execute(spool, "PRAGMA user_version = 0"), id="of nobody"),
    ],
)
async def test_a_spool_that_cannot_be_used_is_set_aside_and_reported(
    tmp_path: Path, damage: object
) -> None:
    clock = FakeClock()
    async with open_spool(tmp_path, clock) as before:
        await before.append([events.scan(n) for n in range(300)], clock.now())
    assert callable(damage)
    damage(tmp_path / "spool.db")
    for stream in (1, 2):
        async with open_spool(tmp_path, clock, stream=stream) as after:
            got = codec.decode_batch((await sealed(after, clock)).payload)
        assert got.dropped == ({"spool_corrupt": 1} if stream == 1 else {})
    assert _set_aside(tmp_path) == [f"spool.db.bad-{clock.now().wall_ms}"]


async def test_only_the_newest_broken_spool_is_kept(tmp_path: Path) -> None:
    clock = FakeClock()
    for n in range(3):
        (tmp_path / "spool.db").write_bytes(b"broken" * 1_000)
        clock.forward(1_000)
        async with open_spool(tmp_path, clock, stream=n):
            pass
    assert _set_aside(tmp_path) == [f"spool.db.bad-{clock.now().wall_ms}"]


async def test_a_place_that_cannot_be_written_to_is_no_corrupt_spool(tmp_path: Path) -> None:
    (tmp_path / "spool.db").mkdir()
    with pytest.raises(SpoolLostError, match=r"spool\.db: unable to open .* \(full\? read-only\?"):
        async with open_spool(tmp_path, FakeClock()):
            pass


async def test_the_file_never_outgrows_its_room(tmp_path: Path) -> None:
    clock = FakeClock()
    async with open_spool(tmp_path, clock, room=SMALL) as spool:
        await _fill_with_scans(spool, clock)
        assert _size_bytes(tmp_path) <= SMALL.total_bytes + 1024 * 1024  # WAL: a commit over


def test_a_spool_too_small_to_seal_in_is_refused() -> None:
    with pytest.raises(ValueError, match="too small: leave at least 1048576 bytes"):
        Room(total_bytes=1024 * 1024)


async def test_refused_batches_and_events_are_kept_a_hundred_of_them(tmp_path: Path) -> None:
    clock = FakeClock()
    payloads = []
    async with open_spool(tmp_path, clock) as spool:
        for n in range(MAX_REFUSED + 2):
            await spool.append([events.scan(n)], clock.now())
            made = await sealed(spool, clock)
            payloads.append(made.payload)
            refused = Refused(seq=made.seq, index=None if n else 1, reason="implausible_time")
            await spool.settle(
                Ack(stream=made.stream, committed=(), refused=(refused,), server_ms=0)
            )
    kept = _rows(tmp_path / "spool.db", "SELECT seq, position, payload FROM refused ORDER BY id")
    assert [seq for seq, _, _ in kept] == list(range(3, MAX_REFUSED + 3))
    assert [payload for _, _, payload in kept] == payloads[2:]


async def test_of_a_refused_event_only_the_event_is_kept(tmp_path: Path) -> None:
    clock = FakeClock()
    async with open_spool(tmp_path, clock) as spool:
        await spool.append([events.scan(7)], clock.now())
        made = await sealed(spool, clock)
        refused = tuple(Refused(seq=1, index=index, reason="why") for index in (1, 50))
        await spool.settle(Ack(stream=made.stream, committed=(), refused=refused, server_ms=0))
    kept = _rows(tmp_path / "spool.db", "SELECT position, payload FROM refused ORDER BY id")
    assert [position for position, _ in kept] == [1, 50]
    assert b'"SB1.7"' in bytes(kept[0][1])
    assert kept[1][1] == made.payload


async def test_a_server_that_repeats_its_refusals_fills_nothing(tmp_path: Path) -> None:
    clock = FakeClock()
    path = tmp_path / "spool.db"
    async with open_spool(tmp_path, clock) as spool:
        await spool.append([events.scan(n) for n in range(150)], clock.now())
        made = await sealed(spool, clock)
        refused = tuple(
            Refused(seq=1, index=index, reason="why")
            for index in (3, 190, 191, 3)
            for _ in range(300)
        )
        await spool.settle(Ack(stream=made.stream, committed=(), refused=refused, server_ms=0))
    kept = _rows(path, "SELECT position, length(payload) FROM refused ORDER BY id")
    assert [(place, size == len(made.payload)) for place, size in kept] == [
        (3, False),
        (190, True),
        (191, False),
    ]


async def test_a_full_spool_has_room_for_what_the_server_refuses(tmp_path: Path) -> None:
    clock = FakeClock()
    long = msgspec.structs.replace(events.scan(), text="x" * 500)
    async with open_spool(tmp_path, clock, room=SMALL) as spool:
        with contextlib.suppress(SpoolFullError):
            while True:
                await spool.append([long] * 100, clock.now())
        batches = []
        while isinstance(made := await spool.seal("any", clock.now()), Sealed):
            batches.append(made)
        everything = tuple(Refused(seq=made.seq, index=None, reason="why") for made in batches)
        ack = Ack(stream=batches[0].stream, committed=(), refused=everything, server_ms=0)
        assert len(await spool.settle(ack)) == len(batches)


async def test_an_answer_that_makes_no_sense_settles_nothing(tmp_path: Path) -> None:
    clock = FakeClock()
    async with open_spool(tmp_path, clock) as spool:
        await spool.append([events.scan()], clock.now())
        made = await sealed(spool, clock)
        ranges = ((2, 1), (9, 9), (5, 2**53 - 1))
        ack = Ack(
            stream=made.stream,
            committed=ranges,
            refused=(Refused(seq=77, index=None, reason="why"),),
            server_ms=0,
        )
        assert list(await spool.settle(ack)) == []
        assert [one.key for one in await spool.unacknowledged()] == [made.key]


async def test_a_spool_behind_a_link_keeps_everything_in_one_place(tmp_path: Path) -> None:
    clock = FakeClock()
    disk = tmp_path / "disk"
    disk.mkdir()
    (tmp_path / "spool.db").symlink_to(disk / "spool.db")
    (disk / "spool.db").write_bytes(b"broken" * 1_000)
    async with open_spool(tmp_path, clock) as spool:
        await spool.append([events.scan()], clock.now())
        assert (tmp_path / "spool.db").is_symlink()
        assert {"spool.db", "spool.db-wal", "spool.db.lock"} <= {
            file.name for file in disk.iterdir()
        }
        assert _set_aside(disk) == [f"spool.db.bad-{clock.now().wall_ms}"]


async def test_a_link_that_leads_to_itself_is_no_spool(tmp_path: Path) -> None:
    (tmp_path / "spool.db").symlink_to(tmp_path / "spool.db")
    with pytest.raises(SpoolLostError):
        async with open_spool(tmp_path, FakeClock()):
            pass


async def test_a_settled_token_is_nowhere_in_the_files(tmp_path: Path) -> None:
    clock = FakeClock()
    canary = events.scan(31_415_926)
    async with open_spool(tmp_path, clock) as spool:
        await spool.append([canary], clock.now())
        made = await sealed(spool, clock)
        assert _mentions(tmp_path, b"SB1.31415926")
        await spool.settle(_committed(made))
    assert not _mentions(tmp_path, b"SB1.31415926")


async def test_a_settled_token_is_in_no_file_of_a_running_spool_in_which_nothing_waits(
    tmp_path: Path,
) -> None:
    clock = FakeClock()
    async with open_spool(tmp_path, clock) as spool:
        await spool.append([events.scan(31_415_926)], clock.now())
        await spool.settle(_committed(await sealed(spool, clock)))
        assert not _mentions(tmp_path, b"SB1.31415926")


async def test_a_long_wal_is_emptied_after_an_answer(tmp_path: Path) -> None:
    clock = FakeClock()
    wal = tmp_path / "spool.db-wal"
    async with open_spool(tmp_path, clock) as spool:
        await spool.append([events.scan(n) for n in range(6_000)], clock.now())
        made = await sealed(spool, clock)
        assert wal.stat().st_size > 1024 * 1024
        await spool.settle(_committed(made))
        assert wal.stat().st_size == 0


async def test_an_append_that_nobody_waits_for_any_more_is_stored_all_the_same(
    tmp_path: Path,
) -> None:
    clock = FakeClock()
    async with open_spool(tmp_path, clock) as spool:
        impatient = asyncio.create_task(spool.append([events.scan(1)], clock.now()))
        patient = asyncio.create_task(spool.append([events.scan(2)], clock.now()))
        await asyncio.sleep(0)
        impatient.cancel()
        await patient
        assert (await spool.depth()).unsealed == 2


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


KILLED = """
import asyncio, sys
from pathlib import Path
from shopbell_edge.adapters.spool.batches import Speaker
from shopbell_edge.adapters.spool.sqlite import SqliteSpool
from shopbell_edge.core.resend import Sealed
from tests.edge import events
from tests.fakes.clock import FakeClock

async def main():
    clock = FakeClock()
    speaker = Speaker(edge="edge-1", stream="5" * 32, software="test")
    async with SqliteSpool(Path(sys.argv[1]) / "spool.db", speaker, clock.now()) as spool:
        for n in range(10**6):
            await spool.append([events.scan(n)], clock.now())
            print(n, flush=True)
            if n % 7 == 0:
                assert isinstance(await spool.seal("live", clock.now()), Sealed)

asyncio.run(main())
"""


@pytest.mark.parametrize("at_least", [1, 40, 200])
async def test_what_append_returned_from_survives_kill_9(tmp_path: Path, at_least: int) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        KILLED,
        str(tmp_path),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    async with asyncio.timeout(30):
        for _ in range(at_least):
            await process.stdout.readline()
        process.send_signal(signal.SIGKILL)
        rest = await process.stdout.read()
        await process.wait()
    promised = at_least + rest.count(b"\n")

    clock = FakeClock()
    found = []
    async with open_spool(tmp_path, clock, stream=1) as spool:
        payloads = [one.payload for one in await spool.unacknowledged()]
        while (await spool.depth()).unsealed:
            payloads.append((await sealed(spool, clock, "scans")).payload)
    for payload in payloads:
        found += [event for _, event in codec.decode_batch(payload).events]
    scans = [event for event in found if not isinstance(event, StreamStarted)]
    assert scans[:promised] == [events.scan(n) for n in range(promised)]
    assert len(scans) <= promised + 1  # one may have been stored that nobody was told of


async def _fill_with_scans(spool: SqliteSpool, clock: FakeClock) -> int:
    """Append until there is no room; return how many were stored. A hundred more are counted."""
    for stored in itertools.count(step=100):
        try:
            await spool.append([events.scan(n) for n in range(100)], clock.now())
        except SpoolFullError:
            return stored
    raise AssertionError("unreachable")


def _set_aside(folder: Path) -> list[str]:
    return [path.name for path in folder.glob("*.bad-*")]


def _size_bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.glob("spool.db*"))


def _committed(made: Sealed) -> Ack:
    return Ack(stream=made.stream, committed=((1, made.seq),), refused=(), server_ms=0)


def _execute(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute(statement)
        db.commit()


def _rows(path: Path, query: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as db:
        return db.execute(query).fetchall()


def _mentions(folder: Path, what: bytes) -> bool:
    return any(what in path.read_bytes() for path in folder.iterdir())
