"""What of a profile is hers, for her own eyes.

Owns: that a merge shows nobody what was said of another profile: not on her page, not in her export.
Never: what staff and sinks get (`subjects`, `sink_names`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from shopbell_server.usecases.identity.profile_holds import chain_of

if TYPE_CHECKING:
    from shopbell_server.core.identity.identifiers import Link
    from shopbell_server.core.identity.people import Enrolment, Profile
    from shopbell_server.ports.database import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnProfile:
    """The profile under which she enrolled, and what was said of it and is still with her.

    In a household that shares one profile from the beginning it is everybody's; in one that was merged, each
    sees her own. A wrong merge tells nobody another's name or number. Who was taken out of the profile under
    which she enrolled is not of it any more: hers is what she was taken out into, with what came along.
    """

    profile: Profile | None
    links: tuple[Link, ...]


def own_profile(work: UnitOfWork, enrolment: Enrolment) -> OwnProfile:
    """Return what is hers."""
    now = enrolment.profile
    home = work.identity.homes([enrolment.person]).get(enrolment.person, now)
    own = home if chain_of(work, home)[-1] == now else now
    there = work.identity.links([now]).get(now, ())
    # What a split brought along was said of a profile that is no part of this one.
    brought = {each.home for each in there if chain_of(work, each.home)[-1] != now}
    hers = {own} | (brought if own == now else set())
    return OwnProfile(
        profile=work.people.profiles([own]).get(own),
        links=tuple(link for link in there if link.home in hers),
    )
