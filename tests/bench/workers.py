"""How much more two ingest workers take in than one, and where the cores' time goes."""

from __future__ import annotations

import multiprocessing
import os
import tempfile
import threading
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Final

import psycopg

from shopbell_server.config.reading import read_settings
from shopbell_server.core.ids import Millis
from shopbell_sim.core.load_crowd import Size
from shopbell_sim.load.folder import LoadFolder
from tests.bench.air import RETAILER
from tests.bench.capacity_people import populate
from tests.bench.capacity_site import CONFIG
from tests.bench.machine import taken, tree_cpu_s
from tests.bench.report import Report, at_least, figure, number
from tests.bench.workers_one import Group, Share, work
from tests.bench.workers_stream import stream
from tests.rigs.ports import free_port
from tests.rigs.postgres import PostgresServer, as_superuser

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from multiprocessing.connection import Connection

    from tests.bench.workers_one import Took
    from tests.bench.workers_stream import Sealed

TITLE: Final = "Server: two ingest workers instead of one"
MEASURES: Final = (
    "Two processes that each run the intake on one durable PostgreSQL, beside one that has all to itself, in "
    "turns. What 40 stores with 50 customers each say, sealed as edges do, in groups of 64 batches: dealt "
    "out batch by batch, as a broker does it, so that reports of one customer, whom three edges hear, may be "
    "with both workers at once, and one waits for the other's commit; and by store, where that cannot be. "
    "The batches are ready beforehand and there is no broker, so a worker and its connection's process, of "
    "which one always waits for the other, take one core at the most: two of them take two, and cores last "
    "if nobody else wants them. At half pace a worker rests after each group as long as that took, so two "
    "want one core."
)
WHY: Final = (
    "see the notes. Where much of the time goes on waiting for locks, both workers had reports of the same "
    "customers: a group holds all of its own from its beginning to its commit. 40 stores say 340 events a "
    "second; the faster they are taken in than said, the more often customers meet themselves. In shops it "
    "is less: a worker waits 20 ms for company there, and its groups are small. What others took of the "
    "cores is not the workers' fault. Where processor time for an event grows with the second worker, what "
    "the cores share is scarce: caches, memory, or one core's two threads."
)

RATIO: Final = 1.7

SIZE: Final = Size(stores=40, edges=5, customers=50, heard_by=3, speed=1.0)
WARM_S: Final = 32
"""Of the stream: everybody has come in."""

MOST: Final = 64
"""Batches of a transaction, as `[gathering]` has it."""

GROUPS: Final = 10
"""Of one measurement: under two seconds of one worker."""

LOOK_S: Final = 0.02
"""Between two looks at what the database's processes wait for."""

WAITS: Final = """
SELECT coalesce(wait_event_type, '') FROM pg_stat_activity
WHERE datname = 'shop' AND backend_type = 'client backend' AND state = 'active'
  AND pid <> pg_backend_pid()
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How a stream is shared, at what pace, and how often that is measured."""

    name: str
    share_of: Callable[[int, Sealed], int]
    """Which worker of two takes a batch: by its number in the stream, and itself."""
    half_pace: bool
    rounds: int


MANNERS: Final = (
    Manner(name="dealt out", share_of=lambda nth, _: nth % 2, half_pace=False, rounds=5),
    Manner(name="by store", share_of=lambda _, one: one.store % 2, half_pace=False, rounds=3),
    Manner(name="dealt out, half pace", share_of=lambda nth, _: nth % 2, half_pace=True, rounds=3),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Went:
    """One measurement. Milliseconds are for an event, shares are of all cores, or of the workers' time."""

    per_s: float
    worker_ms: float
    database_ms: float
    others: float
    """Of the cores: taken by neither workers nor database, those of this machine's host included."""
    idle: float
    locks: float
    """Of the time in transactions: waiting for what the other has locked."""
    disk: float
    again: int


async def measure(*, long: bool) -> Report:
    del long
    with ExitStack() as stack:
        bench = stack.enter_context(_prepared())
        one: dict[str, list[Went]] = {each.name: [] for each in MANNERS}
        two: dict[str, list[Went]] = {each.name: [] for each in MANNERS}
        for manner in MANNERS:
            for _ in range(manner.rounds):
                one[manner.name].append(bench.measured(manner, 1))
                two[manner.name].append(bench.measured(manner, 2))
    ratios = {
        name: [b.per_s / a.per_s for a, b in zip(one[name], two[name], strict=True)] for name in one
    }
    return Report(
        title=TITLE,
        measures=MEASURES,
        figures=tuple(
            made
            for name in one
            for made in (
                figure(f"{name}: one worker", "events/s", [each.per_s for each in one[name]]),
                figure(f"{name}: two workers", "events/s", [each.per_s for each in two[name]]),
                figure(f"{name}: two / one", "", ratios[name]),
            )
        ),
        verdicts=tuple(
            at_least(f"{name}, two / one", median(each), RATIO) for name, each in ratios.items()
        ),
        notes=tuple(
            f"{name}, {who}: {_said(went[name])}"
            for name in one
            for who, went in (("one", one), ("two", two))
        ),
        why=WHY,
    )


def _said(went: Sequence[Went]) -> str:
    def middle(of: Callable[[Went], float]) -> float:
        return median(map(of, went))

    return (
        f"{number(middle(lambda each: each.worker_ms))} ms of processor time in the worker and "
        f"{number(middle(lambda each: each.database_ms))} ms in the database for an event; of its "
        f"transactions' time {middle(lambda each: each.locks):.0%} waiting for locks and "
        f"{middle(lambda each: each.disk):.0%} for the disk; of the cores "
        f"{middle(lambda each: each.idle):.0%} idle and {middle(lambda each: each.others):.0%} with others; "
        f"begun again {sum(each.again for each in went)}"
    )


class Bench:
    """Workers, what is there for them to do, and whoever looks on."""

    def __init__(
        self, batches: Iterator[Sealed], pipes: Sequence[Connection], server: PostgresServer
    ) -> None:
        self._batches = batches
        self._pipes = pipes
        self._url = as_superuser(server.url("shop"))
        self._database = int((server.data / "postmaster.pid").read_text().split()[0])

    def warm_up(self, until_ms: int) -> None:
        """Let everybody come in, told by both workers."""
        while True:
            some = list(islice(self._batches, MOST * GROUPS))
            self._both([_groups(some[each::2]) for each in (0, 1)], half_pace=False)
            if some[-1].at_ms >= until_ms:
                return

    def measured(self, manner: Manner, workers: int) -> Went:
        """Let so many workers take in the next part of the stream."""
        some = list(islice(self._batches, MOST * GROUPS))
        shares = (
            [some]
            if workers == 1
            else [
                [one for nth, one in enumerate(some) if manner.share_of(nth, one) == worker]
                for worker in (0, 1)
            ]
        )
        events = sum(one.events for one in some)
        before, database_s = taken(), tree_cpu_s(self._database)
        idle = _idle()
        with _watched(self._url) as seen:
            took = self._both([_groups(each) for each in shares], half_pace=manner.half_pace)
        after, database_s = taken(), tree_cpu_s(self._database) - database_s
        whole = max(1, after.whole - before.whole)
        seconds = max(each.ended_s for each in took) - min(each.began_s for each in took)
        cpu_s = sum(each.cpu_s for each in took)
        idle_share = (_idle() - idle) / whole
        ours = (cpu_s + database_s) / (whole / _TICKS)
        busy_s = sum(each.busy_s for each in took)
        return Went(
            per_s=events / seconds,
            worker_ms=1000 * cpu_s / events,
            database_ms=1000 * database_s / events,
            others=max(0.0, 1 - idle_share - ours),
            idle=idle_share,
            locks=seen["Lock"] * LOOK_S / busy_s,
            disk=(seen["IO"] + seen["LWLock"]) * LOOK_S / busy_s,
            again=sum(each.refused for each in took),
        )

    def _both(self, shares: Sequence[Sequence[Group]], *, half_pace: bool) -> list[Took]:
        pipes = self._pipes[: len(shares)]
        for pipe, groups in zip(pipes, shares, strict=True):
            pipe.send(Share(groups=groups, half_pace=half_pace))
        return [pipe.recv() for pipe in pipes]


def _groups(batches: Sequence[Sealed]) -> list[Group]:
    """Return transactions of the next batches each, at the moment at which their last was sealed."""
    parts = [batches[begin : begin + MOST] for begin in range(0, len(batches), MOST)]
    return [
        Group(messages=[one.message for one in part], now_ms=Millis(part[-1].at_ms))
        for part in parts
    ]


@contextmanager
def _prepared() -> Iterator[Bench]:
    """Make a database with people in it, start both workers, and let everybody come in."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="shopbell-bench-")))
        server = stack.enter_context(PostgresServer(durable=True))
        config = folder / "server.toml"
        config.write_text(
            CONFIG.format(
                uuid=RETAILER.uuid,
                prefix=RETAILER.prefix,
                url=server.create("shop"),
                folder=folder,
                http_port=free_port(),
                port=free_port(),
            )
        )
        load = LoadFolder(path=folder / "load")
        populate(read_settings(config), load, SIZE, SIZE.people(STREAM_S * 1000))
        began_ms = time.time_ns() // 1_000_000
        pipes = [stack.enter_context(_worker(str(config))) for _ in (0, 1)]
        bench = Bench(stream(SIZE, load.read_people(), began_ms), pipes, server)
        bench.warm_up(began_ms + WARM_S * 1000)
        yield bench


STREAM_S: Final = 150
"""The stream is shorter than that: so many people that nobody has to come twice."""


@contextmanager
def _worker(config: str) -> Iterator[Connection]:
    """Run a worker; yield the pipe to it once it is ready."""
    spawning = multiprocessing.get_context("spawn")
    ours, theirs = spawning.Pipe()
    process = spawning.Process(target=work, args=(config, theirs), daemon=True)
    process.start()
    theirs.close()
    try:
        ours.recv()
        yield ours
        ours.send(None)
        process.join(END_S)
    finally:
        process.kill()
        process.join()
        process.close()
        ours.close()


END_S: Final = 10.0


@contextmanager
def _watched(url: str) -> Iterator[dict[str, int]]:
    """Count, every LOOK_S of the block, for what processes of the database wait that have work to do."""
    seen = dict.fromkeys(("", "Lock", "IO", "LWLock"), 0)
    over = threading.Event()

    def look() -> None:
        with psycopg.connect(url, autocommit=True) as connection:
            ready.set()
            while not over.wait(LOOK_S):
                for (kind,) in connection.execute(WAITS):
                    seen[kind] = seen.get(kind, 0) + 1

    ready = threading.Event()
    looking = threading.Thread(target=look)
    looking.start()
    try:
        ready.wait()
        yield seen
    finally:
        over.set()
        looking.join()


def _idle() -> int:
    """Return for how many ticks all cores together had nothing to do, since the machine began."""
    words = Path("/proc/stat").read_text().split()
    return int(words[4]) + int(words[5])


_TICKS: Final = os.sysconf("SC_CLK_TCK")
