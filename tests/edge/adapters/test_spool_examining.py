"""A look at a spool's place: on real disks, small, full and read-only, and beside a daemon that has it."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from shopbell_edge.adapters.spool.batches import Speaker
from shopbell_edge.adapters.spool.examining import disk, in_use, seen, used_bytes
from shopbell_edge.adapters.spool.sqlite import SqliteSpool
from tests.edge.events import scan
from tests.fakes.clock import FakeClock

ROOT = Path(__file__).parents[3]
SPEAKER = Speaker(edge="door", stream="5" * 32, software="test")


async def test_what_waits_is_counted_whether_the_daemon_has_it_or_not(tmp_path: Path) -> None:
    path, clock = tmp_path / "spool.db", FakeClock()
    assert not in_use(path)
    assert not seen(path, 0).there
    async with SqliteSpool(path, SPEAKER, clock.now()) as spool:
        await spool.append([scan(), scan()], clock.now())
        assert in_use(path)
        found = seen(path, clock.now().wall_ms + 5_000)
        assert (found.waiting, found.oldest_ms, found.sound) == (2, 5_000, True)
    assert not in_use(path)
    again = seen(path, clock.now().wall_ms)
    assert (again.waiting, again.problem, again.there) == (2, "", True)
    assert used_bytes(path) > 16 << 20, "the ballast counts"


async def test_looking_changes_nothing_of_it(tmp_path: Path) -> None:
    path, clock = tmp_path / "spool.db", FakeClock()
    async with SqliteSpool(path, SPEAKER, clock.now()) as spool:
        await spool.append([scan()], clock.now())
    before = await asyncio.to_thread(path.read_bytes)
    seen(path, 0)
    in_use(path)
    disk(path, "")
    assert await asyncio.to_thread(path.read_bytes) == before
    assert not in_use(path)


def test_a_broken_spool_is_told_from_none(tmp_path: Path) -> None:
    path = tmp_path / "spool.db"
    path.write_bytes(b"this is no database, whatever it is called" * 100)
    found = seen(path, 0)
    assert (found.sound, found.there, found.problem) == (False, True, "")
    assert path.read_bytes().startswith(b"this is no database"), "left for the daemon to set aside"
    for end in ("", "-wal", "-shm"):
        (tmp_path / f"spool.db.bad-1700000000000{end}").write_bytes(b"")
    path.unlink()
    assert seen(path, 0).set_aside == 1
    assert used_bytes(path) == 0


def test_a_good_disk_says_how_fast_it_is(tmp_path: Path) -> None:
    found = disk(tmp_path / "spool.db", "mmcblk0p2")
    assert (found.problem, found.card, len(found.synced_ms)) == ("", True, 10)
    assert found.free_bytes > 0
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_is_not_there_is_named(tmp_path: Path) -> None:
    assert disk(tmp_path / "none" / "spool.db", "").problem == "absent"
    assert used_bytes(tmp_path / "none" / "spool.db") == 0


SMALL = """
import sys
from pathlib import Path
from shopbell_edge.adapters.spool.examining import disk
found = disk(Path(sys.argv[1]) / "spool.db", "")
print(found.problem or "fine", found.free_bytes)
"""


@pytest.mark.parametrize(
    ("then", "says"),
    [
        ("true", "fine"),
        ("mount -o remount,ro $0", "read_only 0"),
        ("dd if=/dev/zero of=$0/x bs=64k 2>/dev/null; true", "full 0"),
    ],
)
def test_disks_of_four_megabytes(tmp_path: Path, then: str, says: str) -> None:
    place = tmp_path / "disk"
    place.mkdir()
    script = (
        f'mount -t tmpfs -o size=4m tmpfs $0 || exit 77; {then}; exec {sys.executable} -c "$1" $0'
    )
    done = subprocess.run(
        ["unshare", "--mount", "--map-root-user", "sh", "-c", script, str(place), SMALL],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    if done.returncode in {1, 77} and "Traceback" not in done.stderr:
        pytest.skip(f"no mount namespaces here: {done.stderr.strip()}")
    assert done.stdout.startswith(says), done.stderr
    if says == "fine":
        assert int(done.stdout.split()[1]) == 4 << 20
