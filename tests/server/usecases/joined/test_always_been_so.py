"""Joining or parting gives the visits that would have arisen had it always been so."""

from __future__ import annotations

import shutil
from contextlib import closing
from dataclasses import replace
from itertools import count, pairwise
from typing import TYPE_CHECKING, Final

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shopbell_server.core.consent.ledger import Purpose, given_spans
from shopbell_server.core.facts import ConsentChanged, PassScanned, VisitCancelled
from shopbell_server.core.ids import Millis, PersonId, TenantId
from shopbell_server.core.recognition.acceptance import span_of
from shopbell_server.usecases.groups import evidence_of, groups_of, ledgers
from tests.fakes.server import MemoryDatabase
from tests.rigs.databases import open_sql
from tests.server.core.worker import Sink
from tests.server.usecases.floor import DAY, NOW, OTHER_STORE, RULES, STORE
from tests.server.usecases.joined.steps import (
    ANY,
    BEGAN,
    PEOPLE,
    SEEN,
    SPAN_MS,
    Heard,
    Joins,
    Parts,
    Shop,
    Step,
    gone_before,
    grouped,
    steps_of,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def check(one: Shop, other: Shop, steps: Sequence[Step]) -> None:
    """Take `steps` in `one`; in `other`, who is one in the end was so from the start, and stays so."""
    steps = gone_before(steps)
    for each in grouped(steps):
        other.do(Joins(each), BEGAN - DAY)
    for number, step in enumerate(steps, 1):
        now_ms = BEGAN + SPAN_MS * number // len(steps)
        one.do(step, now_ms)
        if not isinstance(step, Joins | Parts):
            other.do(step, now_ms)
    assert one.stays() == other.stays()
    check_visits(one)


def check_visits(shop: Shop) -> None:
    """Visits are apart; what counts is in exactly one; none is of a time that somebody forbade.

    And nobody has any who is joined under another.
    """
    with shop.floor.database.read() as work:
        persons = [each.person for each in shop.people]
        enrolments = work.people.enrolments(persons)
        groups = groups_of(work, enrolments.values())
        for person in persons:
            visits = work.visits.of_person(person)
            entries = ledgers(work, [person], groups).get(person, ())
            spans = given_spans(entries, Purpose.RECOGNISE_IN_STORE)
            for visit in visits:
                assert span_of(spans, visit.session.start_ms) is not None
                assert span_of(spans, visit.session.end_ms) is not None
            if person in groups and groups[person].head != person:
                assert visits == []
                continue
            for store in (STORE, OTHER_STORE):
                here = [visit.session for visit in visits if visit.store == store]
                for earlier, later in pairwise(here):
                    assert later.start_ms - earlier.end_ms > RULES.gap_ms
                when = Millis(0), Millis(NOW + DAY)
                evidence = evidence_of(work, [person], groups, store, *when).get(person, ())
                for each in evidence:
                    holding = [
                        session
                        for session in here
                        if session.start_ms <= each.key.first_ms and each.last_ms <= session.end_ms
                    ]
                    assert len(holding) == 1
                starts = {each.key.first_ms for each in evidence}
                assert starts >= {session.start_ms for session in here}


WITH_FIXTURES: Final = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
_numbers = count(1)


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(ANY)
def test_it_is_as_if_it_had_always_been_so_in_memory(steps: list[Step]) -> None:
    check(Shop(MemoryDatabase()), Shop(MemoryDatabase()), steps)


@settings(max_examples=15, suppress_health_check=WITH_FIXTURES, deadline=None)
@given(steps=ANY)
def test_it_is_as_if_it_had_always_been_so_in_sqlite(
    migrated_file: Path, tmp_path: Path, steps: list[Step]
) -> None:
    url = f"sqlite:///{shutil.copy(migrated_file, tmp_path / f'{next(_numbers)}.db')}"
    with closing(open_sql(url, TenantId("acme"))) as database:
        check(Shop(database), Shop(MemoryDatabase()), steps)


@settings(max_examples=15, suppress_health_check=WITH_FIXTURES, deadline=None)
@given(steps=ANY)
def test_it_is_as_if_it_had_always_been_so_in_postgresql(
    postgres_url: str, steps: list[Step]
) -> None:
    tenant = TenantId(f"tenant-{next(_numbers)}")
    with closing(open_sql(postgres_url, tenant)) as database:
        check(Shop(database), Shop(MemoryDatabase()), steps)


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.data())
def test_in_whatever_order_it_is_said_of_joined_people(data: st.DataObject) -> None:
    """Joined and parted while it comes in, or joined before; as it happened, or in any order and repeated."""
    kinds = ["heard"] * 8 + ["joins", "joins", "parts"]
    steps = data.draw(steps_of(kinds))
    one, other = Shop(MemoryDatabase()), Shop(MemoryDatabase())
    one.does(steps)
    for each in grouped(steps):
        other.do(Joins(each), BEGAN)
    said = [
        (each.edge, other.event(each, BEGAN + SPAN_MS * number // len(steps)))
        for number, each in enumerate(steps, 1)
        if isinstance(each, Heard)
    ]
    again = data.draw(st.lists(st.sampled_from(said), max_size=3)) if said else []
    for edge, event in data.draw(st.permutations([*said, *again])):
        other.floor.hear(event, edge=edge)
    assert one.stays() == other.stays()


@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(SEEN)
def test_whoever_is_told_of_it_knows_what_is_so(steps: list[Step]) -> None:
    """By each name that a sink knows somebody by, what it was told makes sense and is what is stored."""
    shop = Shop(MemoryDatabase())
    shop.does(steps)
    sinks = {PersonId(name): Sink() for name in PEOPLE}
    for fact in shop.floor.facts():
        if isinstance(fact, VisitCancelled):
            # What absorbed it is known by the name of whom she was joined with.
            sinks[fact.person].hear(replace(fact, absorbed_by=None))
        elif not isinstance(fact, PassScanned | ConsentChanged):
            sinks[fact.person].hear(fact)
    for person, sink in sinks.items():
        assert sink.is_up_to_date([visit for visit in shop.visits() if visit.person == person])
