"""What has to be said anew when part of a history goes, so that everything else stays as it is.

Owns: what no longer follows from the entries that are left.
Never: which profiles are forgotten, or that the entries which name them go with them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from shopbell_server.core.identity.groups import groups_of
from shopbell_server.core.identity.history import Moved, folded

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from shopbell_server.core.identity.groups import Groups
    from shopbell_server.core.identity.history import Born, Graph, IdentityEntry
    from shopbell_server.core.ids import LinkId, PersonId, ProfileId


@dataclass(frozen=True, slots=True, kw_only=True)
class Anew:
    """To be written as an entry that follows none, from `profile` to itself, after every other entry."""

    profile: ProfileId
    moved: Moved
    """What is there."""
    joined: frozenset[PersonId]
    """Who is one human, with nobody else; one alone: with nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Present:
    """What is so: where everything is, and who is one human."""

    persons: Mapping[PersonId, ProfileId]
    links: Mapping[LinkId, ProfileId]
    groups: Groups


def said_anew(born: Born, left: Sequence[IdentityEntry], present: Present) -> tuple[Anew, ...]:
    """Return what of `present` does not follow from what is left of a history.

    With it written, the fold of the history gives these places, and `groups_of` these groups of who is there.
    """
    graph = folded(born, left)
    return (*_astray(graph, present), *_regrouped(left, present))


def without(
    entries: Iterable[IdentityEntry], profiles: frozenset[ProfileId]
) -> tuple[IdentityEntry, ...]:
    """Return the entries that are left when `profiles` are forgotten."""
    return tuple(each for each in entries if profiles.isdisjoint({each.source, each.target}))


def _astray(graph: Graph, present: Present) -> Iterable[Anew]:
    persons = {each: at for each, at in present.persons.items() if graph.persons.get(each) != at}
    links = {each: at for each, at in present.links.items() if graph.links.get(each) != at}
    for profile in sorted({*persons.values(), *links.values()}):
        yield Anew(
            profile=profile,
            moved=Moved(
                persons=tuple(sorted(each for each, at in persons.items() if at == profile)),
                links=tuple(sorted(each for each, at in links.items() if at == profile)),
            ),
            joined=frozenset(),
        )


def _regrouped(left: Iterable[IdentityEntry], present: Present) -> Iterable[Anew]:
    follows = {group.intersection(present.persons) for group in groups_of(left)}
    says = {group for group in follows if len(group) > 1}
    alone = {person for group in says for person in group}.difference(*present.groups)
    wrong = (present.groups - says) | {frozenset({person}) for person in alone}
    for group in sorted(wrong, key=min):
        yield Anew(profile=present.persons[min(group)], moved=Moved(), joined=group)
