"""Profiles that are merged and split by the decisions of the core alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

from shopbell_server.core.identity.changes import Holding, Undoing, merge, take_out, undo
from shopbell_server.core.identity.groups import groups_of
from shopbell_server.core.identity.guards import Guards, Limit, Refused
from shopbell_server.core.identity.history import (
    Born,
    Graph,
    IdentityEntry,
    Moved,
    absorption,
    chain,
    folded,
    next_number,
)
from shopbell_server.core.identity.identifiers import Link
from shopbell_server.core.identity.people import Enrolment, Profile
from shopbell_server.core.ids import DeviceNo, EntryId, LinkId, Millis, PersonId, ProfileId

if TYPE_CHECKING:
    from shopbell_server.core.identity.groups import Groups
    from shopbell_server.core.identity.history import As, What

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
