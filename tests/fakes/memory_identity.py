"""Identifiers and the history of profiles, in memory."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from shopbell_server.core.identity.history import Born, absorption
from shopbell_server.core.identity.identifiers import EVERY_KIND, Link, normal
from tests.fakes.memory_channels import move_facts
from tests.fakes.memory_rows import Unlinked, drop, insert, require, stamp

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from shopbell_server.core.identity.history import IdentityEntry
    from shopbell_server.core.ids import EntryId, LinkId, Millis, PersonId, ProfileId
    from tests.fakes.memory_rows import Tables


class MemoryIdentity:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def hold(self, profiles: Collection[ProfileId]) -> None:
        """Hold nothing: units of work that write follow one another."""

    def hold_values(self, values: Collection[tuple[str, str]]) -> None:
        """Hold nothing, either."""

    def absorbed(self, profiles: Collection[ProfileId]) -> Mapping[ProfileId, ProfileId]:
        parts = self._tables.absorbed
        return {profile: parts[profile] for profile in profiles if profile in parts}

    def taken_in(self, profiles: Collection[ProfileId]) -> Mapping[ProfileId, ProfileId]:
        parts = self._tables.absorbed.items()
        return {profile: into for profile, into in parts if into in set(profiles)}

    def links(self, profiles: Collection[ProfileId]) -> Mapping[ProfileId, Sequence[Link]]:
        found: dict[ProfileId, list[Link]] = {}
        for _, link in sorted(self._tables.identifiers.items()):
            if isinstance(link, Link) and link.profile in set(profiles):
                found.setdefault(link.profile, []).append(link)
        return found

    def links_by_id(self, links: Collection[LinkId]) -> Sequence[Link]:
        found = (self._tables.identifiers.get(each) for each in sorted(links))
        return [link for link in found if isinstance(link, Link)]

    def enrolled(self, profiles: Collection[ProfileId]) -> Mapping[ProfileId, Sequence[PersonId]]:
        found: dict[ProfileId, list[PersonId]] = {}
        for person, enrolment in sorted(self._tables.enrolments.items()):
            if enrolment.profile in set(profiles):
                found.setdefault(enrolment.profile, []).append(person)
        return found

    def persons_by(self, kind: str, values: Collection[str]) -> Mapping[str, Sequence[PersonId]]:
        found: dict[str, Sequence[PersonId]] = {}
        for value in values:
            profiles = self.bearers(kind, value)
            enrolled = self.enrolled(profiles).values()
            if profiles:
                found[value] = sorted(person for persons in enrolled for person in persons)
        return found

    def bearers(self, kind: str, value: str) -> frozenset[ProfileId]:
        return frozenset(
            link.profile
            for link in self._tables.identifiers.values()
            if isinstance(link, Link) and (link.kind, link.value) == (kind, value)
        )

    def add(self, links: Sequence[Link]) -> None:
        for link in links:
            require(self._tables.profiles, link.profile, "profile")
            insert(self._tables.identifiers, link.id, link)

    def append(self, entry: IdentityEntry) -> None:
        insert(self._tables.identity_entries, entry.id, entry)
        if entry.target is None:
            for each in entry.moved.links:
                home = self._tables.identifiers[each].home
                self._tables.identifiers[each] = Unlinked(id=each, home=home)
            unlinked = frozenset(entry.moved.links)
            drop(self._tables.channel_facts, lambda fact: fact.said_by in unlinked)
            return
        for person in entry.moved.persons:
            self._move(person, entry.target)
        for link in self.links_by_id(entry.moved.links):
            self._tables.identifiers[link.id] = replace(link, profile=entry.target)
            move_facts(self._tables, link.id, entry.target)
        change = absorption(entry, None if entry.about is None else self.entry(entry.about))
        if change is None:
            return
        profile, into = change
        if into is not None:
            self._tables.absorbed[profile] = into
        elif profile in self._tables.absorbed:
            del self._tables.absorbed[profile]

    def history(self, profiles: Collection[ProfileId]) -> Sequence[IdentityEntry]:
        wanted = set(profiles)
        found = (
            each
            for each in self._tables.identity_entries.values()
            if each.source in wanted or each.target in wanted
        )
        return sorted(found, key=lambda each: (each.number, each.id))

    def entry(self, entry: EntryId) -> IdentityEntry | None:
        return self._tables.identity_entries.get(entry)

    def homes(self, persons: Collection[PersonId]) -> Mapping[PersonId, ProfileId]:
        there = self._tables.enrolments
        moved = self._tables.moved_enrolments
        return {each: moved.get(each, there[each].profile) for each in persons if each in there}

    def born(self, profiles: Collection[ProfileId]) -> Born:
        wanted = set(profiles)
        links = self._tables.identifiers.values()
        homes = {
            person: self._tables.moved_enrolments.get(person, enrolment.profile)
            for person, enrolment in self._tables.enrolments.items()
        }
        return Born(
            persons={person: home for person, home in homes.items() if home in wanted},
            links={link.id: link.home for link in links if link.home in wanted},
        )

    def block(self, kind: str, value: str, at_ms: Millis, by: str) -> None:
        if (kind, value) not in self._tables.blocked:
            self._tables.blocked[kind, value] = (at_ms, by)

    def unblock(self, kind: str, value: str) -> bool:
        if (kind, value) not in self._tables.blocked:
            return False
        del self._tables.blocked[kind, value]
        return True

    def is_blocked(self, kind: str, value: str) -> bool:
        asked = {(each, normal(each, value)) for each in (kind, EVERY_KIND)}
        return not asked.isdisjoint(self._tables.blocked)

    def forget(self, profiles: Collection[ProfileId]) -> None:
        gone = set(profiles)
        drop(
            self._tables.identifiers,
            lambda link: (link.profile if isinstance(link, Link) else link.home) in gone,
        )
        for each, link in list(self._tables.identifiers.items()):
            if link.home in gone and isinstance(link, Link):
                self._tables.identifiers[each] = replace(link, home=link.profile)
        drop(self._tables.moved_enrolments, lambda home: home in gone)
        drop(
            self._tables.identity_entries,
            lambda entry: entry.source in gone or entry.target in gone,
        )
        for profile, into in list(self._tables.absorbed.items()):
            if profile in gone or into in gone:
                del self._tables.absorbed[profile]
        drop(self._tables.channel_facts, lambda fact: fact.profile in gone)
        drop(self._tables.tickets, lambda ticket: ticket[0] in gone)
        for profile in gone:
            del self._tables.profiles[profile]

    def _move(self, person: PersonId, target: ProfileId) -> None:
        enrolment = self._tables.enrolments[person]
        self._tables.moved_enrolments.setdefault(person, enrolment.profile)
        self._tables.enrolments[person] = replace(enrolment, profile=target)
        stamp(self._tables, person)
