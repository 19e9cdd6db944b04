"""Whatever is forgotten of a history, what is left and what is said anew give the same present."""

from __future__ import annotations

from random import Random

from hypothesis import event, given
from hypothesis import strategies as some

from shopbell_server.core.identity.anew import Anew, Present, said_anew, without
from shopbell_server.core.identity.history import Born, IdentityEntry, Moved, folded, next_number
from shopbell_server.core.ids import LinkId, PersonId, ProfileId
from tests.server.core.profile_world import ANNA, BEN, NEW, World, two

BEN_P, ANNA_P = PersonId("ben-p0"), PersonId("anna-p0")


def forget(world: World, profile: ProfileId) -> tuple[Anew, ...]:
    """Forget a profile, its parts and who is there; write what has to be said anew."""
    gone = {profile}
    while more := {each for each, into in world.now().absorbed.items() if into in gone} - gone:
        gone |= more
    graph, groups, before = world.now(), world.groups(), list(world.entries)
    world.born = {
        each: (graph.persons[each] if home in gone else home)
        for each, home in world.born.items()
        if graph.persons[each] not in gone
    }
    world.said = {
        each: (graph.links[each] if home in gone else home)
        for each, home in world.said.items()
        if graph.links[each] not in gone
    }
    world.profiles -= gone
    world.entries = list(without(before, frozenset(gone)))
    there = {group.intersection(world.born) for group in groups}
    present = Present(
        persons={each: graph.persons[each] for each in world.born},
        links={each: graph.links[each] for each in world.said},
        groups=frozenset(group for group in there if len(group) > 1),
    )
    anew = said_anew(Born(persons=world.born, links=world.said), world.entries, present)
    for each in anew:
        entry = world.write(
            "followed",
            each.profile,
            each.profile,
            each.moved,
            joined_as="one_person" if each.joined else None,
            joined=each.joined,
        )
        world.entries[-1] = numbered_after(entry, before)
    now = folded(Born(persons=world.born, links=world.said), world.entries)
    assert (now.persons, now.links) == (present.persons, present.links)
    left = {group.intersection(world.born) for group in world.groups()}
    assert {group for group in left if len(group) > 1} == present.groups
    return anew


def numbered_after(entry: IdentityEntry, before: list[IdentityEntry]) -> IdentityEntry:
    return IdentityEntry(
        **{name: getattr(entry, name) for name in IdentityEntry.__slots__}
        | {"number": max(entry.number, next_number(before)), "id": f"f{entry.id}"}
    )


def test_who_was_moved_by_a_forgotten_profile_is_where_she_is() -> None:
    world = two()
    world.merge(BEN, ANNA)
    world.split(BEN, NEW, Moved(persons=(ANNA_P,), links=(LinkId("anna-l0"),)))
    # Anna's own profile is part of Ben's, and goes with it.
    assert forget(world, BEN) == ()
    assert world.now().persons == {ANNA_P: NEW}


def test_what_came_by_way_of_a_forgotten_profile_is_said_to_be_there() -> None:
    world = two()
    later = ProfileId("later")
    world.split(ANNA, NEW, Moved(persons=(ANNA_P,), links=(LinkId("anna-l0"),)))
    world.split(NEW, later, Moved(links=(LinkId("anna-l0"),)))
    assert forget(world, NEW) == (
        Anew(profile=later, moved=Moved(links=(LinkId("anna-l0"),)), joined=frozenset()),
    )


def test_who_is_one_human_stays_so_and_who_was_parted_stays_parted() -> None:
    joined = two()
    joined.merge(ANNA, BEN, "one_person")
    joined.split(ANNA, NEW, Moved(persons=(ANNA_P, BEN_P)))
    assert [each.joined for each in forget(joined, ANNA)] == [frozenset({ANNA_P, BEN_P})]
    parted = two()
    later = ProfileId("later")
    parted.merge(ANNA, BEN, "one_person")
    parted.split(ANNA, NEW, Moved(persons=(ANNA_P, BEN_P)))
    parted.split(NEW, later, Moved(persons=(BEN_P,)))
    assert {each.joined for each in forget(parted, NEW) if each.joined} == {
        frozenset({PersonId("anna-p1")}),
        frozenset({BEN_P}),
    }


@given(some.integers(0, 2**32))
def test_nothing_else_changes_whatever_is_forgotten(seed: int) -> None:
    dice, world = Random(seed), World()
    for name in "abcd":
        world.add(ProfileId(name), persons=2, links=2)
    for step in range(14):
        if not world.profiles:
            break
        profile, other = dice.choice(sorted(world.profiles)), dice.choice(sorted(world.profiles))
        graph = world.now()
        match dice.choice(["merge", "join", "split", "split", "undo", "forget"]):
            case "merge" | "join" as how:
                world.merge(profile, other, "household" if how == "merge" else "one_person")
            case "split":
                persons = [each for each, at in graph.persons.items() if at == profile]
                links = [each for each, at in graph.links.items() if at == profile]
                out = Moved(
                    persons=tuple(each for each in persons if dice.random() < 0.5),
                    links=tuple(each for each in links if dice.random() < 0.5),
                )
                world.split(profile, ProfileId(f"n{step}"), out)
            case "undo":
                done = [each for each in world.entries if each.what in {"merged", "split"}]
                if done:
                    world.undo(dice.choice(done))
            case _:
                event(f"said anew: {bool(forget(world, profile))}")
