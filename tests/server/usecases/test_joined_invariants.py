"""Joining or parting gives the visits that would have arisen had it always been so."""

from __future__ import annotations

import shutil
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import count, pairwise
from typing import TYPE_CHECKING, Any, Final

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shopbell_server.core.consent.ledger import Purpose, given_spans
from shopbell_server.core.facts import ConsentChanged, PassScanned, VisitCancelled
from shopbell_server.core.ids import Millis, PersonId, ReceiptId, TenantId
from shopbell_server.core.recognition.acceptance import span_of
from shopbell_server.usecases.consents import Said, change_consents, leave
from shopbell_server.usecases.groups import evidence_of, groups_of, ledgers
from shopbell_server.usecases.joined import NotJoined, join, part
from shopbell_server.usecases.receipts import Sale, book
from shopbell_server.usecases.recompute import Terms
from shopbell_server.usecases.sweep import sweep
from tests.fakes.server import MemoryDatabase
from tests.rigs.databases import open_sql
from tests.server.core.worker import Sink
from tests.server.usecases.floor import (
    DAY,
    EDGES,
    FAR_EDGE,
    MINUTE,
    NOW,
    OTHER_STORE,
    RULES,
    SECOND,
    SINK,
    STORE,
    Floor,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from shopbell_server.core.visits.stored import Visit
    from shopbell_server.ports.database import Database, UnitOfWork
    from shopbell_wire.messages import Event, Frame

PEOPLE: Final = ("p0", "p1", "p2", "p3")
SPAN_MS: Final = 100 * MINUTE
BEGAN: Final = NOW - SPAN_MS
TERMS: Final = Terms(rules=RULES, sinks=(SINK,))

Groups = frozenset[frozenset[int]]


@dataclass(frozen=True)
class Heard:
    """Somebody was heard or showed her pass, as an edge says it: by minutes before it says so."""

    who: int
    edge: str
    frame: Frame | None
    """None: a pass."""
    ago_s: int
    for_s: int


@dataclass(frozen=True)
class Bought:
    who: int
    ago_s: int


@dataclass(frozen=True)
class Spoke:
    """She gave a purpose, or withdrew it."""

    who: int
    purpose: Purpose
    given: bool


@dataclass(frozen=True)
class Left:
    who: int


@dataclass(frozen=True)
class Joins:
    who: frozenset[int]


@dataclass(frozen=True)
class Parts:
    who: frozenset[int]


@dataclass(frozen=True)
class Sweeps:
    pass


Step = Heard | Bought | Spoke | Left | Joins | Parts | Sweeps

_who = st.sampled_from([0, 0, 1, 1, 1, 2, 3])
_some = st.frozensets(_who, min_size=2, max_size=3)
_heard = st.builds(
    Heard,
    who=_who,
    edge=st.sampled_from([*EDGES[:2], EDGES[0], FAR_EDGE]),
    frame=st.sampled_from(["ibeacon", "service-data", "service-data", None]),
    # Also by a clock that is ahead, so that she is heard after she withdrew, and before she comes back.
    ago_s=st.sampled_from([-100, -60, 0, 20, 60, 500, 2_000]),
    for_s=st.sampled_from([0, 50, 80, 100, 130, 700]),
)
_bought = st.builds(Bought, who=_who, ago_s=st.sampled_from([0, 300, 1_800]))
_joins = st.builds(Joins, who=_some)
_parts = st.builds(Parts, who=st.frozensets(_who, min_size=1, max_size=2))
_spoke = st.builds(
    Spoke,
    who=_who,
    purpose=st.sampled_from([Purpose.RECOGNISE_IN_STORE] * 3 + [Purpose.SHARE_WITH_CDP]),
    given=st.booleans(),
)
_left = st.builds(Left, who=_who)
_KINDS: Final[dict[str, st.SearchStrategy[Step]]] = {
    "heard": _heard,
    "bought": _bought,
    "joins": _joins,
    "parts": _parts,
    "sweeps": st.just(Sweeps()),
    "spoke": _spoke,
    "left": _left,
}
_SEEN: Final = ["heard"] * 12 + ["bought", "joins", "joins", "joins", "parts", "parts", "sweeps"]


def _steps(kinds: list[str]) -> st.SearchStrategy[list[Step]]:
    step = st.sampled_from(kinds).flatmap(lambda kind: _KINDS[kind])
    return st.lists(step, min_size=6, max_size=20)


SEEN: Final = _steps(_SEEN)
"""Nobody says anything."""
ANY: Final = _steps([*_SEEN, "spoke", "spoke", "spoke", "left"])


class Shop:
    """A floor on which time goes on with every step. The last one was enrolled a moment before."""

    def __init__(self, database: Database) -> None:
        self.floor = Floor(database)
        self.people = [
            self.floor.enrol(name, number, created_ms=created_ms, given_ms=given_ms)
            for number, (name, created_ms, given_ms) in enumerate(
                [
                    ("p0", NOW - 40 * DAY, NOW - 30 * DAY),
                    ("p1", NOW - 39 * DAY, NOW - 30 * DAY),
                    ("p2", NOW - 38 * DAY, BEGAN - 10 * MINUTE),
                    ("p3", BEGAN - 20 * MINUTE, BEGAN - 20 * MINUTE),
                ],
                1,
            )
        ]
        self.receipts = count(1)

    def does(self, steps: Sequence[Step]) -> None:
        """Take `steps`, the first when it begins, the last now."""
        for number, step in enumerate(steps, 1):
            self.do(step, BEGAN + SPAN_MS * number // len(steps))

    def do(self, step: Step, now_ms: int) -> None:
        now = Millis(now_ms)
        match step:
            case Heard():
                self.floor.hear(self.event(step, now_ms), edge=step.edge, now_ms=now_ms)
            case Sweeps():
                while sweep(self.floor.database, self.floor.entropy, TERMS, now).more:
                    pass
            case Joins() | Parts():
                self.change(lambda work: self.regroup(work, step, now))
            case Bought():
                self.change(lambda work: self.book(work, step, now))
            case Spoke():
                self.change(lambda work: self.speak(work, step, now))
            case Left():
                self.change(lambda work: self.leave(work, step, now))

    def change(self, change: Callable[[UnitOfWork], object]) -> None:
        with self.floor.database.begin() as work:
            change(work)
            work.commit()

    def regroup(self, work: UnitOfWork, step: Joins | Parts, now: Millis) -> None:
        persons = [self.people[each].person for each in step.who]
        how = join if isinstance(step, Joins) else part
        done = how(work, self.floor.entropy, now, persons=persons, terms=TERMS)
        assert not isinstance(done, NotJoined)

    def event(self, heard: Heard, now_ms: int) -> Event:
        someone = self.people[heard.who]
        first_ms = now_ms - heard.ago_s * SECOND - heard.for_s * SECOND
        if heard.frame is None:
            return self.floor.shows_pass(someone, first_ms)
        with self.floor.database.read() as work:
            enrolment = work.people.enrolments([someone.person])[someone.person]
        token = self.floor.token_of(enrolment.device_no, first_ms + heard.for_s * SECOND)
        return self.floor.presence(
            someone,
            first_ms,
            first_ms + heard.for_s * SECOND,
            frame=heard.frame,
            n=heard.for_s // 5 + 1,
            token=token.id32 if heard.frame == "ibeacon" else token.id64,
        )

    def book(self, work: UnitOfWork, bought: Bought, now: Millis) -> None:
        sale = Sale(
            receipt=ReceiptId(f"r{next(self.receipts)}"),
            store=STORE,
            till="till",
            at_ms=Millis(now - bought.ago_s * SECOND),
            card=self.people[bought.who].card.ref,
            is_return=False,
            request_mac=bytes(32),
        )
        book(work, self.floor.entropy, now, sale=sale, terms=TERMS)

    def speak(self, work: UnitOfWork, spoke: Spoke, now: Millis) -> None:
        person = self.people[spoke.who].person
        change_consents(
            work,
            self.floor.entropy,
            now,
            enrolment=work.people.enrolments([person])[person],
            said=[
                Said(
                    purpose=spoke.purpose,
                    given=spoke.given,
                    text_version="1",
                    text_sha256="00" * 32,
                    language="nl",
                    until_ms=None,
                )
            ],
            rules=RULES,
            sinks=(SINK,),
        )

    def leave(self, work: UnitOfWork, left: Left, now: Millis) -> None:
        person = self.people[left.who].person
        enrolment = work.people.enrolments([person])[person]
        leave(work, self.floor.entropy, now, enrolment=enrolment, rules=RULES, sinks=(SINK,))

    def visits(self) -> list[Visit]:
        return [visit for each in self.people for visit in self.floor.visits(each)]

    def stays(self) -> list[Any]:
        """Return what visits are, without names and histories."""
        return sorted(
            (
                (visit.person, visit.store, visit.session, visit.converted, visit.reported)
                for visit in self.visits()
            ),
            key=lambda each: (each[0], each[1], each[2].start_ms),
        )


def grouped(steps: Iterable[Step]) -> Groups:
    """Return who are one after `steps`."""
    groups: set[frozenset[int]] = set()
    for step in steps:
        if isinstance(step, Joins):
            together = step.who.union(*(each for each in groups if each & step.who))
            groups = {each for each in groups if not each & step.who} | {together}
        elif isinstance(step, Parts):
            for each in list(groups):
                if each & step.who and each - step.who:
                    groups.remove(each)
                    groups |= {each & step.who, each - step.who}
    return frozenset(each for each in groups if len(each) > 1)


def gone_before(steps: Sequence[Step]) -> list[Step]:
    """Return `steps` of somebody who has not left before: whoever left has no credential to speak with."""
    left: set[int] = set()
    kept: list[Step] = []
    for step in steps:
        if isinstance(step, Spoke | Left) and step.who in left:
            continue
        if isinstance(step, Left):
            left.add(step.who)
        kept.append(step)
    return kept


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
    steps = data.draw(_steps(kinds))
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
