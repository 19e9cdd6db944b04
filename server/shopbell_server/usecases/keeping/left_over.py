"""Forget profiles that somebody who was forgotten left to others, once the others are gone from them.

Owns: finding them, and that they go as they would have gone with her.
Never: which they are (`core.identity.left_over`), or what forgetting takes (`erase`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shopbell_server.core.audit.chain import SERVER
from shopbell_server.core.identity.left_over import is_left_over
from shopbell_server.usecases.identity.profile_holds import chain_of, hold_connected, with_parts
from shopbell_server.usecases.keeping.erase import Erased, erase, erase_profile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shopbell_server.core.ids import Millis, PersonId, ProfileId
    from shopbell_server.ports.database import UnitOfWork
    from shopbell_server.ports.world import Entropy
    from shopbell_server.usecases.visits.recompute import Terms


def left_over(
    work: UnitOfWork, behind: str, limit: int
) -> tuple[Sequence[ProfileId], ProfileId | None]:
    """Return profiles to be forgotten, and behind which to go on; None: that were all.

    Looks at `limit` that somebody was forgotten of, by their ids from behind `behind` on.
    """
    outliving = work.erasures.outliving(behind, limit)
    tops = {chain_of(work, each)[-1] for each in outliving}
    found = [each for each in sorted(tops) if _left_over_with(work, each) is not None]
    return found, outliving[-1] if len(outliving) == limit else None


def forget_left_over(
    work: UnitOfWork, entropy: Entropy, now_ms: Millis, *, profile: ProfileId, terms: Terms
) -> Erased | None:
    """Forget a profile with its parts, and whose enrolments under it had ended; None: it is in use, or gone.

    Any process may, at any time: it is held, and looked at again.
    """
    hold_connected(work, profile)
    ended = _left_over_with(work, profile)
    if ended is None:
        return None
    if ended:
        # The others, and the profile, go with the first.
        return erase(work, entropy, now_ms, person=ended[0], actor=SERVER, terms=terms)
    erasure = erase_profile(work, entropy, now_ms, profile=profile, actor=SERVER)
    return Erased(erasures=(erasure,), changed={})


def _left_over_with(work: UnitOfWork, profile: ProfileId) -> Sequence[PersonId] | None:
    """Return whose enrolments had ended under a profile that is left over; None: it is not."""
    if work.identity.absorbed([profile]):
        return None
    together = with_parts(work, profile)
    enrolled = work.identity.enrolled(together)
    persons = sorted(each for found in enrolled.values() for each in found)
    profiles = work.people.profiles(together).values()
    if not is_left_over(profiles, work.people.enrolments(persons).values()):
        return None
    return persons
