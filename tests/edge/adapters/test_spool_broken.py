"""A file that is no spool, or is where none can be: set aside and reported, or refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from shopbell_edge.ports import SpoolLostError
from shopbell_wire import codec
from tests.edge import events
from tests.edge.adapters.spools import execute, open_spool, sealed, set_aside
from tests.fakes.clock import FakeClock

if TYPE_CHECKING:
    from pathlib import Path


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
        pytest.param(lambda spool: _tear(spool, page=15), id="one torn page, of events"),
        pytest.param(
            lambda spool: execute(spool, "PRAGMA user_version = 999"), id="from the future"
        ),
        pytest.param(lambda spool: execute(spool, "PRAGMA user_version = 0"), id="of nobody"),
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
    assert set_aside(tmp_path) == [f"spool.db.bad-{clock.now().wall_ms}"]


async def test_only_the_newest_broken_spool_is_kept(tmp_path: Path) -> None:
    clock = FakeClock()
    for n in range(3):
        (tmp_path / "spool.db").write_bytes(b"broken" * 1_000)
        clock.forward(1_000)
        async with open_spool(tmp_path, clock, stream=n):
            pass
    assert set_aside(tmp_path) == [f"spool.db.bad-{clock.now().wall_ms}"]


async def test_a_place_that_cannot_be_written_to_is_no_corrupt_spool(tmp_path: Path) -> None:
    (tmp_path / "spool.db").mkdir()
    with pytest.raises(SpoolLostError, match=r"spool\.db: unable to open .* \(full\? read-only\?"):
        async with open_spool(tmp_path, FakeClock()):
            pass


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
        assert set_aside(disk) == [f"spool.db.bad-{clock.now().wall_ms}"]


async def test_a_link_that_leads_to_itself_is_no_spool(tmp_path: Path) -> None:
    (tmp_path / "spool.db").symlink_to(tmp_path / "spool.db")
    with pytest.raises(SpoolLostError):
        async with open_spool(tmp_path, FakeClock()):
            pass


def _tear(spool: Path, page: int) -> None:
    whole = spool.read_bytes()
    assert len(whole) > 4096 * (page + 1)
    spool.write_bytes(whole[: 4096 * page] + b"\xff" * 4096 + whole[4096 * (page + 1) :])
