"""Let enrolments be one human, or several, as the history of profiles says.

Owns: bringing the groups of joined enrolments up to that history.
Never: what follows for visits and consent (`joined`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shopbell_server.core.identity.groups import groups_of, steps
from shopbell_server.core.identity.guards import Refused
from shopbell_server.usecases.identity.profile_holds import connected
from shopbell_server.usecases.visits.joined import NotJoined, join, part

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from shopbell_server.core.identity.groups import Groups
    from shopbell_server.core.ids import Millis, PersonId, ProfileId, StoreId
    from shopbell_server.ports.database import UnitOfWork
    from shopbell_server.ports.world import Entropy
    from shopbell_server.usecases.visits.recompute import Terms


def regroup(
    work: UnitOfWork,
    entropy: Entropy,
    now_ms: Millis,
    profiles: Collection[ProfileId],
    terms: Terms,
) -> Mapping[StoreId, frozenset[PersonId]] | Refused:
    """Part and join the enrolments of `profiles` and of whatever they are connected with by their history.

    Returns whom boards have to look at again, by store.
    """
    history = connected(work, profiles)
    named = {person for entry in history for person in (*entry.moved.persons, *entry.joined)}
    there = work.people.enrolments(named)
    wanted = _among(groups_of(history), there.keys())
    heads = {each.head for each in there.values() if each.head is not None}
    now = frozenset(frozenset(members) for members in work.joined.under(heads).values())
    parting, joining = steps(now, wanted)
    changed: dict[StoreId, frozenset[PersonId]] = {}
    for persons in parting:
        _add(changed, part(work, entropy, now_ms, persons=persons, terms=terms).changed)
    for persons in joining:
        regrouped = join(work, entropy, now_ms, persons=persons, terms=terms)
        if isinstance(regrouped, NotJoined):
            detail = (
                "So many enrolments cannot be one human. Merge them as a household, or take out first those "
                "that are not hers."
            )
            return Refused(guard="too_many_to_join", detail=detail)
        _add(changed, regrouped.changed)
    return changed


def _among(groups: Groups, there: Collection[PersonId]) -> Groups:
    """Return what is left of `groups` of those who are still there."""
    left = (group.intersection(there) for group in groups)
    return frozenset(group for group in left if len(group) > 1)


def _add(
    changed: dict[StoreId, frozenset[PersonId]], more: Mapping[StoreId, frozenset[PersonId]]
) -> None:
    for store, persons in more.items():
        changed[store] = changed.get(store, frozenset()) | persons
