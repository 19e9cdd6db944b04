"""Two workers on one PostgreSQL take overlapping groups: every batch has one effect, and none is lost."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from threading import Barrier, Event
from time import monotonic
from typing import TYPE_CHECKING, Any

import pytest
from psycopg import Connection

from shopbell_server.core.facts import PassScanned, VisitStarted
from shopbell_server.core.ids import EdgeId, Millis, TenantId
from shopbell_server.ports.database import DatabaseBusyError
from tests.fakes.server import MemoryDatabase
from tests.rigs.databases import open_sql
from tests.server.ingest.pieces import FailingDatabase
from tests.server.usecases.floor import (
    EDGES,
    MINUTE,
    NOW,
    SECOND,
    STREAM,
    Floor,
    batch,
    stays,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shopbell_server.ports.batches import BatchRecord
    from shopbell_server.usecases.intake.take import Intake, Message
    from tests.server.usecases.floor import Someone

ATTEMPTS = 50


def persistently(intake: Intake, group: Sequence[Message]) -> int:
    """Take a group as the ingest loop does; return how often it was busy."""
    for attempt in range(ATTEMPTS):
        try:
            intake.take(group, Millis(NOW))
        except DatabaseBusyError:
            continue
        return attempt
    raise AssertionError("busy for ever")


def said(floor: Floor, people: Sequence[Someone]) -> list[Message]:
    """Return what three edges say of everybody: stays that grow, and a pass each."""
    messages = []
    for seq, someone in enumerate(people, 1):
        for edge in EDGES:
            events = [
                floor.presence(someone, NOW - 9 * MINUTE, NOW - back * MINUTE, n=20 - back)
                for back in (5, 3, 1)
            ]
            at_ms = NOW - 40 * SECOND - seq
            messages.append(batch(*events, floor.shows_pass(someone, at_ms), edge=edge, seq=seq))
    return messages


@pytest.mark.parametrize("number", range(4))
def test_every_batch_has_one_effect(postgres_url: str, number: int) -> None:
    with closing(open_sql(postgres_url, TenantId(f"acme-{number}"))) as database:
        floor = Floor(database, postgres_url)
        people = [floor.enrol(f"p{each}", each) for each in range(1, 9)]
        messages = said(floor, people)
        size = 4 + number
        groups = [messages[at : at + size] for at in range(0, len(messages), size)]
        barrier = Barrier(2)

        def work(name: str, mine: Sequence[Sequence[Message]]) -> int:
            intake = floor.worker(name)
            barrier.wait(20)
            return sum(persistently(intake, group) for group in mine)

        with ThreadPoolExecutor(2) as pool:
            # The same groups from both ends, with half of each other's: they meet in the middle.
            overlapping = [a + b[:2] for a, b in zip(groups, reversed(groups), strict=True)]
            both = [
                pool.submit(work, "a", groups),
                pool.submit(work, "b", [*reversed(overlapping), *groups]),
            ]
            for each in both:
                each.result(60)

        alone = Floor(MemoryDatabase())
        everybody = [alone.enrol(f"p{each}", each) for each in range(1, 9)]
        alone.take(*messages)
        for one, other in zip(people, everybody, strict=True):
            assert stays(floor.visits(one)) == stays(alone.visits(other))
        facts = floor.facts()
        assert len([fact for fact in facts if isinstance(fact, PassScanned)]) == len(people)
        assert len([fact for fact in facts if isinstance(fact, VisitStarted)]) == len(people)
        with database.begin() as work_unit:
            streams = [(EdgeId(edge), STREAM) for edge in EDGES]
            assert work_unit.batches.ranges(streams, Millis(NOW)) == dict.fromkeys(streams, "1-8")


@pytest.mark.parametrize("known", [False, True], ids=["new", "known"])
def test_two_that_extend_the_ranges_of_one_stream_lose_none(
    postgres_url: str, *, known: bool
) -> None:
    stream = (EdgeId(EDGES[0]), STREAM)
    with closing(open_sql(postgres_url, TenantId("acme"))) as database:
        if known:
            with database.begin() as work:
                work.batches.ranges([stream], Millis(NOW))
                work.commit()

        def extended() -> str:
            with database.begin() as work:
                text = work.batches.ranges([stream], Millis(NOW))[stream]
                work.batches.put_ranges({stream: f"{text}-2"}, Millis(NOW))
                work.commit()
                return text

        with ThreadPoolExecutor(1) as pool, database.begin() as work:
            assert work.batches.ranges([stream], Millis(NOW)) == {stream: ""}
            second = pool.submit(extended)
            wait_until_it_waits(second, postgres_url)
            work.batches.put_ranges({stream: "1"}, Millis(NOW))
            work.commit()
            assert second.result(20) == "1"


def test_two_that_hear_one_person_make_one_visit_of_her(postgres_url: str) -> None:
    """The second waits until the first has committed, and sees what it made of her."""
    with closing(open_sql(postgres_url, TenantId("acme"))) as database:
        floor = Floor(database, postgres_url)
        # Nothing is told of her: what is told of one person is ordered by itself.
        ada = floor.enrol("ada", 1, share=False)
        seen = floor.presence(ada)
        inside = Event()

        def while_the_other_waits(_: Sequence[BatchRecord]) -> None:
            inside.set()
            wait_until_it_waits(second, postgres_url)

        floor.database = FailingDatabase(database, while_the_other_waits)
        first_worker = floor.worker("a")
        floor.database = database
        with ThreadPoolExecutor(2) as pool:
            second = pool.submit(
                lambda: (
                    inside.wait(20)
                    and persistently(floor.worker("b"), [batch(seen, edge=EDGES[1])])
                )
            )
            first = pool.submit(persistently, first_worker, [batch(seen, edge=EDGES[0])])
            first.result(60)
            second.result(60)
        (visit,) = floor.visits(ada)
        assert len(visit.session.scanners) == 2


def wait_until_it_waits(work: Future[Any], url: str) -> None:
    """Return when `work` waits for somebody in the database, or has ended."""
    limit = monotonic() + 20
    with Connection.connect(url, autocommit=True) as watching:
        while not work.done():
            found = watching.execute(
                "SELECT count(*) FROM pg_stat_activity"
                " WHERE wait_event_type = 'Lock' AND datname = current_database()"
            ).fetchone()
            if found is not None and found[0]:
                return
            assert monotonic() < limit, "it neither waits nor ends"
