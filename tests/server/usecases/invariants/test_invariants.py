"""The five invariants of visits, through all of the intake, on every database.

One example is everything that edges and apps say of three people, in any order, repeated, in any batches,
taken in by two workers, swept meanwhile, the people joined and parted meanwhile; then one of them withdraws,
and more of hers comes in.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count, cycle, pairwise
from typing import TYPE_CHECKING, Final

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from shopbell_server.core.consent.ledger import Purpose
from shopbell_server.core.ids import Millis
from shopbell_server.core.visits.intervals import gathered, truncated
from shopbell_server.core.visits.joined import Member, group_of
from shopbell_server.usecases.consent.consents import Said as SaidOfConsent
from shopbell_server.usecases.consent.consents import change_consents
from shopbell_server.usecases.intake.app_presence import Report, report_presence
from shopbell_server.usecases.visits.joined import Regrouped, join, part
from tests.server.usecases.floor import DAY, MINUTE, NOW, OTHER_STORE, SECOND, STORE, batch
from tests.server.usecases.invariants.delivered import (
    Joined,
    Parted,
    Swept,
    deliveries,
    event_of,
    groups_after,
)
from tests.server.usecases.invariants.expected import evidence, stays_of
from tests.server.usecases.invariants.said import (
    Heard,
    Reported,
    Shown,
    anything,
    heard_around,
    kinds,
)
from tests.server.usecases.invariants.worlds import BEACON, DENSE, PEOPLE

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from shopbell_server.core.consent.ledger import Entry
    from shopbell_server.core.evidence import Interval
    from shopbell_server.core.ids import PersonId, StoreId
    from shopbell_server.core.observations import Observation
    from shopbell_server.core.visits.joined import Group
    from shopbell_server.core.visits.stored import Visit
    from shopbell_server.ports.database import UnitOfWork
    from shopbell_server.usecases.intake.take import Message
    from tests.server.usecases.floor import Someone
    from tests.server.usecases.invariants.allowing import Kind
    from tests.server.usecases.invariants.delivered import Step
    from tests.server.usecases.invariants.said import Anything, Said
    from tests.server.usecases.invariants.worlds import World, Worlds

FEW: Final = 12
MANY: Final = pytest.param(10_000, marks=[pytest.mark.faults, pytest.mark.timeout(7_200)])
"""As many as they are promised to hold for."""

STORES: Final = (STORE, OTHER_STORE)

Stored = dict[tuple["PersonId", "StoreId"], list["Visit"]]
Evidence = dict[tuple["PersonId", "StoreId"], list["Interval"]]


@dataclass
class Example:
    """Three people of a world, and whoever speaks of them to two workers of one server, by turns."""

    world: World
    kinds: Sequence[Kind]
    people: Sequence[Someone] = field(init=False)
    mark: str = field(init=False)
    seqs: count[int] = field(default_factory=lambda: count(1))
    sealed: dict[tuple[Said, ...], Message] = field(default_factory=dict)
    withdrawn: list[Entry] = field(default_factory=list)

    def __post_init__(self) -> None:
        floor = self.world.floor
        self.people = [self.world.somebody(each) for each in self.kinds]
        self.mark = str(next(self.world.examples))
        self.workers = cycle((floor.intake, floor.worker()))
        self.stream = floor.entropy.token(16).hex()

    def does(self, step: Step, now_ms: int) -> None:
        world, now = self.world, Millis(now_ms)
        match step:
            case Swept():
                world.sweep(now_ms)
            case Reported():
                self._report(step, now)
            case Joined():
                with self._work() as work:
                    whom = self._persons(step.who)
                    how = join(work, world.floor.entropy, now, persons=whom, terms=world.terms)
                    assert isinstance(how, Regrouped)
            case Parted():
                with self._work() as work:
                    whom = self._persons(step.who)
                    part(work, world.floor.entropy, now, persons=whom, terms=world.terms)
            case _:
                next(self.workers).take([self._batch(each) for each in step], now)

    def withdraws(self, who: int, at_ms: int) -> None:
        said = SaidOfConsent(
            purpose=Purpose.RECOGNISE_IN_STORE,
            given=False,
            text_version="1",
            text_sha256="00" * 32,
            language="nl",
            until_ms=None,
        )
        with self._work() as work:
            person = self.people[who].person
            changed = change_consents(
                work,
                self.world.floor.entropy,
                Millis(at_ms),
                enrolment=work.people.enrolments([person])[person],
                said=[said],
                rules=DENSE,
                sinks=(),
            )
        self.withdrawn += changed.receipt.entries

    def stored(self) -> Stored:
        """Return the visits and candidates of each of them in each store, oldest first."""
        with self.world.floor.database.read() as work:
            return self._visits(work)

    def stored_with_evidence(self, who: int) -> tuple[Stored, list[Interval], list[Observation]]:
        """Return the same, and the intervals and observations of one of them."""
        always = Millis(0), Millis(NOW + DAY)
        person = self.people[who].person
        intervals: list[Interval] = []
        observations: list[Observation] = []
        with self.world.floor.database.read() as work:
            for store in STORES:
                intervals += work.intervals.within(person, store, *always)
                observations += work.observations.of([person], store, *always).get(person, ())
            return self._visits(work), intervals, observations

    def group(self, who: Iterable[int]) -> Group:
        """Return them as one human."""
        return group_of(
            Member(
                enrolment=self.people[each].enrolment,
                entries=(
                    *self.kinds[each].entries(self.people[each].person),
                    *(line for line in self.withdrawn if line.person == self.people[each].person),
                ),
            )
            for each in who
        )

    def _visits(self, work: UnitOfWork) -> Stored:
        found: Stored = {(each.person, store): [] for each in self.people for store in STORES}
        for each in self.people:
            for visit in work.visits.of_person(each.person):
                found[each.person, visit.store].append(visit)
        return found

    @contextmanager
    def _work(self) -> Iterator[UnitOfWork]:
        with self.world.floor.database.begin() as work:
            yield work
            work.commit()

    def _persons(self, who: Iterable[int]) -> list[PersonId]:
        return [self.people[each].person for each in who]

    def _batch(self, said: tuple[Said, ...]) -> Message:
        """Return it sealed; what was said before in these words is the same bytes."""
        if said not in self.sealed:
            events = [event_of(each, self.world.floor, self.people, self.mark) for each in said]
            self.sealed[said] = batch(
                *events, edge=said[0].edge, stream=self.stream, seq=next(self.seqs)
            )
        return self.sealed[said]

    def _report(self, said: Reported, now: Millis) -> None:
        with self._work() as work:
            report_presence(
                work,
                self.world.floor.entropy,
                now,
                enrolment=self.people[said.who].enrolment,
                report=Report(beacon=BEACON.name, state=said.state, at_ms=Millis(said.at_ms)),
                terms=self.world.terms,
            )


def check_one_example(world: World, data: st.DataObject) -> None:
    example = Example(world, data.draw(kinds))
    said = data.draw(anything)
    steps = data.draw(deliveries(said))
    now_ms = NOW
    for step in steps:
        now_ms += data.draw(st.sampled_from((0, 0, 1, 20))) * MINUTE
        example.does(step, now_ms)
    groups = groups_after(steps)
    found = evidence(said, example.people, example.kinds, example.mark)
    counted = what_counts(example, found, groups)
    stored = example.stored()
    check_deliveries(said, example.mark, counted, stored)

    who = data.draw(st.integers(0, PEOPLE - 1))
    at_ms = NOW - data.draw(st.sampled_from((0, 1, 30, 100, 300))) * SECOND
    late: list[Said] = [
        each for each in said if isinstance(each, Heard | Shown) and each.who == who
    ]
    late += data.draw(heard_around(who, at_ms))
    left = check_withdrawal(example, who, at_ms, late, now_ms)
    for store in STORES:
        key = example.people[who].person, store
        found[key] = given_before(found.get(key, ()), at_ms, said, example.mark)
    with_her = next(each for each in groups if who in each)
    hers = {example.people[each].person for each in with_her}
    assert others(left, hers) == others(stored, hers)
    check_what_is_left(
        {key: visits for key, visits in left.items() if key[0] in hers},
        at_ms,
        what_counts(example, found, groups),
        said,
        example.mark,
    )


def what_counts(
    example: Example,
    found: Mapping[tuple[PersonId, StoreId], Sequence[Interval]],
    groups: Iterable[frozenset[int]],
) -> Evidence:
    """Return what is evidence of each of them; of those who are one, of all together under their head."""
    counted: Evidence = {}
    for members in groups:
        persons = [example.people[each].person for each in members]
        for store in STORES:
            hers = [each for one in persons for each in found.get((one, store), ())]
            if len(members) == 1:
                counted[persons[0], store] = hers
            else:
                group = example.group(members)
                counted.update({(one, store): [] for one in persons})
                counted[group.head, store] = list(group.counted(gathered(hers)))
    return counted


def given_before(
    hers: Iterable[Interval], at_ms: int, said: Sequence[Anything], mark: str
) -> list[Interval]:
    """Return what is left of the evidence of somebody who withdrew: but for what is a candidate by itself."""
    left = truncated(hers, Millis(at_ms))
    visits = [each for each in stays_of(left, said, mark) if each.kind == "visit"]
    return [
        each
        for each in left
        if any(one.start_ms <= each.key.first_ms <= one.end_ms for one in visits)
    ]


def check_deliveries(
    said: Sequence[Anything], mark: str, counted: Evidence, stored: Stored
) -> None:
    """Invariants 1 to 4: the visits are those of all events at once, by who is who in the end."""
    for key, visits in stored.items():
        stays = [each.session for each in visits]
        assert stays == list(stays_of(counted[key], said, mark))
        for earlier, later in pairwise(stays):
            apart_ms = later.start_ms - earlier.end_ms
            assert apart_ms > 0
            assert apart_ms > DENSE.gap_ms or (earlier.overlong and later.overlong)
        for each in counted[key]:
            for at_ms in (each.key.first_ms, each.last_ms):
                assert len([one for one in stays if one.start_ms <= at_ms <= one.end_ms]) == 1
        for stay in stays:
            assert any(
                each.key.first_ms <= stay.end_ms and each.last_ms >= stay.start_ms
                for each in counted[key]
            )


def check_withdrawal(
    example: Example, who: int, at_ms: int, late: Sequence[Said], now_ms: int
) -> Stored:
    """Invariant 5: nothing of hers is left from then on, whatever comes in of it later."""
    example.withdraws(who, at_ms)
    left = example.stored_with_evidence(who)
    _, intervals, observations = left
    assert all(each.last_ms < at_ms for each in intervals)
    assert all(each.at_ms < at_ms for each in observations)
    if late:
        example.does(tuple((each,) for each in late), max(now_ms, at_ms))
        assert example.stored_with_evidence(who) == left
    return left[0]


def check_what_is_left(
    left: Stored, at_ms: int, counted: Evidence, said: Sequence[Anything], mark: str
) -> None:
    """Of her, and of whoever is one with her, the visits until then; of what she gave, no candidates."""
    for key, visits in left.items():
        assert all(each.session.end_ms < at_ms for each in visits)
        until_then = stays_of(counted[key], said, mark)
        assert [each.session for each in visits if each.reported] == [
            each for each in until_then if each.kind == "visit"
        ]


def others(stored: Stored, persons: Collection[PersonId]) -> Stored:
    return {key: visits for key, visits in stored.items() if key[0] not in persons}


@pytest.mark.parametrize("examples", [FEW, MANY])
def test_all_five_hold(worlds: Worlds, examples: int) -> None:
    @settings(
        max_examples=examples,
        phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(data=st.data())
    def hold(data: st.DataObject) -> None:
        check_one_example(worlds.world(), data)
        whole.append(1)

    whole: list[int] = []
    hold()
    assert len(whole) >= examples
