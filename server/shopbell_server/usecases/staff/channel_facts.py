"""What other channels said of a profile and of all that are part of it.

Owns: that it follows a merge, and what undoes one.
Never: what is shown of it (`core.channels.reasons`), or taking it in (`usecases.channels`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shopbell_server.core.channels.facts import standing

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from shopbell_server.core.channels.facts import ChannelFact
    from shopbell_server.core.ids import ProfileId
    from shopbell_server.ports.database import UnitOfWork


def told_of(
    work: UnitOfWork, profiles: Collection[ProfileId]
) -> Mapping[ProfileId, tuple[ChannelFact, ...]]:
    """Return what stands of each; profiles of which nothing was said are left out."""
    wholes = with_their_parts(work, profiles)
    said: dict[ProfileId, list[ChannelFact]] = {}
    for part, facts in work.channels.of(wholes.keys()).items():
        said.setdefault(wholes[part], []).extend(facts)
    return {profile: standing(facts) for profile, facts in said.items()}


def with_their_parts(
    work: UnitOfWork, profiles: Collection[ProfileId]
) -> Mapping[ProfileId, ProfileId]:
    """Return `profiles` and all that are part of one of them, each with which of `profiles` that is."""
    found = {profile: profile for profile in profiles}
    inner: Collection[ProfileId] = profiles
    while taken := work.identity.taken_in(inner):
        found |= {part: found[into] for part, into in taken.items()}
        inner = taken.keys()
    return found
