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

from shopbell_server.core.edges.admission import Seen
from shopbell_server.core.ids import Day, DeviceNo, Millis, TenantId, Window
from shopbell_server.core.recognition.token_reader import TokenReader
from shopbell_server.core.recognition.tokens import issue, key_ring
from shopbell_server.core.token_windows import day_of, window_of
from shopbell_server.crypto import aes_block
from shopbell_server.db import migrate
from shopbell_server.db.people_tables import ENROLMENTS, PROFILES
from shopbell_server.system import SystemEntropy
from shopbell_server.usecases.customers.make_keys import make_keys
from shopbell_wire.messages import Loss, Presence
from tests.bench.report import Figure, Report, Verdict, at_most, figure
from tests.rigs.databases import open_sql

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from sqlalchemy import Table

    from shopbell_server.core.recognition.tokens import KeyRing
    from shopbell_server.db.unit_of_work import SqlDatabase

TITLE: Final = "Server: token → customer"
MEASURES: Final = (
    "10⁴ and 10⁶ enrolments (`make bench-long`: 10⁷ too) in SQLite, one process; tokens (id64) of customers "
    "drawn at random, none twice, in groups of 2 000 as ingest has them: decryption, and one question to the "
    "database for the group. Beside it FF1 alone: the one decryption, on integers. Then the same one window "
    "later: nothing is rebuilt, so nothing is slower."
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

PEOPLE: Final = (10_000, 1_000_000)
MOST_PEOPLE: Final = 10_000_000
"""A retailer of a large country. 3.4 GB and four minutes to write: with `--long`."""
GROUP: Final = 2_000
ROUNDS: Final = 9
NOW_MS: Final = Millis(1_795_262_850_000)
WINDOW_MS: Final = 900_000
ROWS_AT_ONCE: Final = 100_000


async def measure(*, long: bool) -> Report:
    sizes = (*PEOPLE, MOST_PEOPLE) if long else PEOPLE
    figures: list[Figure] = []
    verdicts: list[Verdict] = []
    notes: list[str] = []
    for people in sizes:
        with tempfile.TemporaryDirectory(prefix="shopbell-bench-") as folder:
            measured, size_mb = _measured(Path(folder, "shop.db"), people)
        now, later = measured
        name = f"{people:,}".replace(",", " ")
        whole = [each["whole"] for each in now]
        figures += [
            figure(f"{name}: token → customer", "µs", whole),
            figure(f"{name}: of it, decryption with its parsing", "µs", _each(now, "read")),
            figure(f"{name}: FF1 alone", "µs", _each(now, "ff1")),
            figure(f"{name}: ratio to FF1", "", [each["whole"] / each["ff1"] for each in now]),
            figure(f"{name}: the same ones again", "µs", _each(now, "again")),
            figure(f"{name}: one window later", "µs", _each(later, "whole")),
        ]
        verdicts += [
            at_most(f"{name}: token → customer", median(whole), TOKEN_US, "µs"),
            at_most(
                f"{name}: one window later, as a multiple",
                median(_each(later, "whole")) / median(whole),
                NEXT_WINDOW,
            ),
        ]
        notes.append(f"{name} enrolments: the database has {size_mb:.0f} MB")
    return Report(
        title=TITLE,
        measures=MEASURES,
        figures=tuple(figures),
        verdicts=tuple(verdicts),
        notes=tuple(notes),
        why=WHY,
    )


Rounds = list[dict[str, float]]


def _measured(path: Path, people: int) -> tuple[tuple[Rounds, Rounds], float]:
    """Return rounds of this window and of the next among so many, and the size of the database."""
    migrate.upgrade(f"sqlite:///{path}")
    enrol(path, people)
    with closing(open_sql(f"sqlite:///{path}", TenantId("acme"))) as database:
        make_keys(database, SystemEntropy(), NOW_MS)
        with database.read() as work:
            ring = key_ring(work.day_keys.keys([Day(day_of(NOW_MS))]), aes_block)
        resolver = Resolver(database, ring, people)
        now = [resolver.group(NOW_MS) for _ in range(ROUNDS)]
        later = [resolver.group(Millis(NOW_MS + WINDOW_MS)) for _ in range(ROUNDS)]
    return (now, later), path.stat().st_size / 1e6


def _each(rounds: Rounds, what: str) -> list[float]:
    return [each[what] for each in rounds]


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
    """Write enrolments as rows, thousands at a time: what the use case does takes hours for 10⁷.

    Boxes hold nothing: who somebody is, is asked without opening one.
    """
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        for first in range(1, people + 1, ROWS_AT_ONCE):
            numbers = range(first, min(first + ROWS_AT_ONCE, people + 1))
            insert(
                connection,
                PROFILES,
                ("tenant", "profile", "staff"),
                (("acme", f"profile-{n}", False) for n in numbers),
            )
            insert(
                connection,
                ENROLMENTS,
                (
                    *("tenant", "person", "profile", "device_no", "mac_key_box"),
                    *("device_token_sha256", "created_ms", "stamp"),
                ),
                (
                    (
                        *("acme", f"{n:032x}", f"profile-{n}", n, bytes(45)),
                        *(n.to_bytes(32), NOW_MS - 1, 0),
                    )
                    for n in numbers
                ),
            )
            connection.commit()


def insert(
    connection: sqlite3.Connection,
    table: Table,
    names: Sequence[str],
    rows: Iterable[Sequence[object]],
) -> None:
    marks = ", ".join("?" for _ in names)
    statement = f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({marks})"  # noqa: S608  ours
    connection.executemany(statement, rows)
