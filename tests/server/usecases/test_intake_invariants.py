"""Any order, repetition, batching and grouping of the same events gives the same visits."""

from __future__ import annotations

import shutil
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import count, pairwise
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shopbell_server.core.consent.ledger import Change
from shopbell_server.core.ids import Millis, TenantId
from shopbell_server.usecases.consent.withdrawal import end_presence
from tests.fakes.server import MemoryDatabase
from tests.rigs.databases import open_sql
from tests.server.usecases.floor import (
    DAY,
    EDGES,
    FAR_EDGE,
    MINUTE,
    NOW,
    OTHER_STORE,
    RULES,
    SECOND,
    STORE,
    Floor,
    batch,
    stays,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from shopbell_server.core.evidence import Interval
    from shopbell_server.ports.database import Database
    from shopbell_server.usecases.intake.take import Message
    from shopbell_wire.messages import Event, Frame
    from tests.server.usecases.floor import Someone

PEOPLE = ("ada", "ben")
SPAN_MS = 4 * 60 * MINUTE
FRAMES: tuple[Frame, ...] = ("ibeacon", "service-data", "service-uuid")


@dataclass(frozen=True)
class Said:
    """One event of one edge, in numbers: who, where, when."""

    who: int
    edge: str
    frame: Frame | None
    """None: a pass."""
    first_ms: int
    last_ms: int
    n: int


@st.composite
def _said(draw: st.DrawFn) -> list[Said]:
    """Return a stay as an edge reports it, or a pass: each shown to one scanner, in a step of its own."""
    who = draw(st.integers(0, len(PEOPLE) - 1))
    edge = draw(st.sampled_from([*EDGES[:2], FAR_EDGE]))
    frame = draw(st.sampled_from([*FRAMES, None]))
    began = NOW - SPAN_MS + draw(st.integers(0, SPAN_MS // SECOND - 900)) * SECOND
    if frame is None:
        return [Said(who, edge, None, began, began, 1)]
    ends = sorted(draw(st.lists(st.integers(0, 14 * 60), min_size=1, max_size=3)))
    return [
        Said(who, edge, frame, began, began + end * SECOND, number)
        for number, end in enumerate(ends, 1)
    ]


def _one_pass_a_step(said: list[list[Said]]) -> list[Said]:
    """Leave out passes whose code another one used: which of the two counts is a matter of who is first."""
    used: set[tuple[int, int]] = set()
    kept = []
    for each in (one for stay in said for one in stay):
        step = each.who, each.first_ms // 30_000
        if each.frame is None and step in used:
            continue
        if each.frame is None:
            used.add(step)
        kept.append(each)
    return kept


events = st.lists(_said(), min_size=1, max_size=6).map(_one_pass_a_step)


@st.composite
def _deliveries(draw: st.DrawFn, said: Sequence[Said]) -> list[list[list[Said]]]:
    """Return groups of batches of `said`, in any order, partly repeated."""
    again = draw(st.lists(st.sampled_from(said), max_size=3)) if said else []
    again = [each for each in again if each.frame is not None]
    left = draw(st.permutations([*said, *again]))
    batches: list[list[Said]] = []
    while left:
        size = draw(st.integers(1, min(4, len(left))))
        of_edge = [each for each in left[:size] if each.edge == left[0].edge]
        batches.append(of_edge)
        left = [each for each in left[:size] if each.edge != left[0].edge] + left[size:]
    repeated = draw(st.lists(st.sampled_from(batches), max_size=2))
    batches = [*batches, *repeated]
    groups: list[list[list[Said]]] = []
    while batches:
        size = draw(st.integers(1, len(batches)))
        groups.append(batches[:size])
        batches = batches[size:]
    return groups


class Shop:
    """A floor with everybody on it."""

    def __init__(self, database: Database) -> None:
        self.floor = Floor(database, sinks=("cdp",))
        self.people = [self.floor.enrol(name, number) for number, name in enumerate(PEOPLE, 1)]

    def take(self, groups: Sequence[Sequence[Sequence[Said]]], *, now_ms: int = NOW) -> None:
        """Take in every batch, the same content always as the same bytes."""
        seqs = count(1)
        sealed: dict[tuple[int, ...], Message] = {}
        for group in groups:
            messages = []
            for said in group:
                name = tuple(id(each) for each in said)
                if name not in sealed:
                    made = [self._event(each) for each in said]
                    sealed[name] = batch(*made, edge=said[0].edge, seq=next(seqs))
                messages.append(sealed[name])
            self.floor.take(*messages, now_ms=now_ms)

    def _event(self, said: Said) -> Event:
        someone = self.people[said.who]
        if said.frame is None:
            return self.floor.shows_pass(someone, said.first_ms)
        return self.floor.presence(someone, said.first_ms, said.last_ms, frame=said.frame, n=said.n)

    def stays(self) -> object:
        return stays(visit for each in self.people for visit in self.floor.visits(each))

    def evidence(self, someone: Someone) -> list[Interval]:
        with self.floor.database.read() as work:
            return [
                interval
                for store in (STORE, OTHER_STORE)
                for interval in work.intervals.within(
                    someone.person, store, Millis(0), Millis(NOW + DAY)
                )
            ]


@contextmanager
def _shop(migrated: Path, copied: Path) -> Iterator[Shop]:
    url = f"sqlite:///{shutil.copy(migrated, copied)}"
    with closing(open_sql(url, TenantId("acme"))) as database:
        yield Shop(database)


_numbers = count(1)

WITH_FIXTURES = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
"""A database is made for a test, and every example has a file or a tenant of its own."""


def check(one: Shop, other: Shop, data: st.DataObject) -> None:
    said = data.draw(events)
    one.take([[[each]] for each in said])
    other.take(data.draw(_deliveries(said)))
    assert one.stays() == other.stays()
    for shop in (one, other):
        for someone in shop.people:
            check_visits(shop, someone)


def check_visits(shop: Shop, someone: Someone) -> None:
    """Visits are apart, and every piece of evidence is in exactly one of them."""
    visits = shop.floor.visits(someone)
    for store in (STORE, OTHER_STORE):
        here = [visit.session for visit in visits if visit.store == store]
        for earlier, later in pairwise(here):
            assert later.start_ms - earlier.end_ms > RULES.gap_ms
    evidence = shop.evidence(someone)
    for interval in evidence:
        holding = [
            visit
            for visit in visits
            if visit.store == interval.key.store
            and visit.session.start_ms <= interval.key.first_ms
            and interval.last_ms <= visit.session.end_ms
        ]
        assert len(holding) == 1
    for visit in visits:
        assert any(
            visit.session.start_ms == each.key.first_ms and visit.store == each.key.store
            for each in evidence
        )


@settings(max_examples=25, suppress_health_check=WITH_FIXTURES)
@given(st.data())
def test_order_repetition_and_batches_make_no_difference_in_memory(data: st.DataObject) -> None:
    check(Shop(MemoryDatabase()), Shop(MemoryDatabase()), data)


@settings(max_examples=20, suppress_health_check=WITH_FIXTURES)
@given(data=st.data())
def test_order_repetition_and_batches_make_no_difference_in_sqlite(
    migrated_file: Path, tmp_path: Path, data: st.DataObject
) -> None:
    with _shop(migrated_file, tmp_path / f"{next(_numbers)}.db") as one:
        check(one, Shop(MemoryDatabase()), data)


@settings(max_examples=10, suppress_health_check=WITH_FIXTURES)
@given(data=st.data())
def test_order_repetition_and_batches_make_no_difference_in_postgresql(
    postgres_url: str, data: st.DataObject
) -> None:
    tenant = TenantId(f"tenant-{next(_numbers)}")
    with closing(open_sql(postgres_url, tenant)) as database:
        check(Shop(database), Shop(MemoryDatabase()), data)


@settings(max_examples=25, suppress_health_check=WITH_FIXTURES)
@given(st.data())
def test_nothing_is_left_after_a_withdrawal(data: st.DataObject) -> None:
    """Whatever came before it or comes after it, of whatever time."""
    shop = Shop(MemoryDatabase())
    said = data.draw(events)
    groups = data.draw(_deliveries(said))
    before = data.draw(st.integers(0, len(groups)))
    at_ms = NOW - data.draw(st.integers(0, SPAN_MS // MINUTE)) * MINUTE
    shop.take(groups[:before])
    ada = shop.people[0]
    with shop.floor.database.begin() as work:
        end_presence(work, ada.person, Millis(at_ms), RULES)
        work.commit()
    shop.floor.consents(ada, Change.WITHDRAWN, at_ms)
    kept = shop.evidence(ada), shop.floor.visits(ada)
    shop.take(groups[before:])
    assert (shop.evidence(ada), shop.floor.visits(ada)) == kept
    assert all(each.last_ms < at_ms for each in shop.evidence(ada))
    assert all(visit.session.end_ms < at_ms for visit in shop.floor.visits(ada))
