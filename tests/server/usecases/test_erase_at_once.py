"""Somebody is forgotten while workers take in what edges heard of her."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TYPE_CHECKING

import pytest

from shopbell_server.core.audit.chain import Actor
from shopbell_server.core.ids import Millis
from shopbell_server.ports.database import DatabaseBusyError
from shopbell_server.usecases.keeping.erase import erase, finish
from shopbell_server.usecases.visits.recompute import Terms
from tests.rigs.databases import open_sql
from tests.server.usecases.floor import MINUTE, NOW, RULES, SECOND, SINK, STORE, Floor, batch

if TYPE_CHECKING:
    from shopbell_server.core.keeping.erasure import Erasure
    from tests.server.usecases.floor import Someone

TERMS = Terms(rules=RULES, sinks=(SINK,))
LATER = Millis(NOW + MINUTE)
TRIES = 50


@pytest.mark.parametrize("number", range(3))
def test_nothing_that_was_being_taken_in_is_left_of_her(postgres_url: str, number: int) -> None:
    database = open_sql(postgres_url)
    floor = Floor(database, postgres_url)
    people = [floor.enrol(f"somebody-{each}", each + 1) for each in range(6)]
    together = Barrier(2)
    with ThreadPoolExecutor(2) as threads:
        taking = threads.submit(takes, floor, people, together, number)
        erasing = threads.submit(forgets, floor, people[:3], together)
        taking.result(60)
        erasures = erasing.result(60)
    for each in erasures:
        finish(database, each, LATER)
    with database.read() as work:
        heard = {each.key.person for each in work.intervals.heard_since(STORE, Millis(0))}
        assert heard == {each.person for each in people[3:]}
        for gone in people[:3]:
            assert work.visits.of_person(gone.person) == []
            assert work.erasures.waiting(gone.person) == {}
        for there in people[3:]:
            assert work.visits.of_person(there.person)
    database.close()


def takes(floor: Floor, people: list[Someone], together: Barrier, number: int) -> None:
    """Take in twenty batches about everybody."""
    worker = floor.worker(f"-{number}")
    together.wait(30)
    for turn in range(20):
        last_ms = NOW - (20 - turn) * SECOND
        events = [floor.presence(each, NOW - 5 * MINUTE, last_ms) for each in people]
        message = batch(*events, stream=f"{number:016x}{turn:016x}")
        for attempt in range(TRIES):
            try:
                worker.take([message], Millis(NOW))
                break
            except DatabaseBusyError:
                assert attempt < TRIES - 1


def forgets(floor: Floor, people: list[Someone], together: Barrier) -> list[Erasure]:
    done: list[Erasure] = []
    together.wait(30)
    for each in people:
        for attempt in range(TRIES):
            try:
                done += forgotten(floor, each)
                break
            except DatabaseBusyError:
                assert attempt < TRIES - 1
    return done


def forgotten(floor: Floor, someone: Someone) -> tuple[Erasure, ...]:
    with floor.database.begin() as work:
        actor = Actor(kind="phone", name="")
        erased = erase(work, floor.entropy, LATER, person=someone.person, actor=actor, terms=TERMS)
        work.commit()
    assert erased is not None
    return erased.erasures
