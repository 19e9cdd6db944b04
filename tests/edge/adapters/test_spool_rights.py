"""Who may read what waits on an edge's disk: its own user, whatever umask it was started with."""

from __future__ import annotations

import asyncio
import os
import stat
from contextlib import contextmanager
from typing import TYPE_CHECKING

from shopbell_edge.adapters.spool.batches import Speaker
from shopbell_edge.adapters.spool.sqlite import SqliteSpool
from tests.edge import events
from tests.fakes.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def generous() -> Iterator[None]:
    """Let whatever is made meanwhile be everybody's, if its maker does not mind."""
    before = os.umask(0)
    try:
        yield
    finally:
        os.umask(before)


def others_may(folder: Path) -> list[str]:
    """Return the files with content in `folder` that others than their owner may do something with."""
    return sorted(
        file.name
        for file in folder.iterdir()
        if file.suffix != ".ballast" and file.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)
    )


async def use(path: Path) -> None:
    """Begin a spool and put an event into it, so that there is a WAL."""
    clock = FakeClock()
    speaker = Speaker(edge="edge-1", stream="5" * 32, software="test")
    async with SqliteSpool(path, speaker, clock.now()) as spool:
        await spool.append([events.scan()], clock.now())
        assert (path.parent / "spool.db-wal").stat().st_size > 0
        assert others_may(path.parent) == []


async def test_a_spool_is_its_users_alone_the_folder_it_makes_too(tmp_path: Path) -> None:
    with generous():
        await use(tmp_path / "var" / "spool.db")
        assert others_may(tmp_path) == []


async def test_a_spool_that_others_could_read_is_closed_to_them(tmp_path: Path) -> None:
    with generous():
        (tmp_path / "spool.db").touch()
        await use(tmp_path / "spool.db")


def test_one_that_cannot_be_used_stays_private_where_it_is_set_aside(tmp_path: Path) -> None:
    with generous():
        (tmp_path / "spool.db").write_bytes(b"no database, but somebody's tokens" * 1_000)
        asyncio.run(use(tmp_path / "spool.db"))
    assert any(file.name.startswith("spool.db.bad-") for file in tmp_path.iterdir())
