"""The history of profiles: whatever is merged, split and undone, the present follows from it."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from random import Random
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as some

from shopbell_server.core.identifiers import Link
from shopbell_server.core.identity import (
    Born,
    Graph,
    IdentityEntry,
    Moved,
    absorption,
    carried,
    chain,
    folded,
    next_number,
    undone_by,
)
from shopbell_server.core.identity_changes import Holding, Undoing, merge, take_out, undo
from shopbell_server.core.identity_groups import groups_of
from shopbell_server.core.identity_guards import Guards, Limit, Refused
from shopbell_server.core.ids import DeviceNo, EntryId, LinkId, Millis, PersonId, ProfileId
from shopbell_server.core.people import Enrolment, Profile

if TYPE_CHECKING:
    from shopbell_server.core.identity import As, What
    from shopbell_server.core.identity_groups import Groups

ANNA, BEN, NEW = ProfileId("anna"), ProfileId("ben"), ProfileId("new")
WIDE = Guards(limits={kind: Limit(profiles=99, values=99) for kind in ("crm", "enrolment")})


def enrolment(person: PersonId, profile: ProfileId, *, revoked: bool = False) -> Enrolment:
    return Enrolment(
        person=person,
        profile=profile,
        device_no=DeviceNo(1),
        created_ms=Millis(0),
        revoked_ms=Millis(1) if revoked else None,
    )


def link(name: LinkId, profile: ProfileId, home: ProfileId | None = None) -> Link:
    return Link(
        id=name,
        kind="crm",
        value=f"C-{name}",
        profile=profile,
        home=home or profile,
        at_ms=Millis(0),
        source="seed",
        by="",
    )


@dataclass
class World:
    """Profiles that are merged and split by the decisions of the core alone."""

    born: dict[PersonId, ProfileId] = field(default_factory=dict)
    said: dict[LinkId, ProfileId] = field(default_factory=dict)
    entries: list[IdentityEntry] = field(default_factory=list)
    profiles: set[ProfileId] = field(default_factory=set)
    staff: set[ProfileId] = field(default_factory=set)

    def add(self, profile: ProfileId, persons: int = 1, links: int = 1) -> None:
        self.profiles.add(profile)
        for number in range(persons):
            self.born[PersonId(f"{profile}-p{number}")] = profile
        for number in range(links):
            self.said[LinkId(f"{profile}-l{number}")] = profile

    def now(self) -> Graph:
        return folded(Born(persons=self.born, links=self.said), self.entries)

    def groups(self) -> Groups:
        return groups_of(self.entries)

    def holding(self, profile: ProfileId) -> Holding:
        graph = self.now()
        return Holding(
            profile=Profile(
                id=profile, first_name=None, language=None, staff=profile in self.staff
            ),
            enrolments=tuple(
                enrolment(person, at) for person, at in graph.persons.items() if at == profile
            ),
            links=tuple(
                link(each, at, self.said[each]) for each, at in graph.links.items() if at == profile
            ),
            part_of=graph.absorbed.get(profile),
        )

    def write(
        self,
        what: What,
        source: ProfileId,
        target: ProfileId | None,
        moved: Moved,
        *,
        about: EntryId | None = None,
        joined_as: As | None = None,
        joined: frozenset[PersonId] = frozenset(),
    ) -> IdentityEntry:
        entry = IdentityEntry(
            id=EntryId(f"e{len(self.entries):03}"),
            number=next_number(
                each
                for each in self.entries
                if {each.source, each.target} & ({source, target} - {None})
            ),
            what=what,
            at_ms=Millis(len(self.entries)),
            source=source,
            target=target,
            moved=moved,
            about=about,
            joined_as=joined_as,
            joined=joined,
            reason="duplicate",
            by="staff:op",
        )
        self.entries.append(entry)
        return entry

    def merge(
        self, survivor: ProfileId, other: ProfileId, joined_as: As = "household"
    ) -> IdentityEntry | Refused:
        held, others = self.holding(survivor), self.holding(other)
        moved = merge(held, others, WIDE)
        if isinstance(moved, Refused):
            return moved
        everybody = frozenset((*held.everything.persons, *others.everything.persons))
        return self.write(
            "merged",
            other,
            survivor,
            moved,
            joined_as=joined_as,
            joined=everybody if joined_as == "one_person" else frozenset(),
        )

    def split(self, profile: ProfileId, new: ProfileId, out: Moved) -> IdentityEntry | Refused:
        moved = take_out(self.holding(profile), out.persons, out.links)
        if isinstance(moved, Refused):
            return moved
        self.profiles.add(new)
        return self.write("split", profile, new, moved)

    def undo(self, entry: IdentityEntry) -> Undoing | Refused:
        assert entry.target is not None
        undoing = undo(entry, self.holding(entry.target), self.holding(entry.source), self.entries)
        if isinstance(undoing, Undoing):
            self.write("undone", entry.target, entry.source, undoing.moved, about=entry.id)
        return undoing

    def follow(self, profile: ProfileId, person: PersonId) -> None:
        """Enrol somebody under a profile that may be part of another one."""
        self.born[person] = profile
        route = chain(self.now().absorbed, profile)
        for source, target in pairwise(route):
            went = [
                each
                for each in self.entries
                if absorption(each, self._about(each)) == (source, target)
            ]
            self.write("followed", source, target, Moved(persons=(person,)), about=went[-1].id)

    def _about(self, entry: IdentityEntry) -> IdentityEntry | None:
        return next((each for each in self.entries if each.id == entry.about), None)


def two() -> World:
    world = World()
    world.add(ANNA, persons=2)
    world.add(BEN)
    return world


def refused(outcome: object) -> str:
    assert isinstance(outcome, Refused)
    assert outcome.detail
    return outcome.guard


def test_a_merge_moves_all_that_the_other_has() -> None:
    world = two()
    world.merge(ANNA, BEN)
    assert set(world.now().persons.values()) == {ANNA}
    assert set(world.now().links.values()) == {ANNA}
    assert world.now().absorbed == {BEN: ANNA}


def test_undoing_a_merge_restores_what_was() -> None:
    world = two()
    before = world.now()
    entry = world.merge(ANNA, BEN)
    assert isinstance(entry, IdentityEntry)
    undoing = world.undo(entry)
    assert isinstance(undoing, Undoing)
    assert not undoing.stayed
    assert world.now() == before


def test_what_has_moved_on_since_stays_and_is_named() -> None:
    world = two()
    entry = world.merge(ANNA, BEN)
    assert isinstance(entry, IdentityEntry)
    world.split(ANNA, NEW, Moved(persons=(PersonId("ben-p0"),)))
    undoing = world.undo(entry)
    assert isinstance(undoing, Undoing)
    assert undoing.moved == Moved(links=(LinkId("ben-l0"),))
    assert undoing.stayed == Moved(persons=(PersonId("ben-p0"),))
    assert world.now().persons[PersonId("ben-p0")] == NEW


def test_an_identifier_that_moved_on_is_named_as_well() -> None:
    world = two()
    entry = world.merge(ANNA, BEN)
    assert isinstance(entry, IdentityEntry)
    world.split(ANNA, NEW, Moved(links=(LinkId("ben-l0"),)))
    undoing = world.undo(entry)
    assert isinstance(undoing, Undoing)
    assert undoing.stayed == Moved(links=(LinkId("ben-l0"),))


def test_who_enrolled_under_a_merged_profile_goes_back_with_it() -> None:
    world = two()
    entry = world.merge(ANNA, BEN)
    assert isinstance(entry, IdentityEntry)
    world.follow(BEN, PersonId("ben-new"))
    assert world.now().persons[PersonId("ben-new")] == ANNA
    assert PersonId("ben-new") in carried(world.entries, entry).persons
    world.undo(entry)
    assert world.now().persons[PersonId("ben-new")] == BEN


def test_who_enrolled_under_what_was_split_off_follows_once_that_is_undone() -> None:
    world = two()
    entry = world.split(ANNA, NEW, Moved(persons=(PersonId("anna-p0"),)))
    assert isinstance(entry, IdentityEntry)
    world.follow(NEW, PersonId("late"))
    world.undo(entry)
    assert world.now().persons[PersonId("late")] == ANNA
    world.follow(NEW, PersonId("later"))
    assert world.now().persons[PersonId("later")] == ANNA
    assert world.now().absorbed == {NEW: ANNA}


def test_an_unlinked_identifier_is_nobodys() -> None:
    world = two()
    world.write("unlinked", BEN, None, Moved(links=(LinkId("ben-l0"),)))
    assert LinkId("ben-l0") not in world.now().links
    assert absorption(world.entries[-1], None) is None


def test_what_was_erased_is_nowhere() -> None:
    world = two()
    world.merge(ANNA, BEN)
    del world.born[PersonId("ben-p0")]
    assert PersonId("ben-p0") not in world.now().persons


def test_nothing_is_undone_twice() -> None:
    world = two()
    entry = world.merge(ANNA, BEN)
    assert isinstance(entry, IdentityEntry)
    world.undo(entry)
    assert undone_by(world.entries, entry.id) is world.entries[-1]
    assert refused(world.undo(entry)) == "undone_already"


def test_an_undoing_is_not_undone() -> None:
    world = two()
    entry = world.merge(ANNA, BEN)
    assert isinstance(entry, IdentityEntry)
    world.undo(entry)
    assert refused(world.undo(world.entries[-1])) == "not_undoable"


def test_a_merge_within_a_merge_is_undone_from_the_outside() -> None:
    world = two()
    world.add(NEW)
    inner = world.merge(ANNA, BEN)
    assert isinstance(inner, IdentityEntry)
    world.merge(NEW, ANNA)
    assert chain(world.now().absorbed, BEN) == (BEN, ANNA, NEW)
    assert refused(world.undo(inner)) == "part_of_another"


def test_a_split_is_not_undone_into_a_profile_that_is_part_of_another() -> None:
    world = two()
    entry = world.split(ANNA, NEW, Moved(persons=(PersonId("anna-p0"),)))
    assert isinstance(entry, IdentityEntry)
    world.merge(BEN, ANNA)
    assert refused(world.undo(entry)) == "part_of_another"


def test_a_split_is_not_undone_while_its_profile_has_taken_another_in() -> None:
    world = two()
    entry = world.split(ANNA, NEW, Moved(persons=(PersonId("anna-p0"),)))
    assert isinstance(entry, IdentityEntry)
    taken = world.merge(NEW, BEN)
    assert isinstance(taken, IdentityEntry)
    assert refused(world.undo(entry)) == "has_taken_in"
    world.undo(taken)
    assert isinstance(world.undo(entry), Undoing)


def test_who_works_here_is_no_customer() -> None:
    world = two()
    world.staff.add(BEN)
    assert refused(world.merge(ANNA, BEN)) == "staff"
    world.staff.add(ANNA)
    assert isinstance(world.merge(ANNA, BEN), IdentityEntry)


def test_a_profile_is_not_merged_with_itself_or_with_a_part_of_another() -> None:
    world = two()
    world.add(NEW)
    assert refused(world.merge(ANNA, ANNA)) == "same_profile"
    world.merge(ANNA, BEN)
    assert refused(world.merge(NEW, BEN)) == "part_of_another"
    assert refused(world.merge(BEN, NEW)) == "part_of_another"


def test_two_with_too_many_identifiers_stay_two() -> None:
    world = World()
    world.add(ANNA, links=3)
    world.add(BEN, links=3)
    assert refused(merge(world.holding(ANNA), world.holding(BEN), Guards())) == "too_many_values"


def test_phones_that_were_revoked_do_not_count_as_phones() -> None:
    old = tuple(enrolment(PersonId(f"p{each}"), BEN, revoked=True) for each in range(12))
    anna, ben = two().holding(ANNA), two().holding(BEN)
    everything = merge(
        anna,
        Holding(profile=ben.profile, enrolments=old, links=(), part_of=None),
        Guards(),
    )
    assert isinstance(everything, Moved)
    assert len(everything.persons) == 12


def test_only_what_a_profile_has_is_taken_out_of_it() -> None:
    world = two()
    assert refused(world.split(ANNA, NEW, Moved(persons=(PersonId("ben-p0"),)))) == "not_its_own"
    assert refused(world.split(ANNA, NEW, Moved(links=(LinkId("ben-l0"),)))) == "not_its_own"
    assert refused(world.split(ANNA, NEW, Moved())) == "nothing_named"
    assert refused(world.split(ANNA, NEW, world.holding(ANNA).everything)) == "all_of_it"
    world.merge(ANNA, BEN)
    assert refused(world.split(BEN, NEW, Moved())) == "part_of_another"


@given(seed=some.integers(0, 2**32), length=some.integers(1, 14))
def test_any_sequence_of_changes_can_be_undone_and_loses_nothing(seed: int, length: int) -> None:
    dice = Random(seed)
    world = World()
    names = [ProfileId(name) for name in "abcd"]
    for name in names:
        world.add(name, persons=dice.randint(0, 2), links=dice.randint(0, 2))
    everybody, everything = set(world.born), set(world.said)
    for step in range(length):
        before, groups = world.now(), world.groups()
        entry = something(world, dice, step)
        if entry is not None and dice.random() < 0.3:
            undoing = world.undo(entry)
            assert isinstance(undoing, Undoing)
            assert (world.now().persons, world.now().links) == (before.persons, before.links)
            assert world.groups() == groups
            if entry.what == "merged":
                assert world.now().absorbed == before.absorbed
        graph = world.now()
        assert set(graph.persons) == everybody
        assert set(graph.links) == everything
        assert not set(graph.persons.values()) & set(graph.absorbed)
        assert not set(graph.links.values()) & set(graph.absorbed)
        assert all(len({graph.persons[each] for each in one}) == 1 for one in world.groups())
    shuffled = World(born=world.born, said=world.said, entries=list(world.entries))
    dice.shuffle(shuffled.entries)
    assert shuffled.now() == world.now()
    assert shuffled.groups() == world.groups()


def something(world: World, dice: Random, step: int) -> IdentityEntry | None:
    """Do a change at random; return its entry, if it was done and is no undoing."""
    profiles = sorted(world.profiles)
    one, other = dice.choice(profiles), dice.choice(profiles)
    kind = dice.choice(["merge", "join", "split", "undo"])
    if kind == "undo":
        if world.entries:
            world.undo(dice.choice(world.entries))
        return None
    if kind == "split":
        here = world.holding(one).everything
        out = Moved(
            persons=tuple(each for each in here.persons if dice.random() < 0.5),
            links=tuple(each for each in here.links if dice.random() < 0.5),
        )
        done = world.split(one, ProfileId(f"n{step:02}"), out)
    else:
        done = world.merge(one, other, "one_person" if kind == "join" else "household")
    return done if isinstance(done, IdentityEntry) else None
