"""The disk that is rebuilt after a power cut loses what nobody synced, and that alone."""

from __future__ import annotations

import asyncio
import random
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.rigs.power_cut import LOSSES, after_power_cut, recording

if TYPE_CHECKING:
    from pathlib import Path

    from tests.rigs.power_cut import Loss

ROWS = 12


def lost(place: Path, synchronous: str, losses: tuple[Loss, ...]) -> int:
    """Return how many committed rows all disks miss that a cut may leave; -1 if one is broken."""
    (place / "lived").mkdir(parents=True)
    committed: list[int] = []
    with recording(place / "lived") as disk, closing(_open(place / "lived", synchronous)) as db:
        db.execute("CREATE TABLE t (n INTEGER)")
        for number in range(ROWS):
            db.execute("INSERT INTO t VALUES (?)", (number,))
            committed.append(len(disk.operations))
        operations = tuple(disk.operations)
    missing, dice = 0, random.Random(1)
    for cut in range(committed[0], len(operations) + 1):
        for loss in losses:
            after = place / f"{cut}-{loss}"
            after.mkdir()
            after_power_cut(operations[:cut], loss, dice, after)
            with closing(_open(after, synchronous)) as db:
                if db.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
                    return -1
                made = db.execute("SELECT count(*) FROM sqlite_schema").fetchone() == (1,)
                found = {n for (n,) in db.execute("SELECT n FROM t")} if made else set()
            missing += sum(at <= cut and n not in found for n, at in enumerate(committed))
    return missing


def _open(folder: Path, synchronous: str) -> sqlite3.Connection:
    db = sqlite3.connect(folder / "test.db", isolation_level=None)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute(f"PRAGMA synchronous = {synchronous}")
    return db


def test_it_finds_nothing_lost_of_a_database_that_does(tmp_path: Path) -> None:
    assert lost(tmp_path, "FULL", LOSSES) == 0


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
