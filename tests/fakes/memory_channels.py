"""What other channels said, in memory."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

from shopbell_server.core.channels.facts import rank
from shopbell_server.core.identity.identifiers import Link
from tests.fakes.memory_rows import drop, require

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from shopbell_server.core.channels.facts import ChannelFact
    from shopbell_server.core.ids import LinkId, ProfileId
    from tests.fakes.memory_rows import Tables


class MemoryChannels:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def marks(self, messages: Sequence[str]) -> Sequence[bytes]:
        return [hashlib.sha256(each.encode()).digest()[:16] for each in messages]

    def seen(self, marks: Collection[bytes]) -> frozenset[bytes]:
        return frozenset(marks) & self._tables.channel_messages.keys()

    def note(self, marks: Collection[bytes]) -> None:
        for mark in marks:
            self._tables.channel_messages[mark] = None

    def put(self, facts: Sequence[ChannelFact]) -> None:
        for fact in facts:
            require(self._tables.profiles, fact.profile, "profile")
            key = fact.profile, fact.kind, fact.key, fact.said_by or ""
            before = self._tables.channel_facts.get(key)
            if before is None or rank(before) < rank(fact):
                self._tables.channel_facts[key] = fact

    def of(self, profiles: Collection[ProfileId]) -> Mapping[ProfileId, Sequence[ChannelFact]]:
        found: dict[ProfileId, list[ChannelFact]] = {}
        for (profile, *_), fact in sorted(
            self._tables.channel_facts.items(), key=lambda each: each[0]
        ):
            if profile in set(profiles):
                found.setdefault(profile, []).append(fact)
        return found

    def said_of(
        self, kind: str, values: Collection[str]
    ) -> Mapping[str, Sequence[tuple[LinkId, ProfileId]]]:
        found: dict[str, list[tuple[LinkId, ProfileId]]] = {}
        for _, link in sorted(self._tables.identifiers.items()):
            if isinstance(link, Link) and link.kind == kind and link.value in set(values):
                found.setdefault(link.value, []).append((link.id, link.profile))
        return found

    def forget(self, profiles: Collection[ProfileId]) -> None:
        drop(self._tables.channel_facts, lambda fact: fact.profile in set(profiles))


def move_facts(tables: Tables, link: LinkId, target: ProfileId) -> None:
    """Let what was said of an identifier go where it goes."""
    for key, fact in list(tables.channel_facts.items()):
        if fact.said_by == link:
            del tables.channel_facts[key]
            moved = replace(fact, profile=target)
            tables.channel_facts[target, fact.kind, fact.key, link] = moved
