"""From a token to the customer, among very many."""

from __future__ import annotations

import sqlite3
import tempfile
import time
from contextlib import closing
from pathlib import Path
from random import Random
from statistics import median
from typing import TYPE_CHECKING, Final

from shopbell_server.core.admission import Seen
from shopbell_server.core.ids import Day, DeviceNo, Millis, TenantId, Window
from shopbell_server.core.token_reader import TokenReader
from shopbell_server.core.token_windows import day_of, window_of
from shopbell_server.core.tokens import issue, key_ring
from shopbell_server.crypto import aes_block
from shopbell_server.db import migrate
from shopbell_server.db.people_tables import ENROLMENTS, PROFILES
from shopbell_server.system import SystemEntropy
from shopbell_server.usecases.make_keys import make_keys
from shopbell_wire.messages import Loss, Presence
from tests.bench.report import Report, at_most, figure
from tests.rigs.databases import open_sql

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sqlalchemy import Table

    from shopbell_server.core.tokens import KeyRing
    from shopbell_server.db.unit_of_work import SqlDatabase

TITLE: Final = "Server: token → customer"
MEASURES: Final = (
    "10⁵ enrolments (`--long`: 10⁷) in SQLite; tokens (id64) of customers drawn at random, none twice, in "
    "groups of 2 000 as ingest has them: decryption, and one question to the database for the group. "
    "Beside it FF1 alone: the one decryption, on integers. Then the same one window later: nothing is "
    "rebuilt, so nothing is slower."
)
WHY: Final = (
    "a group's tokens are decrypted at once, 1.4 µs each while the cores are free; telling them apart by "
    "windows and making candidates of them takes twice that. The rows of enrolments that are nowhere in "
    "memory are then found by their numbers in one question, some 5 µs each in SQLite itself and 2 to "
    "make objects of them. All of it is one thread's computing: on a machine that does other work it "
    "takes as much longer as that thread waits. Ingest decrypts a token once per window (*the same ones "
    "again*), and asks about somebody whom it knows only whether she is still the same."
)

TOKEN_US: Final = 20.0
NEXT_WINDOW: Final = 1.5
"""A table made anew per window would cost hundreds of times as much; noise does not reach this."""

PEOPLE: Final = 100_000
GROUP: Final = 2_000
ROUNDS: Final = 9
NOW_MS: Final = Millis(1_795_262_850_000)
WINDOW_MS: Final = 900_000
ROWS_AT_ONCE: Final = 100_000


async def measure(*, long: bool) -> Report:
    people = 100 * PEOPLE if long else PEOPLE
    with tempfile.TemporaryDirectory(prefix="shopbell-bench-") as folder:
        path = Path(folder, "shop.db")
        migrate.upgrade(f"sqlite:///{path}")
        enrol(path, people)
        with closing(open_sql(f"sqlite:///{path}", TenantId("acme"))) as database:
            make_keys(database, SystemEntropy(), NOW_MS)
            with database.read() as work:
                ring = key_ring(work.day_keys.keys([Day(day_of(NOW_MS))]), aes_block)
            resolver = Resolver(database, ring, people)
            now = [resolver.group(NOW_MS) for _ in range(ROUNDS)]
            later = [resolver.group(Millis(NOW_MS + WINDOW_MS)) for _ in range(ROUNDS)]
    whole = [each["whole"] for each in now]
    return Report(
        title=TITLE,
        measures=MEASURES,
        figures=(
            figure("token → customer", "µs", whole),
            figure("of it, decryption with its parsing", "µs", [each["read"] for each in now]),
            figure("FF1 alone", "µs", [each["ff1"] for each in now]),
            figure("ratio to FF1", "", [each["whole"] / each["ff1"] for each in now]),
            figure("token → customer, the same ones again", "µs", [each["again"] for each in now]),
            figure("token → customer, one window later", "µs", [each["whole"] for each in later]),
        ),
        verdicts=(
            at_most("token → customer", median(whole), TOKEN_US, "µs"),
            at_most(
                "one window later, as a multiple",
                median(each["whole"] for each in later) / median(whole),
                NEXT_WINDOW,
            ),
        ),
        notes=(f"{people} enrolments",),
        why=WHY,
    )


class Resolver:
    """Asks for groups of customers, drawn at random."""

    def __init__(self, database: SqlDatabase, ring: KeyRing, people: int) -> None:
        self._database = database
        self._ring = ring
        self._people = people
        self._rng = Random(3)

    def group(self, now_ms: Millis) -> dict[str, float]:
        """Return microseconds per token: the whole, its decryption, and FF1 alone."""
        numbers = self._rng.sample(range(1, self._people + 1), GROUP)
        window = window_of(now_ms)
        seen = [sighting(issue(self._ring, DeviceNo(n), [window])[0].id64, now_ms) for n in numbers]
        values = [int(each.presence.token, 16) for each in seen]
        windows = [Window(window)] * GROUP
        cipher = self._ring[Day(day_of(now_ms))].id64

        def alone() -> None:
            cipher.decrypt(windows, values)

        def read(reader: TokenReader) -> set[DeviceNo]:
            return {
                candidate.device_no
                for reading in reader.readings(seen)
                for candidate in reading.candidates
            }

        def whole() -> None:
            wanted = read(reader)
            with self._database.read() as work:
                assert len(work.people.by_device_no(wanted)) == GROUP

        reader = TokenReader(self._ring)
        return {
            "ff1": per_token_us(alone),
            "read": per_token_us(lambda: read(TokenReader(self._ring))),
            "whole": per_token_us(whole),
            "again": per_token_us(whole),
        }


def sighting(token: str, now_ms: Millis) -> Seen:
    presence = Presence(
        scanner="hci0",
        frame="service-data",
        token=token,
        phase="present",
        first_ms=now_ms,
        last_ms=now_ms,
        n=1,
        loss_db=Loss(median=10.0, p10=10.0, last=10.0),
        reason="30 s",
    )
    return Seen(presence=presence, first_ms=now_ms, last_ms=now_ms, mac_ms=None)


def per_token_us(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1e6 / GROUP


def enrol(path: Path, people: int) -> None:
    """Write enrolments as rows, thousands at a time: what the use case does takes hours for 10⁷."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        for first in range(1, people + 1, ROWS_AT_ONCE):
            numbers = range(first, min(first + ROWS_AT_ONCE, people + 1))
            insert(
                connection,
                PROFILES,
                (("acme", f"profile-{n}", None, None, "{}", False) for n in numbers),
            )
            insert(
                connection,
                ENROLMENTS,
                (
                    (
                        *("acme", f"{n:032x}", f"profile-{n}", n, bytes(16), n.to_bytes(32)),
                        *("Pixel 9", NOW_MS - 1, None, 0),
                    )
                    for n in numbers
                ),
            )
            connection.commit()


def insert(
    connection: sqlite3.Connection, table: Table, rows: Iterable[tuple[object, ...]]
) -> None:
    names = ", ".join(column.name for column in table.columns)
    marks = ", ".join("?" for _ in table.columns)
    connection.executemany(f"INSERT INTO {table.name} ({names}) VALUES ({marks})", rows)  # noqa: S608  our own names
