"""People are joined and parted while two workers take in what they gave, and nothing of it is lost."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from threading import Barrier
from typing import TYPE_CHECKING

import pytest

from shopbell_server.core.ids import Millis, TenantId
from shopbell_server.ports.database import DatabaseBusyError
from shopbell_server.usecases.visits.joined import Regrouped, join, part
from shopbell_server.usecases.visits.recompute import Terms
from tests.fakes.server import MemoryDatabase
from tests.rigs.databases import open_sql
from tests.server.usecases.floor import NOW, RULES, CountedEntropy, Floor, stays
from tests.server.usecases.test_two_workers import ATTEMPTS, persistently, said

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from shopbell_server.usecases.intake.take import Message
    from tests.server.usecases.floor import Someone

TERMS = Terms(rules=RULES, sinks=("cdp",))


def regrouped(
    floor: Floor, how: Callable[..., object], people: Sequence[Someone], seed: str
) -> None:
    """Join or part, begun anew as often as somebody was in the way."""
    entropy = CountedEntropy(seed)
    for _ in range(ATTEMPTS):
        try:
            with floor.database.begin() as work:
                persons = [each.person for each in people]
                done = how(work, entropy, Millis(NOW), persons=persons, terms=TERMS)
                assert isinstance(done, Regrouped)
                work.commit()
        except DatabaseBusyError:
            continue
        return
    raise AssertionError("busy for ever")


@pytest.mark.parametrize("number", range(2))
def test_whoever_was_joined_meanwhile_has_the_visits_of_all(postgres_url: str, number: int) -> None:
    with closing(open_sql(postgres_url, TenantId(f"acme-{number}"))) as database:
        floor = Floor(database, postgres_url)
        people = [floor.enrol(f"p{each}", each) for each in range(1, 7)]
        messages = said(floor, people)
        groups = [messages[at : at + 3] for at in range(0, len(messages), 3)]
        barrier = Barrier(3)

        def takes(name: str, mine: Sequence[Sequence[Message]]) -> None:
            intake = floor.worker(name)
            barrier.wait(20)
            for group in mine:
                persistently(intake, group)

        def joins() -> None:
            barrier.wait(20)
            for turn in range(4):
                regrouped(floor, join, [people[4], people[turn]], f"j{turn}")
                regrouped(floor, join, people[turn : turn + 2], f"k{turn}")
                regrouped(floor, part, [people[turn + 1], people[4]], f"p{turn}")
            for each in people:
                regrouped(floor, part, [each], f"alone-{each.person}")
            regrouped(floor, join, people[:2], "first")
            regrouped(floor, join, people[2:5], "second")

        with ThreadPoolExecutor(3) as pool:
            for each in [
                pool.submit(takes, "a", groups),
                pool.submit(takes, "b", groups[::-1]),
                pool.submit(joins),
            ]:
                each.result(90)

        alone = Floor(MemoryDatabase())
        others = [alone.enrol(f"p{each}", each) for each in range(1, 7)]
        regrouped(alone, join, others[:2], "first")
        regrouped(alone, join, others[2:5], "second")
        alone.take(*messages)
        for one, other in zip(people, others, strict=True):
            assert stays(floor.visits(one)) == stays(alone.visits(other))
