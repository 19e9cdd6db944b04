"""How fast one worker takes batches in, beside the bare driver that writes the same rows."""

from __future__ import annotations

import tempfile
import time
from contextlib import ExitStack, closing
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Final

from shopbell_server.core.ids import Millis, TenantId
from shopbell_server.core.visits.rules import VisitRules
from shopbell_server.crypto import aes_block
from shopbell_server.db import migrate
from shopbell_server.system import SystemEntropy
from shopbell_server.usecases.intake.take import Intake, Message
from shopbell_server.usecases.visits.recompute import Terms
from tests.bench.bare import BarePostgres, BareSqlite, count, next_rows
from tests.bench.people import Crowd, populate
from tests.bench.report import Report, at_least, figure
from tests.bench.where import Places
from tests.rigs.databases import open_sql
from tests.rigs.postgres import PostgresServer

if TYPE_CHECKING:
    from tests.bench.bare import Bare
    from tests.bench.report import Figure, Verdict

TITLE: Final = "Server: ingest per worker"
MEASURES: Final = (
    "`Intake.take` on groups of 64 batches of 50 presence events (5 edges, 200 people who consented, all "
    "of them in the store; three frames), each group one durable transaction: SQLite with `synchronous = "
    "FULL`, PostgreSQL with `fsync = on`. Beside it, in turns, the bare driver upserting the rows that "
    "such a group writes into the same tables: `executemany`, and COPY + INSERT … ON CONFLICT."
)
WHY: Final = (
    "the bare driver writes and asks nothing. The intake also decodes and checks every event, decrypts "
    "tokens, asks who they mean and what she allows, joins evidence, and reads back each visit and those of "
    "its stays that were told of; the shares above say where. All evidence of a visit is read and computed "
    "anew only where more than a stay that lasts longer is new, which here it never is."
)

RATIO: Final = 0.5

EDGES: Final = 5
PEOPLE: Final = 200
BATCHES: Final = 64
PER_BATCH: Final = 50
EVENTS: Final = BATCHES * PER_BATCH
WARM_UP: Final = 3
ROUNDS: Final = 9
WATCHED: Final = 6
GROUP_MS: Final = 2_000
"""Between two groups, by the edges' clocks."""

BEGAN_MS: Final = 1_795_262_850_000
"""The middle of a token's window: none of its boundaries lies in the run."""

STEPS: Final = {
    "decode_batch": "decode",
    "admit": "admit",
    "_read": "decode",
    "listen": "recognise: tokens",
    "recognise": "recognise: who, consent",
    "join": "join evidence",
    "recompute": "visits",
    "tell": "facts",
    "record": "batches",
    "hashes": "batches",
    "ranges": "batches",
    "put_ranges": "batches",
    "commit": "commit",
}
"""Functions of the intake, by what they do; the innermost that is on the stack counts."""


async def measure(*, long: bool) -> Report:
    del long
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="shopbell-bench-")))
        ours, other = f"sqlite:///{folder}/ours.db", f"sqlite:///{folder}/other.db"
        on_sqlite = Side("SQLite", ours)
        prepared(other)
        with BareSqlite(folder / "other.db") as bare:
            sqlite = on_sqlite.beside(bare)
        server = stack.enter_context(PostgresServer(durable=True))
        on_postgres = Side("PostgreSQL", server.create("ours"))
        prepared(server.create("other"))
        with BarePostgres(server.url("other")) as bare_postgres:
            postgres = on_postgres.beside(bare_postgres)
    return Report(
        title=TITLE,
        measures=MEASURES,
        figures=(*sqlite, *postgres),
        verdicts=(*on_postgres.verdicts, *on_sqlite.verdicts),
        notes=(on_sqlite.note, on_postgres.note),
        why=WHY,
    )


class Worker:
    """One worker on a database with people in it."""

    def __init__(self, url: str) -> None:
        migrate.upgrade(url)
        self.database = open_sql(url, TenantId("acme"))
        guests = populate(self.database, edges=EDGES, people=PEOPLE, now_ms=BEGAN_MS)
        terms = Terms(rules=VisitRules(), sinks=())
        self._intake = Intake(self.database, SystemEntropy(), aes_block, terms)
        self._crowd = Crowd(guests, EDGES, BEGAN_MS)
        self._now_ms = BEGAN_MS + 200_000  # everybody's visit has begun
        for _ in range(WARM_UP):
            self.take()

    def take(self, places: Places | None = None) -> float:
        """Take a group in; return how long that took."""
        self._now_ms += GROUP_MS
        group = [
            Message(edge=edge, payload=payload)
            for edge, payload in self._crowd.round(BATCHES, self._now_ms, PER_BATCH)
        ]
        began = time.perf_counter()
        if places is None:
            taken = self._intake.take(group, Millis(self._now_ms))
        else:
            with places.watched():
                taken = self._intake.take(group, Millis(self._now_ms))
        spent = time.perf_counter() - began
        assert taken.batches == {"taken": BATCHES}, taken.batches
        assert taken.events["recognised"] == EVENTS, taken.events
        return spent


def prepared(url: str) -> None:
    """Make a database that has what a worker's has."""
    with closing(Worker(url).database):
        pass


class Side:
    """One kind of database: the intake and the bare driver in turns."""

    def __init__(self, name: str, url: str) -> None:
        self._name = name
        self._worker = Worker(url)
        self.verdicts: tuple[Verdict, ...] = ()
        self.note = ""

    def beside(self, bare: Bare) -> tuple[Figure, ...]:
        before = bare.rows()
        before["batches"] = before["batches"][:BATCHES]
        before["observations"] = before["observations"][:EVENTS]
        ours: list[float] = []
        theirs: list[float] = []
        with closing(self._worker.database):
            for group in range(1, ROUNDS + 1):
                rows = next_rows(before, group)
                ours.append(EVENTS / self._worker.take())
                began = time.perf_counter()
                bare.upsert(rows)
                theirs.append(EVENTS / (time.perf_counter() - began))
            places = Places(STEPS)
            for _ in range(WATCHED):
                self._worker.take(places)
        ratios = [mine / other for mine, other in zip(ours, theirs, strict=True)]
        shares = ", ".join(f"{place} {share:.0%}" for place, share in places.shares().items())
        self.note = (
            f"{self._name}: {count(before)} rows a group. Where the intake's time goes: {shares}"
        )
        self.verdicts = (at_least(f"{self._name}, ratio", median(ratios), RATIO),)
        return (
            figure(f"{self._name}: intake", "events/s", ours),
            figure(f"{self._name}: bare driver", "events/s", theirs),
            figure(f"{self._name}: ratio", "", ratios),
        )
