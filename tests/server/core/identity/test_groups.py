from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as some

from shopbell_server.core.identity.groups import groups_of, steps
from shopbell_server.core.identity.history import IdentityEntry, Moved
from shopbell_server.core.ids import EntryId, Millis, PersonId, ProfileId

if TYPE_CHECKING:
    from shopbell_server.core.identity.groups import Groups
    from shopbell_server.core.identity.history import What


def entry(
    number: int,
    what: What,
    *,
    joined: str = "",
    out: str = "",
    about: int | None = None,
) -> IdentityEntry:
    return IdentityEntry(
        id=EntryId(f"e{number}"),
        number=number,
        what=what,
        at_ms=Millis(number),
        source=ProfileId("one"),
        target=ProfileId("other"),
        moved=Moved(persons=tuple(map(PersonId, out))),
        about=None if about is None else EntryId(f"e{about}"),
        joined_as="one_person" if joined else None,
        joined=frozenset(map(PersonId, joined)),
        reason="duplicate",
        by="",
    )


def groups(*members: str) -> Groups:
    return frozenset(frozenset(map(PersonId, each)) for each in members)


def test_a_merge_as_one_person_makes_one_of_all() -> None:
    assert groups_of([entry(1, "merged", joined="abc")]) == groups("abc")


def test_a_household_stays_several() -> None:
    assert groups_of([entry(1, "merged", out="ab")]) == groups()


def test_whoever_one_of_them_was_joined_with_is_joined_too() -> None:
    history = [entry(1, "merged", joined="ab"), entry(2, "merged", joined="bc")]
    assert groups_of(history) == groups("abc")


def test_what_is_said_anew_counts_instead_of_what_was_said_before() -> None:
    joined = entry(1, "merged", joined="abcd")
    assert groups_of([joined, entry(2, "followed", joined="ab")]) == groups("ab", "cd")
    assert groups_of([joined, entry(2, "followed", joined="a")]) == groups("bcd")


def test_who_is_taken_out_together_stays_together() -> None:
    history = [entry(1, "merged", joined="abcd"), entry(2, "split", out="ab")]
    assert groups_of(history) == groups("ab", "cd")


def test_what_was_undone_never_was() -> None:
    history = [
        entry(1, "merged", joined="ab"),
        entry(2, "merged", joined="abc"),
        entry(3, "undone", about=1),
    ]
    assert groups_of(history) == groups("abc")
    assert groups_of([*history, entry(4, "undone", about=2)]) == groups()


def test_who_goes_back_is_parted_from_who_was_joined_with_her_since() -> None:
    history = [
        entry(1, "merged", out="a"),
        entry(2, "merged", joined="abc"),
        entry(3, "undone", about=1, out="a"),
    ]
    assert groups_of(history) == groups("bc")


def test_undoing_a_split_joins_again_who_was_joined() -> None:
    history = [
        entry(1, "merged", joined="ab"),
        entry(2, "split", out="a"),
        entry(3, "undone", about=2),
    ]
    assert groups_of(history) == groups("ab")


PEOPLE = "abcdefg"
partitions = some.lists(some.integers(0, 3), min_size=len(PEOPLE), max_size=len(PEOPLE)).map(
    lambda places: groups(
        *(
            members
            for at in range(4)
            if len(members := "".join(p for p, q in zip(PEOPLE, places, strict=True) if q == at))
            > 1
        )
    )
)


@given(now=partitions, wanted=partitions)
def test_parting_and_joining_make_the_groups_that_are_wanted(now: Groups, wanted: Groups) -> None:
    parting, joining = steps(now, wanted)
    there = set(now)
    for persons in parting:
        # As `joined.part` does it: they leave their group, and stay together.
        there = {piece for each in there for piece in (each & persons, each - persons)}
    for persons in joining:
        touched = {each for each in there if each & persons}
        there = (there - touched) | {persons.union(*touched)}
    assert {each for each in there if len(each) > 1} == wanted


@given(same=partitions)
def test_nobody_is_touched_where_nothing_changes(same: Groups) -> None:
    assert steps(same, same) == ((), ())
