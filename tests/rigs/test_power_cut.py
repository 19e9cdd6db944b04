"""The disk that is rebuilt after a power cut loses what nobody synced, and that alone."""

from __future__ import annotations

import asyncio
import random
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.rigs.power_cut import LOSSES, after_power_cut, recording

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.rigs.power_cut import Loss, Operation

ROWS = 12
HALF = ROWS // 2


class Lived(NamedTuple):
    """What was written, and after how many operations each row was committed."""

    operations: Sequence[Operation]
    committed: Sequence[int]
    checkpoint: int
    """After how many operations the first half of the rows was in the database's own file."""


def lived(place: Path, synchronous: str) -> Lived:
    """Commit each of `ROWS` rows alone, with a checkpoint between the halves."""
    place.mkdir()
    committed: list[int] = []
    with recording(place) as disk, closing(_open(place, synchronous)) as db:
        db.execute("CREATE TABLE t (n INTEGER)")
        for number in range(HALF):
            db.execute("INSERT INTO t VALUES (?)", (number,))
            committed.append(len(disk.operations))
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        checkpoint = len(disk.operations)
        for number in range(HALF, ROWS):
            db.execute("INSERT INTO t VALUES (?)", (number,))
            committed.append(len(disk.operations))
        return Lived(tuple(disk.operations), committed, checkpoint)


def lost(place: Path, life: Lived, cut: int, loss: Loss, dice: random.Random) -> set[int]:
    """Return the rows that were committed before operation `cut` and are not on the disk after it."""
    after = place / f"{cut}-{loss}"
    after.mkdir()
    after_power_cut(life.operations[:cut], loss, dice, after)
    with closing(_open(after, "FULL")) as db:
        assert db.execute("PRAGMA quick_check(1)").fetchone() == ("ok",)
        made = db.execute("SELECT count(*) FROM sqlite_schema").fetchone() == (1,)
        found = {n for (n,) in db.execute("SELECT n FROM t")} if made else set()
    return {n for n, at in enumerate(life.committed) if at <= cut} - found


def _open(folder: Path, synchronous: str) -> sqlite3.Connection:
    db = sqlite3.connect(folder / "test.db", isolation_level=None)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute(f"PRAGMA synchronous = {synchronous}")
    return db


@pytest.mark.parametrize("loss", LOSSES)
def test_it_finds_nothing_lost_of_a_database_that_syncs_each_commit(
    tmp_path: Path, loss: Loss
) -> None:
    life, dice = lived(tmp_path / "lived", "FULL"), random.Random(1)
    for cut in range(life.committed[0], len(life.operations) + 1):
        assert not lost(tmp_path, life, cut, loss, dice)


@pytest.mark.parametrize("loss", LOSSES)
def test_it_finds_what_a_database_loses_that_syncs_only_its_checkpoints(
    tmp_path: Path, loss: Loss
) -> None:
    """That is `synchronous = NORMAL`: whole after any cut; what no checkpoint has moved may be gone."""
    life, dice = lived(tmp_path / "lived", "NORMAL"), random.Random(1)
    before = [lost(tmp_path, life, cut, loss, dice) for cut in life.committed[:HALF]]
    after = [
        lost(tmp_path, life, cut, loss, dice)
        for cut in range(life.checkpoint, len(life.operations) + 1)
    ]
    assert any(before)
    assert any(after)
    assert all(missing <= set(range(HALF, ROWS)) for missing in after)
    if loss == "dropped":
        assert before == [set(range(n + 1)) for n in range(HALF)]
        assert after[-1] == set(range(HALF, ROWS))


def test_a_broken_disk_refuses_and_is_whole_again_afterwards(tmp_path: Path) -> None:
    with recording(tmp_path) as disk, closing(_open(tmp_path, "FULL")) as db:
        db.execute("CREATE TABLE t (n INTEGER)")
        disk.broken = True
        with pytest.raises(sqlite3.OperationalError, match="disk I/O error"):
            db.execute("INSERT INTO t VALUES (1)")
        disk.broken = False
        db.execute("INSERT INTO t VALUES (2)")
        assert db.execute("SELECT n FROM t").fetchall() == [(2,)]


async def test_what_is_written_by_other_threads_is_recorded_too(tmp_path: Path) -> None:
    with recording(tmp_path) as disk:
        await asyncio.to_thread(lambda: _open(tmp_path, "FULL").close())
    assert {each.name for each in disk.operations} >= {"test.db"}
