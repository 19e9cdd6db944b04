"""The history of profiles: whatever is merged, split and undone, the present follows from it."""

from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as some

from shopbell_server.core.identity.changes import Holding, Undoing, merge
from shopbell_server.core.identity.guards import Guards, Refused
from shopbell_server.core.identity.history import (
    IdentityEntry,
    Moved,
    absorption,
    carried,
    chain,
    undone_by,
)
from shopbell_server.core.ids import LinkId, PersonId, ProfileId
from tests.server.core.profile_world import ANNA, BEN, NEW, World, enrolment, two


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
