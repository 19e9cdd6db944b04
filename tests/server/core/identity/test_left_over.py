"""Whose profiles somebody's are, and when one is left over."""

from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as some

from shopbell_server.core.identity.history import IdentityEntry, Moved, What
from shopbell_server.core.identity.left_over import is_left_over, profiles_of
from shopbell_server.core.identity.people import Enrolment, Profile
from shopbell_server.core.ids import DeviceNo, EntryId, Millis, PersonId, ProfileId

ADA = PersonId("ada")
HOME = ProfileId("home")


class Walk:
    """The way of one enrolment through profiles; merges and splits are undone as they come off a pile."""

    def __init__(self) -> None:
        self.at = HOME
        self.entries: list[IdentityEntry] = []
        self.stand: list[IdentityEntry] = []

    def go(self, what: What, target: ProfileId, about: EntryId | None = None) -> IdentityEntry:
        number = len(self.entries) + 1
        entry = IdentityEntry(
            id=EntryId(f"e-{number}"),
            number=number,
            what=what,
            at_ms=Millis(number),
            source=self.at,
            target=target,
            moved=Moved(persons=(ADA,)),
            about=about,
            reason="duplicate",
            by="",
        )
        self.entries.append(entry)
        self.at = target
        return entry

    def do(self, what: What) -> None:
        if what == "undone":
            if self.stand:
                last = self.stand.pop()
                self.go("undone", last.source, last.id)
            return
        self.stand.append(self.go(what, ProfileId(f"{what}-{len(self.entries)}")))

    def hers(self) -> frozenset[ProfileId]:
        return profiles_of(ADA, self.at, self.entries)


DEEDS = some.lists(some.sampled_from(["merged", "split", "undone"]), max_size=12)


@given(deeds=DEEDS, seed=some.integers(0, 99))
def test_hers_are_where_she_began_and_where_splits_that_stand_put_her(
    deeds: list[What], seed: int
) -> None:
    walk = Walk()
    for each in deeds:
        walk.do(each)
    put = {each.target for each in walk.stand if each.what == "split"}
    assert walk.hers() == {HOME, *put}
    Random(seed).shuffle(walk.entries)
    assert walk.hers() == {HOME, *put}, "the order in which they are given says nothing"


@given(deeds=DEEDS)
def test_a_merge_makes_nothing_hers(deeds: list[What]) -> None:
    walk = Walk()
    for each in deeds:
        walk.do(each)
    before = walk.hers()
    walk.do("merged")
    assert walk.hers() == before


def test_where_the_history_before_is_forgotten_she_began_where_the_rest_of_it_found_her() -> None:
    walk = Walk()
    walk.do("split")
    walk.do("merged")
    del walk.entries[0]
    assert walk.hers() == {"split-0"}


def test_what_is_said_anew_is_hers_and_what_follows_a_merge_is_not() -> None:
    walk = Walk()
    walk.do("merged")
    merge = walk.stand[0]
    walk.go("followed", ProfileId("with-it"), merge.id)
    assert walk.hers() == {HOME}
    walk.go("followed", ProfileId("anew"))
    assert walk.hers() == {HOME, "anew"}


def test_whom_no_entry_names_is_where_she_began() -> None:
    walk = Walk()
    walk.do("merged")
    assert profiles_of(PersonId("ben"), ProfileId("his"), walk.entries) == {"his"}


def profile(forgotten_ms: int | None) -> Profile:
    at_ms = None if forgotten_ms is None else Millis(forgotten_ms)
    return Profile(id=HOME, first_name=None, language=None, staff=False, forgotten_ms=at_ms)


def enrolment(revoked_ms: int | None) -> Enrolment:
    return Enrolment(
        person=ADA,
        profile=HOME,
        device_no=DeviceNo(1),
        created_ms=Millis(1),
        revoked_ms=None if revoked_ms is None else Millis(revoked_ms),
    )


def test_a_profile_is_left_over_when_nobody_stands_where_somebody_was_forgotten() -> None:
    assert is_left_over([profile(5)], [])
    assert not is_left_over([profile(5)], [enrolment(None)])


def test_one_that_nobody_was_ever_forgotten_of_is_not() -> None:
    assert not is_left_over([profile(None)], [])
    assert not is_left_over([profile(None)], [enrolment(4)])


def test_the_latest_that_was_forgotten_of_it_or_of_a_part_counts() -> None:
    together = [profile(None), profile(5), profile(7)]
    assert is_left_over(together, [enrolment(4), enrolment(7)])
    assert not is_left_over(together, [enrolment(4), enrolment(8)])
