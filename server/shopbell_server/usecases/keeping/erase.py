"""Forget somebody: her rows at once, her keys right after, and whoever was told of her is told.

Owns: the order of it, what is remembered, and completing what a crash broke off.
Never: which tables she is in (`db.erasures`), or how a sink is spoken to (`deliver`).

`erase` is one transaction, which leaves a row that says what is still to be done; `finish` does that, however
often it is called and wherever it was broken off. The ledger and the audit stay: they know her by an id.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from shopbell_server.core.audit.chain import Act, What
from shopbell_server.core.consent.ledger import (
    Change,
    Place,
    Purpose,
    active,
    active_purposes,
    last_written,
    next_sequence,
)
from shopbell_server.core.delivery.cloud_events import NAMES
from shopbell_server.core.facts import ProfileErased
from shopbell_server.core.identity.identifiers import primary
from shopbell_server.core.identity.left_over import profiles_of
from shopbell_server.core.ids import FactId, PersonId
from shopbell_server.core.keeping.erasure import (
    Erasure,
    erasure_id,
    mark_kind,
    owner_of_events,
    stands_for,
)
from shopbell_server.core.keeping.owners import owner_of_person, owner_of_profile
from shopbell_server.ports.database import DatabaseBusyError
from shopbell_server.ports.told import Told
from shopbell_server.usecases.groups import groups_of, head_of
from shopbell_server.usecases.identity.profile_groups import forget_profiles
from shopbell_server.usecases.identity.profile_holds import (
    connected,
    hold_connected,
    hold_ids,
    with_parts,
)
from shopbell_server.usecases.visits.joined import part

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from shopbell_server.core.audit.chain import Actor
    from shopbell_server.core.consent.ledger import Entry
    from shopbell_server.core.identity.people import Enrolment
    from shopbell_server.core.ids import Millis, ProfileId, StoreId
    from shopbell_server.core.keeping.erasure import AskedBy
    from shopbell_server.core.keeping.owners import Owner
    from shopbell_server.ports.boxes import Boxes
    from shopbell_server.ports.database import Database, UnitOfWork
    from shopbell_server.ports.world import Entropy
    from shopbell_server.usecases.visits.recompute import Terms

NOT_ANSWERED: Final = "no answer yet"
"""What is written down of a sink until it answers."""

PAGE: Final = 5_000
"""Enrolments looked at together: their keys are asked for at once."""

NOT_CONFIGURED: Final = "no longer a sink of this server: tell it by hand"
"""What is written down of a sink that was told of her, and cannot be told this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased:
    """Rows are gone when this commits: then announce `changed`, and `finish` each, or leave it to the job."""

    erasures: tuple[Erasure, ...]
    """Hers is the last."""
    changed: Mapping[StoreId, frozenset[PersonId]]


def erase(
    work: UnitOfWork,
    entropy: Entropy,
    now_ms: Millis,
    *,
    person: PersonId,
    actor: Actor,
    terms: Terms,
) -> Erased | None:
    """Remove all of an enrolment but its ledger and the audit; None: there is no such enrolment any more.

    If nobody else stands enrolled under her profile, it goes too, with its identifiers and history, and with
    the enrolments that had ended; what stays for the sake of others goes when they are gone from it
    (`left_over`). From now on what comes in late is nobody's. Others with whom she is one human keep what is
    theirs.
    """
    enrolment = _held(work, person)
    if enrolment is None:
        return None
    profiles, ended = _left_without(work, enrolment)
    _note_outlived(work, now_ms, [*ended, person], enrolment.profile, profiles)
    changed: dict[StoreId, set[PersonId]] = defaultdict(set)
    erasures = [
        _one(work, entropy, now_ms, each, profiles if each == person else (), actor, terms, changed)
        for each in (*ended, person)
    ]
    if profiles:
        forget_profiles(work, entropy, now_ms, profiles)
    return Erased(
        erasures=tuple(erasures),
        changed={store: frozenset(each) for store, each in changed.items()},
    )


def _one(  # noqa: PLR0913, PLR0917  (a part of `erase`, which has them by name)
    work: UnitOfWork,
    entropy: Entropy,
    now_ms: Millis,
    person: PersonId,
    profiles: Sequence[ProfileId],
    actor: Actor,
    terms: Terms,
    changed: dict[StoreId, set[PersonId]],
) -> Erasure:
    """Remove the rows of one enrolment, and write down what is still to be done."""
    enrolments = work.people.enrolments([person])
    heard_as = {person, head_of(groups_of(work, enrolments.values()), person)}
    sinks = _sinks_that_know(work, heard_as, person, terms.sinks, now_ms)
    regrouped = part(work, entropy, now_ms, persons=[person], terms=terms)
    for store, persons in regrouped.changed.items():
        changed[store] |= persons
    work.people.lock([person])
    for visit in work.visits.of_person(person):
        if visit.state != "ended":
            changed[visit.store].add(person)
    work.ledger.append(_withdrawals(work, person, actor, now_ms))
    erasure = Erasure(
        id=erasure_id(entropy.uuid7(now_ms)),
        person=person,
        profiles=tuple(profiles),
        asked_ms=now_ms,
        asked_by=_asked_by(actor),
    )
    fact = _fact(work, entropy, erasure, now_ms)
    _remember(work, erasure, now_ms)
    work.erasures.remove_rows(person)
    _tell(work, fact, sinks, terms.sinks, now_ms)
    act = Act(at_ms=now_ms, actor=actor, what=What.ERASED, person=person, about=erasure.id)
    work.audit.note([act])
    return erasure


def erase_profile(
    work: UnitOfWork, entropy: Entropy, now_ms: Millis, *, profile: ProfileId, actor: Actor
) -> Erasure:
    """Remove a profile under which nobody is enrolled, and those that are part of it.

    Sinks never heard of it.
    """
    hold_connected(work, profile)
    profiles = with_parts(work, profile)
    erasure = Erasure(
        id=erasure_id(entropy.uuid7(now_ms)),
        person=PersonId(""),
        profiles=tuple(profiles),
        asked_ms=now_ms,
        asked_by=_asked_by(actor),
    )
    _remember(work, erasure, now_ms)
    forget_profiles(work, entropy, now_ms, profiles)
    work.audit.note([Act(at_ms=now_ms, actor=actor, what=What.ERASED, about=erasure.id)])
    return erasure


def unreadable(database: Database) -> tuple[Sequence[PersonId], int]:
    """Return whose key was destroyed although she is enrolled, and how many are enrolled in all.

    After a backup of the database was brought back: they were erased since it was made.
    """
    found: list[PersonId] = []
    count, after = 0, ""
    with database.read() as work:
        while persons := work.erasures.persons(after, PAGE):
            readable = work.people.phones(persons)
            found += [each for each in persons if each not in readable]
            count += len(persons)
            after = persons[-1]
    return found, count


def finish(database: Database, erasure: Erasure, now_ms: Millis) -> bool:
    """Do what is left of an erasure that was committed; return whether it is done.

    Not before every sink has answered or was given up. May be called at any time, by several at once: one
    goes on with it, and for the others it is not done yet. And again after it was broken off anywhere.
    """
    if erasure.keys_ms is None:
        # Before anybody is made to wait: they may be away.
        database.boxes.ask()
        with database.begin() as work:
            now = work.erasures.claim(erasure.id)
            if now is None:
                return False
            if now.keys_ms is None:
                _destroy_keys(work, database.boxes, erasure, now_ms)
            work.commit()
    told_as = stands_for(erasure.id)
    with database.read() as work:
        if work.erasures.waiting(told_as):
            return False
    database.boxes.destroy([owner_of_events(told_as)])
    with database.begin() as work:
        if work.erasures.claim(erasure.id) is None:
            return False
        work.erasures.remove_events(told_as)
        work.erasures.done(erasure.id, now_ms)
        work.commit()
    return True


def _destroy_keys(work: UnitOfWork, boxes: Boxes, erasure: Erasure, now_ms: Millis) -> None:
    """Destroy her keys, holding the ids of her profiles; the caller has the erasure, and it was not done.

    So nobody seals for a new profile of that id with a key that is about to go, nor does one who comes late
    to this erasure destroy the key of who began anew since. A crash before the commit leaves an erasure whose
    keys are to be destroyed: until then nobody begins anew.
    """
    hold_ids(work, erasure.profiles)
    # Once more: what was being written of her while she was erased.
    work.erasures.remove_rows(erasure.person)
    boxes.destroy(_owners(erasure))
    work.erasures.keys_destroyed(erasure.id, now_ms)


def _held(work: UnitOfWork, person: PersonId) -> Enrolment | None:
    """Return the enrolment, with its profile and all that may have to be said anew without it held."""
    enrolment = work.people.enrolments([person]).get(person)
    if enrolment is None:
        return None
    hold_connected(work, enrolment.profile)
    again = work.people.enrolments([person]).get(person)
    if again is not None and again.profile != enrolment.profile:
        raise DatabaseBusyError("she was moved to another profile meanwhile")
    return again


def _sinks_that_know(
    work: UnitOfWork,
    heard_as: Collection[PersonId],
    person: PersonId,
    sinks: Collection[str],
    now_ms: Millis,
) -> frozenset[str]:
    """Return who was told of her, and who may be told at this moment."""
    told = {each.sink for one in heard_as for each in work.told.of(one)}
    ledger = work.ledger.entries([person]).get(person, ())
    if active(ledger, Purpose.SHARE_WITH_CDP, now_ms):
        told |= set(sinks)
    return frozenset(told)


def _withdrawals(
    work: UnitOfWork, person: PersonId, actor: Actor, now_ms: Millis
) -> Sequence[Entry]:
    """Return the lines that end what she allowed: the ledger tells the whole story by itself."""
    ledger = work.ledger.entries([person]).get(person, ())
    last = last_written(ledger)
    on = sorted(active_purposes(ledger, now_ms))
    first = next_sequence(ledger)
    return [
        replace(
            last[purpose],
            sequence=first + number,
            change=Change.WITHDRAWN,
            at_ms=now_ms,
            until_ms=None,
            place=Place.APP if actor.kind == "phone" else Place.STAFF,
            evidence="erasure",
        )
        for number, purpose in enumerate(on)
    ]


def _left_without(
    work: UnitOfWork, enrolment: Enrolment
) -> tuple[Sequence[ProfileId], Sequence[PersonId]]:
    """Return her profile with those that are part of it, and whose enrolments under it had ended.

    Nothing if somebody else stands enrolled: then it is that one's profile too.
    """
    profiles = with_parts(work, enrolment.profile)
    enrolled = work.identity.enrolled(profiles)
    others = {each for persons in enrolled.values() for each in persons} - {enrolment.person}
    there = work.people.enrolments(others).values()
    if any(each.revoked_ms is None for each in there):
        return (), ()
    return profiles, sorted(others)


def _note_outlived(
    work: UnitOfWork,
    now_ms: Millis,
    persons: Collection[PersonId],
    at: ProfileId,
    gone: Collection[ProfileId],
) -> None:
    """Note of every profile that is theirs, and stays, that they were forgotten of it."""
    history = connected(work, [at])
    theirs = {profile for each in persons for profile in profiles_of(each, at, history)}
    for profile in work.people.profiles(theirs.difference(gone)).values():
        work.people.put_profile(replace(profile, forgotten_ms=now_ms))


def _fact(work: UnitOfWork, entropy: Entropy, erasure: Erasure, now_ms: Millis) -> ProfileErased:
    links = work.identity.links(erasure.profiles[:1]).values()
    return ProfileErased(
        fact=FactId(entropy.uuid7(now_ms)),
        person=stands_for(erasure.id),
        at_ms=now_ms,
        recorded_ms=now_ms,
        customer=erasure.person,
        # A household's number is not hers alone: then a sink is told by its own name for her.
        known_as=primary(each for found in links for each in found),
        after=work.erasures.told_so_far(erasure.person),
    )


def _remember(work: UnitOfWork, erasure: Erasure, now_ms: Millis) -> None:
    """Write the erasure down, and by what nobody can bring her back, readable to nobody."""
    work.erasures.add(erasure)
    work.erasures.mark("person", [erasure.person] if erasure.person else [], now_ms)
    work.erasures.mark("profile", erasure.profiles, now_ms)
    values: dict[str, set[str]] = defaultdict(set)
    for found in work.identity.links(erasure.profiles).values():
        for each in found:
            values[mark_kind(each.kind)].add(each.value)
    for kind, marked in sorted(values.items()):
        work.erasures.mark(kind, marked, now_ms)


def _tell(
    work: UnitOfWork,
    fact: ProfileErased,
    known_to: Collection[str],
    sinks: Collection[str],
    now_ms: Millis,
) -> None:
    work.outgoing.add([fact], sorted(set(known_to) & set(sinks)), now_ms)
    work.told.note(
        [
            Told(
                person=fact.person,
                sink=sink,
                fact=fact.fact,
                kind=NAMES[ProfileErased][0],
                at_ms=now_ms,
                delivered=False,
                answer=NOT_ANSWERED if sink in sinks else NOT_CONFIGURED,
            )
            for sink in sorted(known_to)
        ]
    )


def _owners(erasure: Erasure) -> Sequence[Owner]:
    persons = [erasure.person] if erasure.person else []
    return [*map(owner_of_person, persons), *map(owner_of_profile, erasure.profiles)]


def _asked_by(actor: Actor) -> AskedBy:
    match actor.kind:
        case "phone":
            return "phone"
        case "server":
            return "server"
        case _:
            return "operator"
