"""Settings under which the daemon cannot run give way to the last good ones: real processes, a real disk."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import sys
from contextlib import asynccontextmanager, closing
from typing import TYPE_CHECKING

import msgspec

from shopbell_edge.adapters.clock import system_clock
from shopbell_edge.adapters.exit_note import ExitNote
from shopbell_edge.adapters.order_book import FileOrderBook
from shopbell_edge.core.standing import MOST_STARTS, Book, Document
from shopbell_program.signing import Signer
from shopbell_wire.messages import Event, OrderDone
from shopbell_wire.orders import Configure, Order, seal
from tests.faults.daemon import Daemon
from tests.rigs.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

KEY = Signer(bytes(range(32)))


def written(folder: Path) -> Path:
    (folder / "orders.pub").write_text(KEY.public_key.hex())
    path = folder / "edge.toml"
    path.write_text(
        'tenant = "acme"\nedge = "door"\nrules = "demo"\n'
        # Nobody listens on port 9 (discard): the broker is away, and settings prove themselves all the same.
        '[broker]\nhost = "127.0.0.1"\nport = 9\n'
        '[retailer]\nuuid = "6f2a1c5e-9b7d-4e03-a1c4-0f5d2e8b7a61"\nprefix = "5bb0e111"\n'
        f'[spool]\npath = "{folder}/spool.db"\n'
        '[clock]\nsource = "system"\n'
        f'[orders]\nkey_file = "{folder}/orders.pub"\n'
        f'[[radios]]\nkind = "socket"\nscanner = "air"\npath = "{folder}/air"\n'
    )
    return path


def document(number: int) -> Document:
    order = Order(
        tenant="acme",
        edge="door",
        number=number,
        issued_ms=0,
        expires_ms=1,
        task=Configure(settings={"presence": {"leave_s": 200 + number}}),
    )
    return Document(number=number, payload=seal(order, KEY.sign))


def keeper(folder: Path) -> FileOrderBook:
    return FileOrderBook(folder / "spool.db.orders")


def book(folder: Path) -> Book:
    found = keeper(folder).read()
    assert isinstance(found, Book)
    return found


def answers(folder: Path) -> list[OrderDone]:
    """Return the answers that wait in the spool; nothing leaves it, for the broker is away."""
    with closing(sqlite3.connect(folder / "spool.db")) as db:
        bodies = [body for (body,) in db.execute("SELECT body FROM events ORDER BY id")]
    waiting = [msgspec.json.decode(body, type=Event) for body in bodies]
    return [event for event in waiting if isinstance(event, OrderDone)]


@asynccontextmanager
async def edge(folder: Path) -> AsyncIterator[Daemon]:
    command = [sys.executable, "-m", "shopbell_edge", "run", "--config", str(written(folder))]
    daemon = Daemon("door", command, folder, "edge_started")
    try:
        yield daemon
        await daemon.stop()
    finally:
        daemon.kill()
        daemon.show()


def lines(daemon: Daemon, event: str) -> list[dict[str, object]]:
    said = [json.loads(line) for line in daemon.log.splitlines() if line.startswith("{")]
    return [line for line in said if line["event"] == event]


async def test_settings_that_last_are_trusted(tmp_path: Path) -> None:
    keeper(tmp_path).write(Book(trial=document(2)))
    async with edge(tmp_path) as daemon:
        daemon.start()
        await daemon.works()
        await until("they are trusted", lambda: book(tmp_path).proved == document(2))
        assert [line["in_force"] for line in lines(daemon, "edge_started")] == [2]


async def test_settings_that_cannot_run_give_way_to_the_ones_before(tmp_path: Path) -> None:
    keeper(tmp_path).write(Book(proved=document(1), trial=document(2)))
    (tmp_path / "air").mkdir()  # the radio cannot begin
    async with edge(tmp_path) as daemon:
        daemon.start()
        await until("it gave up", lambda: not daemon.alive)
        assert daemon.ends == [1]
        failed = lines(daemon, "settings_failed")
        assert len(failed) == 1
        after = book(tmp_path)
        assert (after.proved, after.trial) == (document(1), None)
        # It ends as soon as the radio fails again: before or after the answer got into the spool.
        (answer,) = {*after.owed, *answers(tmp_path)}
        assert (answer.number, answer.result) == (2, "failed")
        assert answer.reason == failed[0]["reason"]
        (tmp_path / "air").rmdir()
        daemon.start()
        await daemon.works()
        assert [line["in_force"] for line in lines(daemon, "edge_started")][-1] == 1
        await until("it is answered", lambda: not book(tmp_path).owed)
        assert set(answers(tmp_path)) == {answer}


async def test_settings_under_which_the_process_is_killed_are_given_up(tmp_path: Path) -> None:
    keeper(tmp_path).write(Book(proved=document(1), trial=document(2)))
    async with edge(tmp_path) as daemon:
        for life in range(MOST_STARTS):
            daemon.start()
            await until("it begins", lambda life=life: book(tmp_path).starts == life + 1)  # type: ignore[misc]
            daemon.kill()
        daemon.start()
        await daemon.works()
        assert [line["in_force"] for line in lines(daemon, "edge_started")][-1] == 1
        assert book(tmp_path).trial is None


async def test_a_file_of_orders_that_is_broken_is_set_aside_and_said_so(tmp_path: Path) -> None:
    (tmp_path / "spool.db.orders").write_bytes(b"half a fi")
    async with edge(tmp_path) as daemon:
        daemon.start()
        await daemon.works()
        assert lines(daemon, "orders_corrupt")[0]["set_aside"] == "spool.db.orders.bad"
        assert lines(daemon, "edge_started")[0]["in_force"] is None
        await asyncio.to_thread((tmp_path / "spool.db.orders.bad").read_bytes)


async def test_an_end_over_a_radio_is_noted_for_the_next_process(tmp_path: Path) -> None:
    (tmp_path / "air").mkdir()  # the radio cannot begin
    async with edge(tmp_path) as daemon:
        daemon.start()
        await until("it gave up", lambda: not daemon.alive)
        note = ExitNote(tmp_path / "spool.db.exit")
        assert note.read(system_clock("system", err_ms=0).now()) is not None
        (tmp_path / "air").rmdir()
        daemon.start()
        await daemon.works()
