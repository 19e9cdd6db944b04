"""Link, merge, join, split, undo, hear, consent, withdraw, leave and erase, in any order.

What must hold of visits (the invariants of the specification) and of the ledger, after every step.
"""

from __future__ import annotations

from itertools import count, pairwise
from random import Random
from typing import TYPE_CHECKING

import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from shopbell_server.core.audit.chain import Actor
from shopbell_server.core.consent.ledger import Change, Purpose, active_purposes
from shopbell_server.core.identity.people import Profile
from shopbell_server.core.ids import Millis, PersonId, ProfileId
from shopbell_server.core.keeping.retention import Limits, rules
from shopbell_server.usecases.consent.consents import Said, change_consents, leave
from shopbell_server.usecases.identity.profiles import Done
from shopbell_server.usecases.keeping.erase import erase, finish
from shopbell_server.usecases.keeping.left_over import forget_left_over, left_over
from shopbell_server.usecases.keeping.retain import let_go, total
from tests.fakes.server import MemoryDatabase
from tests.server.usecases.floor import MINUTE, NOW, OTHER_STORE, RULES, SINK, STORE, Floor
from tests.server.usecases.identity.test_profiles import TERMS, holds, merged, taken_out, undone
from tests.server.usecases.test_profile_sequences import WIDE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shopbell_server.core.consent.ledger import Entry
    from shopbell_server.core.evidence import Interval
    from shopbell_server.core.visits.stored import Visit
    from shopbell_server.db.unit_of_work import SqlDatabase
    from shopbell_server.usecases.keeping.erase import Erased
    from tests.server.usecases.floor import Someone

STAYS = frozenset(
    {
        *("ledger", "consent_entries"),
        *("audit", "audit_records"),
        "audit_heads",
        "erasures",
        "tombstones",
        "told",
        "deliveries",
        "facts_told",
        "identity_entries",
    }
)
"""Where the id of somebody who was erased may stay, in memory and on a disk."""


DEEDS = (*["hear"] * 5, "merge", "join", "split", "undo", "say", "say", "leave", "erase")


_shops, _numbers = count(1), count(1)


class Shop:
    """People under three profiles, and what is done with them."""

    def __init__(self, dice: Random, floor: Floor | None = None) -> None:
        """All that is of this one has names of its own: others may be on the same floor."""
        self.dice = dice
        self.rounds = Random(0)
        """When the server looks for what is left over: not by `dice`, so that a seed does the same deeds."""
        self.floor = floor or Floor(MemoryDatabase())
        self.mark = f"{next(_shops)}-"
        self.profiles = [ProfileId(f"{self.mark}p-{letter}") for letter in "abc"]
        self.people: dict[PersonId, Someone] = {}
        self.erased: set[PersonId] = set()
        self.entries: list[tuple[ProfileId, Done]] = []
        self.before: dict[PersonId, list[Entry]] = {}
        for number in range(5):
            profile = dice.choice(self.profiles)
            name = f"{self.mark}somebody-{number}"
            someone = self.floor.enrol(name, next(_numbers), profile=profile)
            self.people[someone.person] = someone

    def step(self) -> None:
        self.deed()
        if self.rounds.random() < 0.2:
            self.forget_left_over()

    def deed(self, among: Sequence[str] = DEEDS) -> None:
        match self.dice.choice(among):
            case "hear":
                self.hear()
            case "merge" | "join" as how:
                one, other = self.dice.choice(self.profiles), self.dice.choice(self.profiles)
                self.note(
                    one,
                    merged(
                        self.floor,
                        one,
                        other,
                        "household" if how == "merge" else "one_person",
                        WIDE,
                    ),
                )
            case "split":
                self.split()
            case "undo":
                if self.entries:
                    profile, done = self.dice.choice(self.entries)
                    self.note(profile, undone(self.floor, done, profile))
            case "say":
                self.say()
            case "leave":
                self.leave()
            case _:
                self.erase()

    def note(self, profile: ProfileId, outcome: object) -> None:
        if isinstance(outcome, Done):
            self.entries.append((profile, outcome))

    def anybody(self) -> Someone | None:
        there = sorted(self.people.keys() - self.erased)
        return self.people[self.dice.choice(there)] if there else None

    def hear(self) -> None:
        """Bring evidence of anybody, of those who are gone too: from some late spool."""
        someone = self.people[self.dice.choice(sorted(self.people))]
        last_ms = NOW - self.dice.randrange(1, 240) * MINUTE
        first_ms = last_ms - self.dice.randrange(10) * MINUTE
        edge = self.dice.choice(["ams01-door", "ams01-mid", "utr01-door"])
        event = (
            self.floor.shows_pass(someone, last_ms)
            if self.dice.random() < 0.3
            else self.floor.presence(someone, first_ms, last_ms)
        )
        self.floor.hear(event, edge=edge)

    def split(self) -> None:
        profile = self.dice.choice(self.profiles)
        with self.floor.database.read() as work:
            persons = work.identity.enrolled([profile]).get(profile, ())
        out = [each for each in persons if self.dice.random() < 0.5]
        new = ProfileId(f"{self.mark}n-{len(self.profiles)}")
        outcome = taken_out(self.floor, profile, out, [], new)
        if isinstance(outcome, Done):
            self.profiles.append(new)
        self.note(profile, outcome)

    def say(self) -> None:
        someone = self.anybody()
        if someone is None:
            return
        said = Said(
            purpose=self.dice.choice([Purpose.RECOGNISE_IN_STORE, Purpose.SHARE_WITH_CDP]),
            given=self.dice.random() < 0.5,
            text_version="1",
            text_sha256="00" * 32,
            language="nl",
            until_ms=None,
        )
        with self.floor.database.begin() as work:
            there = work.people.enrolments([someone.person])[someone.person]
            if there.revoked_ms is None:
                change_consents(
                    work,
                    self.floor.entropy,
                    Millis(NOW),
                    enrolment=there,
                    said=[said],
                    rules=RULES,
                    sinks=(SINK,),
                )
            work.commit()

    def leave(self) -> None:
        someone = self.anybody()
        if someone is None:
            return
        with self.floor.database.begin() as work:
            there = work.people.enrolments([someone.person])[someone.person]
            leave(
                work,
                self.floor.entropy,
                Millis(NOW),
                enrolment=there,
                rules=RULES,
                sinks=(SINK,),
            )
            work.commit()

    def erase(self) -> None:
        someone = self.anybody()
        if someone is None:
            return
        with self.floor.database.begin() as work:
            erased = erase(
                work,
                self.floor.entropy,
                Millis(NOW),
                person=someone.person,
                actor=Actor(kind="phone", name=""),
                terms=TERMS,
            )
            work.commit()
        assert erased is not None
        self.finish(erased)

    def forget_left_over(self) -> None:
        """Do as the server does every few seconds."""
        with self.floor.database.read() as work:
            found, behind = left_over(work, "", 99)
        assert behind is None
        for each in found:
            with self.floor.database.begin() as work:
                erased = forget_left_over(
                    work, self.floor.entropy, Millis(NOW), profile=each, terms=TERMS
                )
                work.commit()
            assert erased is not None
            self.finish(erased)

    def finish(self, erased: Erased) -> None:
        for each in erased.erasures:
            finish(self.floor.database, each, Millis(NOW))
            if each.person:
                self.erased.add(each.person)

    # -------------------------------------------------------------- what must hold

    def check(self) -> None:
        with self.floor.database.read() as work:
            ledgers = {
                each: list(work.ledger.entries([each]).get(each, ())) for each in self.people
            }
            there = work.people.enrolments(self.people)
            heads = {each: found.head or each for each, found in there.items()}
            visits = {each: list(work.visits.of_person(each)) for each in self.people}
            evidence = [
                each
                for store in (STORE, OTHER_STORE)
                for each in work.intervals.heard_since(store, Millis(0))
                if each.key.person in self.people
            ]
        assert there.keys() == self.people.keys() - self.erased
        for person, ledger in ledgers.items():
            # It only grows, and says of who was erased that it all ended.
            before = self.before.get(person, [])
            assert ledger[: len(before)] == before
            if person in self.erased:
                assert active_purposes(ledger, Millis(NOW)) == frozenset()
                assert visits[person] == []
        self.before = ledgers
        for person, hers in visits.items():
            for store in (STORE, OTHER_STORE):
                here = [each.session for each in hers if each.store == store]
                for earlier, later in pairwise(here):
                    assert later.start_ms - earlier.end_ms > RULES.gap_ms
            for visit in hers:
                assert heads[person] == person
                assert any(is_evidence(each, heads, visit) for each in evidence)
                assert has_consented(ledgers[person]) or any(
                    has_consented(ledgers[other]) for other, head in heads.items() if head == person
                )
        for each in evidence:
            assert each.key.person in there
        self.check_nothing_is_left()

    def check_nothing_is_left(self) -> None:
        rows = self.floor.rows(*STAYS)
        for person in self.erased:
            assert f"'{person}'" not in rows


def is_evidence(interval: Interval, heads: dict[PersonId, PersonId], visit: Visit) -> bool:
    return (
        interval.key.store == visit.store
        and heads.get(interval.key.person) == visit.person
        and interval.key.first_ms <= visit.session.end_ms
        and interval.last_ms >= visit.session.start_ms
    )


def has_consented(ledger: list[Entry]) -> bool:
    return any(
        each.purpose is Purpose.RECOGNISE_IN_STORE and each.change in {Change.GIVEN, Change.RENEWED}
        for each in ledger
    )


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32), length=st.integers(1, 14))
def test_visits_and_the_ledger_keep_their_invariants(seed: int, length: int) -> None:
    shop = Shop(Random(seed))
    for _ in range(length):
        shop.step()
        shop.check()
        holds(shop.floor, shop.profiles)


@pytest.mark.parametrize("examples", [8, pytest.param(150, marks=pytest.mark.faults)])
def test_on_a_disk_too(sql: SqlDatabase, url: str, examples: int) -> None:
    floor = Floor(sql, url)

    @settings(max_examples=examples, deadline=None, phases=[Phase.explicit, Phase.generate])
    @given(seed=st.integers(0, 2**32), length=st.integers(4, 10))
    def kept(seed: int, length: int) -> None:
        shop = Shop(Random(seed), floor)
        for _ in range(length):
            shop.step()
        shop.erase()
        shop.check()
        holds(floor, shop.profiles)

    kept()


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32), length=st.integers(1, 14))
@example(seed=58984994, length=8)
def test_whoever_is_forgotten_in_the_end_is_as_if_never_there(seed: int, length: int) -> None:
    """All people erased: of a whole shop nothing of anybody is left, and what is kept too long goes."""
    shop = Shop(Random(seed))
    for _ in range(length):
        shop.step()
    while shop.anybody() is not None:
        shop.erase()
    shop.forget_left_over()
    shop.check()
    late = Millis(NOW + 500 * 86_400_000)
    with shop.floor.database.begin() as work:
        for each in work.erasures.undone(99):
            work.outgoing.cancel(PersonId(each.id))
        work.commit()
    for rule in rules(Limits()):
        total(let_go(shop.floor.database, rule, late))
    with shop.floor.database.read() as work:
        assert work.people.profiles(shop.profiles) == {}
        undone_yet = work.erasures.undone(99)
    assert all(finish(shop.floor.database, each, late) for each in undone_yet)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32), length=st.integers(1, 14))
def test_who_is_known_online_alone_is_never_left_over(seed: int, length: int) -> None:
    """She goes with people who were merged into her, as whoever is one with them; never by herself."""
    shop = Shop(Random(seed))
    online = ProfileId(f"{shop.mark}online")
    with shop.floor.database.begin() as work:
        work.people.put_profile(Profile(id=online, first_name="Eve", language=None, staff=False))
        work.commit()
    shop.profiles.append(online)
    for _ in range(length):
        shop.deed(("merge", "split", "undo", "erase"))
        with shop.floor.database.read() as work:
            alone = not work.identity.taken_in([online]) and not work.identity.absorbed([online])
            there = work.people.profiles([online])
        shop.forget_left_over()
        with shop.floor.database.read() as work:
            left = work.people.profiles([online])
        assert left == there or not alone
