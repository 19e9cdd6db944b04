"""Merge profiles, take them apart, and undo either.

Owns: what one of these changes, in one unit of work: what moves, who is one human since, who is told.
Never: whether it may be done (`core.identity.changes`), or who may ask for it (`web`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from shopbell_server.core.audit.chain import Act, What
from shopbell_server.core.consent.ledger import may_share
from shopbell_server.core.facts import ProfileMerged, ProfileSplit
from shopbell_server.core.identity.changes import merge as merged
from shopbell_server.core.identity.changes import take_out, undo
from shopbell_server.core.identity.guards import Refused
from shopbell_server.core.identity.history import Moved
from shopbell_server.core.identity.people import Profile
from shopbell_server.core.ids import FactId, ProfileId
from shopbell_server.usecases.identity.profile_groups import regroup
from shopbell_server.usecases.identity.profile_holds import (
    hold_ids,
    holdings,
    require_new_key,
    write,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from shopbell_server.core.audit.chain import Actor
    from shopbell_server.core.facts import Fact
    from shopbell_server.core.identity.changes import Holding
    from shopbell_server.core.identity.guards import Guards
    from shopbell_server.core.identity.history import As, IdentityEntry, Reason
    from shopbell_server.core.ids import EntryId, LinkId, Millis, PersonId, StoreId
    from shopbell_server.ports.database import UnitOfWork
    from shopbell_server.ports.world import Entropy
    from shopbell_server.usecases.visits.recompute import Terms


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """Who asks for it, when and why, and on which terms visits are made and sinks are told."""

    now_ms: Millis
    actor: Actor
    reason: Reason
    terms: Terms

    @property
    def by(self) -> str:
        """Return the actor as an entry names them."""
        return f"{self.actor.kind}:{self.actor.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What was written. `changed` is whom boards have to look at again, by store, after the commit."""

    entry: IdentityEntry
    stayed: Moved
    """Of what was to go back: what is elsewhere by now."""
    changed: Mapping[StoreId, frozenset[PersonId]]


def merge(  # noqa: PLR0913  (each by name)
    work: UnitOfWork,
    entropy: Entropy,
    asking: Asking,
    *,
    profile: ProfileId,
    other: ProfileId,
    joined_as: As,
    guards: Guards,
) -> Done | Refused:
    """Make `other` part of `profile`, with all that it has. Two who ask at once: one is refused."""
    work.identity.hold([profile, other])
    held = holdings(work, [profile, other])
    if len(held) < len({profile, other}):
        return _missing(work, {profile, other} - held.keys())
    moved = merged(held[profile], held[other], guards)
    if isinstance(moved, Refused):
        return moved
    everybody = _standing(held.values())
    work.people.lock(_persons(held.values()))
    entry = write(
        work,
        entropy,
        asking.now_ms,
        what="merged",
        source=other,
        target=profile,
        moved=moved,
        reason=asking.reason,
        by=asking.by,
        joined_as=joined_as,
        joined=everybody if joined_as == "one_person" else frozenset(),
    )

    return _finished(work, entropy, asking, entry, Moved(), What.MERGED, _merged)


def split(  # noqa: PLR0913  (each by name)
    work: UnitOfWork,
    entropy: Entropy,
    asking: Asking,
    *,
    profile: ProfileId,
    persons: Collection[PersonId],
    links: Collection[LinkId],
    new: ProfileId | None,
) -> Done | Refused:
    """Take enrolments and identifiers out of `profile` into a new one, called `new` or by an id of ours.

    The new one has no name and no language: whose they are, whoever splits knows, and says it with a ticket.
    """
    made = new or ProfileId(entropy.uuid7(asking.now_ms))
    hold_ids(work, [made])
    require_new_key(work, [made])
    work.identity.hold([profile])
    held = holdings(work, [profile]).get(profile)
    if held is None:
        return _missing(work, {profile})
    if made in work.people.profiles([made]):
        detail = (
            "There is a profile of this `profile_id` already: take another id, or leave it out."
        )
        return Refused(guard="profile_exists", detail=detail)
    moved = take_out(held, persons, links)
    if isinstance(moved, Refused):
        return moved
    work.people.lock(_persons([held]))
    work.people.put_profile(
        Profile(id=made, first_name=None, language=None, staff=held.profile.staff)
    )
    entry = write(
        work,
        entropy,
        asking.now_ms,
        what="split",
        source=profile,
        target=made,
        moved=moved,
        reason=asking.reason,
        by=asking.by,
    )
    require_new_key(work, [made])
    return _finished(work, entropy, asking, entry, Moved(), What.SPLIT, _split)


def undo_entry(
    work: UnitOfWork, entropy: Entropy, asking: Asking, *, profile: ProfileId, entry: EntryId
) -> Done | Refused:
    """Take a merge or a split of `profile` back: what it moved returns, except what has moved on since."""
    before = work.identity.entry(entry)
    if before is None or before.target is None or profile not in {before.source, before.target}:
        detail = "The profile's history has no such entry. Name one by the id with which its history has it."
        return Refused(guard="unknown_entry", detail=detail)
    work.identity.hold([before.source, before.target])
    held = holdings(work, [before.source, before.target])
    if len(held) < len({before.source, before.target}):
        return _missing(work, {before.source, before.target} - held.keys())
    history = work.identity.history([before.source, before.target])
    undoing = undo(before, held[before.target], held[before.source], history)
    if isinstance(undoing, Refused):
        return undoing
    work.people.lock(_persons(held.values()))
    done = write(
        work,
        entropy,
        asking.now_ms,
        what="undone",
        source=undoing.source,
        target=undoing.target,
        moved=undoing.moved,
        about=before.id,
        reason=asking.reason,
        by=asking.by,
    )

    what, tell = (What.SPLIT, _split) if before.what == "merged" else (What.MERGED, _merged)
    return _finished(work, entropy, asking, done, undoing.stayed, what, tell)


def _missing(work: UnitOfWork, profiles: Collection[ProfileId]) -> Refused:
    """Return why nothing can be done with `profiles`, which are not there."""
    if work.erasures.erased("profile", sorted(profiles)):
        detail = (
            "This customer asked to be forgotten, and was. She is a new one once her app's backend asks for "
            "a ticket for her."
        )
        return Refused(guard="erased_profile", detail=detail)
    # Which, an operator's command says: this answers requests too, and an id may be an e-mail address.
    detail = "There is no such profile. Check the id: the app's backend or a seed makes profiles."
    return Refused(guard="unknown_profile", detail=detail)


def _finished(  # noqa: PLR0913, PLR0917  (what all three have in common)
    work: UnitOfWork,
    entropy: Entropy,
    asking: Asking,
    entry: IdentityEntry,
    stayed: Moved,
    what: What,
    told: Callable[[Asking, IdentityEntry, FactId, PersonId], Fact],
) -> Done | Refused:
    """Let visits, sinks and the audit follow from an entry that was written."""
    profiles = [entry.source] if entry.target is None else [entry.source, entry.target]
    changed = regroup(work, entropy, asking.now_ms, profiles, asking.terms)
    if isinstance(changed, Refused):
        return changed
    persons = sorted(_standing(holdings(work, profiles).values()))
    ledgers = work.ledger.entries(persons)
    facts = [
        told(asking, entry, FactId(entropy.uuid7(asking.now_ms)), person)
        for person in persons
        if may_share(ledgers.get(person, ()), asking.now_ms, asking.now_ms)
    ]
    work.outgoing.add(facts, asking.terms.sinks, asking.now_ms)
    work.audit.note(
        [
            Act(
                at_ms=asking.now_ms,
                actor=asking.actor,
                what=what,
                about=entry.id,
                why=asking.reason,
            )
        ]
    )
    boards = dict(changed)
    for person in persons:
        # The name and language of her card are another profile's now.
        for visit in work.visits.of_person(person):
            if visit.state != "ended":
                boards[visit.store] = boards.get(visit.store, frozenset()) | {person}
    return Done(entry=entry, stayed=stayed, changed=boards)


def _merged(asking: Asking, entry: IdentityEntry, fact: FactId, person: PersonId) -> Fact:
    return ProfileMerged(
        fact=fact,
        person=person,
        at_ms=asking.now_ms,
        recorded_ms=asking.now_ms,
        entry=entry.id,
        joined_as=entry.joined_as,
        moved=person in entry.moved.persons,
    )


def _split(asking: Asking, entry: IdentityEntry, fact: FactId, person: PersonId) -> Fact:
    return ProfileSplit(
        fact=fact,
        person=person,
        at_ms=asking.now_ms,
        recorded_ms=asking.now_ms,
        entry=entry.id,
        undone=entry.what == "undone",
        moved=person in entry.moved.persons,
    )


def _persons(held: Iterable[Holding]) -> list[PersonId]:
    return [enrolment.person for each in held for enrolment in each.enrolments]


def _standing(held: Iterable[Holding]) -> frozenset[PersonId]:
    return frozenset(
        enrolment.person
        for each in held
        for enrolment in each.enrolments
        if enrolment.revoked_ms is None
    )
