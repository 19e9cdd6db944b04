"""Several processes at one PostgreSQL, each doing everything at once: nobody waits in a circle.

What they make of people is what one alone would have made of them.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from random import Random
from threading import Barrier, Event
from typing import TYPE_CHECKING, Final

import pytest
from psycopg import Connection

from shopbell_server.core.audit.chain import Actor
from shopbell_server.core.ids import EdgeId, Millis
from shopbell_server.core.keeping.retention import BATCHES_MS, Limits, rules
from shopbell_server.core.observations import shelf_of
from shopbell_server.ports.batches import BatchKey, BatchRecord
from shopbell_server.ports.database import DatabaseBusyError
from shopbell_server.usecases.intake.shelves import make_shelves
from shopbell_server.usecases.keeping.erase import erase, finish
from shopbell_server.usecases.keeping.forget_expired import forget_expired
from shopbell_server.usecases.keeping.retain import let_go
from shopbell_server.usecases.visits.joined import join
from shopbell_server.usecases.visits.recompute import Terms
from shopbell_server.usecases.visits.sweep import sweep
from tests.fakes.server import MemoryDatabase
from tests.rigs.databases import open_sql
from tests.server.usecases.floor import (
    EDGES,
    MINUTE,
    NOW,
    RULES,
    SECOND,
    SINK,
    CountedEntropy,
    Floor,
    batch,
    stays,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from shopbell_server.ports.database import Database
    from shopbell_server.usecases.intake.take import Message
    from tests.server.usecases.floor import Someone

TERMS: Final = Terms(rules=RULES, sinks=(SINK,))
SAM: Final = Actor(kind="operator", name="sam")
TRIES: Final = 200
SWEPT: Final = Millis(NOW + 180 * MINUTE)
"""All visits are over by then, and no candidate is old enough to be forgotten."""
OLD: Final = 1_200
"""Batches of long ago: three pieces of retention."""


def persistently(work: Callable[[], object]) -> None:
    for _ in range(TRIES):
        try:
            work()
        except DatabaseBusyError:
            continue
        return
    raise AssertionError("busy for ever")


def said(floor: Floor, people: Sequence[Someone], rounds: int) -> list[Message]:
    """Return what three edges say of everybody, again and again: stays that grow, and a pass each."""
    messages = []
    for seq in range(1, rounds + 1):
        for edge in EDGES:
            back = (rounds - seq) * SECOND
            events = [
                floor.presence(each, NOW - 9 * MINUTE, NOW - SECOND - back, n=100 - rounds + seq)
                for each in people
            ]
            if seq == rounds:
                events += [floor.shows_pass(each, NOW - 40 * SECOND) for each in people]  # type: ignore[misc]  # a scan
            messages.append(batch(*events, edge=edge, seq=seq))
    return messages


def old_batches(database: Database) -> None:
    received_ms = Millis(NOW - BATCHES_MS - 1_000_000)
    with database.begin() as work:
        work.batches.record(
            [
                BatchRecord(
                    key=BatchKey(edge=EdgeId(EDGES[0]), stream="0" * 32, seq=seq),
                    sha256=bytes(32),
                    received_ms=received_ms,
                )
                for seq in range(OLD)
            ]
        )
        work.commit()
    make_shelves(database, range(shelf_of(NOW) - 40, shelf_of(NOW) - 30))


class Worker:
    """One process: a database connection of its own, and every job there is."""

    def __init__(self, floor: Floor, url: str, name: str, stack: ExitStack) -> None:
        self.database = stack.enter_context(closing(open_sql(url)))
        self.entropy = CountedEntropy(name)
        mine = Floor.__new__(Floor)
        mine.__dict__.update(floor.__dict__, database=self.database)
        self.intake = mine.worker(name)

    def take(self, messages: Sequence[Message], dice: Random) -> None:
        """Take all in, in groups and in an order of its own."""
        mine = list(messages)
        dice.shuffle(mine)
        while mine:
            size = dice.randint(1, 4)
            group, mine = mine[:size], mine[size:]
            persistently(lambda group=group: self.intake.take(group, Millis(NOW)))  # type: ignore[misc]  # of this turn

    def jobs(self, over: Event) -> None:
        """Do what the clock asks for until the others are over, and once more."""
        last = False
        while not last:
            last = over.is_set()
            persistently(lambda: sweep(self.database, self.entropy, TERMS, SWEPT))
            persistently(lambda: forget_expired(self.database, Millis(NOW)))
            for rule in rules(Limits()):
                persistently(lambda rule=rule: list(let_go(self.database, rule, Millis(NOW))))  # type: ignore[misc]  # of this turn

    def erase(self, people: Sequence[Someone]) -> None:
        """Forget some, and finish whatever is begun: others do the same."""
        for each in people:
            persistently(lambda each=each: self._erase(each))  # type: ignore[misc]  # of this turn
        with self.database.read() as work:
            begun = work.erasures.undone(100)
        for one in begun:
            persistently(lambda one=one: finish(self.database, one, Millis(NOW)))  # type: ignore[misc]  # of this turn

    def _erase(self, someone: Someone) -> None:
        with self.database.begin() as work:
            erase(work, self.entropy, Millis(NOW), person=someone.person, actor=SAM, terms=TERMS)
            work.commit()


def together(floor: Floor, people: Sequence[Someone]) -> None:
    """Let the first and the last be one human: a group whose members lie far apart in the order."""
    with floor.database.begin() as work:
        join(
            work,
            floor.entropy,
            Millis(NOW - 20 * MINUTE),
            persons=[people[0].person, people[-1].person],
            terms=TERMS,
        )
        work.commit()


def deadlocks(url: str) -> int:
    with Connection.connect(url, autocommit=True) as watching:
        # What a backend counted is told when it has been idle for a second, or when it ends.
        row = watching.execute(
            "SELECT pg_stat_get_db_deadlocks(oid) FROM pg_database WHERE datname = current_database()"
        ).fetchone()
    assert row is not None
    return int(row[0])


@pytest.mark.parametrize(
    ("staying", "rounds", "seed"),
    [
        pytest.param(6, 4, 1, id="short"),
        *(
            pytest.param(24, 30, seed, id=f"long-{seed}", marks=pytest.mark.faults)
            for seed in range(5)
        ),
    ],
)
def test_workers_at_everything_at_once_make_what_one_alone_makes(
    postgres_url: str, staying: int, rounds: int, seed: int
) -> None:
    with ExitStack() as stack:
        floor = Floor(stack.enter_context(closing(open_sql(postgres_url))), postgres_url)
        people = [floor.enrol(f"p{each:02}", each + 1) for each in range(staying)]
        leaving = [floor.enrol(f"q{each:02}", 100 + each) for each in range(4)]
        together(floor, people)
        old_batches(floor.database)
        messages = said(floor, [*people, *leaving], rounds)
        workers = [Worker(floor, postgres_url, f"w{each}", stack) for each in range(6)]
        begin, over = Barrier(6), Event()

        def run(number: int) -> None:
            dice = Random(seed * 10 + number)
            begin.wait(30)
            if number < 2:
                workers[number].take(messages, dice)
            elif number < 4:
                workers[number].jobs(over)
            else:
                workers[number].erase(leaving)

        with ThreadPoolExecutor(6) as pool:
            running = [pool.submit(run, number) for number in range(6)]
            try:
                for each in (*running[:2], *running[4:]):
                    each.result(100)
            finally:
                over.set()
            for each in running:
                each.result(60)
        # Whom the other held at the end is passed over by both.
        sweep(floor.database, floor.entropy, TERMS, SWEPT)

        alone = Floor(MemoryDatabase())
        everybody = [alone.enrol(f"p{each:02}", each + 1) for each in range(staying)]
        together(alone, everybody)
        alone.take(*said(alone, everybody, rounds))
        sweep(alone.database, alone.entropy, TERMS, SWEPT)
        for mine, theirs in zip(people, everybody, strict=True):
            assert stays(floor.visits(mine)) == stays(alone.visits(theirs))
        assert all(each.state == "ended" for one in people for each in floor.visits(one))
        with floor.database.begin() as work:
            seen = work.batches.hashes(
                {BatchKey(edge=EdgeId(EDGES[0]), stream="0" * 32, seq=s) for s in range(OLD)}
            )
            assert not seen
            for gone in leaving:
                assert work.visits.of_person(gone.person) == []
                assert work.erasures.remove_rows(gone.person) == {}
    assert deadlocks(postgres_url) == 0
