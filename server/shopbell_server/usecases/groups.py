"""People who are joined with others: who they are, what they allow, what is evidence of them together.

Owns: reading groups, and evidence and purchases of people who may be in one.
Never: joining or parting (`joined`), or what a group allows (`core.visits.joined`).

Whoever is alone costs nothing here: her enrolment says so, and everybody who asks has read it.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from shopbell_server.core.visits.joined import Member, group_of
from shopbell_server.core.visits.places import counted
from shopbell_server.ports.database import DatabaseBusyError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from shopbell_server.core.consent.ledger import Entry
    from shopbell_server.core.evidence import Interval
    from shopbell_server.core.identity.people import Enrolment
    from shopbell_server.core.ids import Millis, PersonId, Stamp, StoreId
    from shopbell_server.core.visits.joined import Group
    from shopbell_server.core.zones.found import Place
    from shopbell_server.ports.database import UnitOfWork

    Groups = Mapping[PersonId, Group]
    """The group of each of its members; who is alone is not in it."""

NONE: Final[Groups] = MappingProxyType({})
"""Everybody is alone."""


def groups_of(work: UnitOfWork, enrolments: Iterable[Enrolment]) -> Groups:
    """Return the groups in which `enrolments` are; NONE, without asking for anything, if all are alone."""
    heads = {each.head for each in enrolments if each.head is not None}
    if not heads:
        return NONE
    persons = [person for each in work.joined.under(heads).values() for person in each]
    ledger = work.ledger.entries(persons)
    members: dict[PersonId, list[Member]] = {}
    for person, enrolment in work.people.enrolments(persons).items():
        if enrolment.head is not None:
            member = Member(enrolment=enrolment, entries=tuple(ledger.get(person, ())))
            members.setdefault(enrolment.head, []).append(member)
    groups = map(group_of, members.values())
    return {person: group for group in groups for person in group.persons}


def hold_one(work: UnitOfWork, person: PersonId) -> None:
    """Hold somebody who was there a moment ago, until the work ends.

    Raises DatabaseBusyError if she was forgotten since: nothing may be written down of her any more, and
    whoever asks again is not let in.
    """
    if person not in work.people.lock([person]):
        raise DatabaseBusyError("she was forgotten meanwhile")


def hold(work: UnitOfWork, persons: Collection[PersonId]) -> Groups:
    """Hold `persons`, and everybody who is joined with one of them, until the work ends; return their groups.

    Whoever joins or parts holds all whom it is about, so while one of a group is held it stays as it is.
    Raises DatabaseBusyError if somebody was joined meanwhile with one whom another holds.
    """
    expected = groups_of(work, work.people.enrolments(persons).values()).keys()
    # All at once, in the order of their ids.
    work.people.lock({*persons, *expected})
    enrolments = work.people.enrolments(persons)
    groups = groups_of(work, enrolments.values())
    others = groups.keys() - expected - set(persons)
    if others:
        hold_more(work, others)
        # Once more: what the others allow may have changed until they were held.
        groups = groups_of(work, enrolments.values())
    return groups


def hold_more(work: UnitOfWork, persons: Collection[PersonId]) -> Mapping[PersonId, Stamp]:
    """Hold people who are there beside those that are held already, and wait for nobody.

    So it may be in any order. Raises DatabaseBusyError if somebody else holds one of them.
    """
    held = work.people.lock_free(persons)
    if len(held) < len(persons):
        raise DatabaseBusyError("somebody else holds one who is joined with her")
    return held


def head_of(groups: Groups, person: PersonId) -> PersonId:
    """Return under whose id her visits are."""
    group = groups.get(person)
    return person if group is None else group.head


def members_of(groups: Groups, person: PersonId) -> Collection[PersonId]:
    """Return who is one human with `person`, she herself among them."""
    group = groups.get(person)
    return (person,) if group is None else group.persons


def ledgers(
    work: UnitOfWork, persons: Collection[PersonId], groups: Groups
) -> Mapping[PersonId, Sequence[Entry]]:
    """Return by which entries it is decided what may be done with what is under each of these ids.

    Her own, or those that follow from all of her group; who has said nothing may be left out.
    """
    alone = work.ledger.entries([person for person in persons if person not in groups])
    return {**alone, **{person: groups[person].ledger for person in persons if person in groups}}


def evidence_of(
    work: UnitOfWork,
    persons: Collection[PersonId],
    groups: Groups,
    store: StoreId,
    from_ms: Millis,
    to_ms: Millis,
) -> Mapping[PersonId, Sequence[Interval]]:
    """Return the intervals that touch [from_ms, to_ms] and are evidence for the visits of each of `persons`.

    `persons` are heads or alone; of a group what counts of all its members, as the head's. Those without any
    are left out.
    """
    if not groups:
        return work.intervals.within_each(persons, store, from_ms, to_ms)
    found = work.intervals.within_each(_everybody(persons, groups), store, from_ms, to_ms)
    counted = _counted(found, persons, groups)
    # A part of an interval that counts may be one that does not touch.
    touching = {
        person: [each for each in hers if each.key.first_ms <= to_ms and each.last_ms >= from_ms]
        for person, hers in counted.items()
    }
    return {person: hers for person, hers in touching.items() if hers}


def places_of(
    work: UnitOfWork,
    persons: Collection[PersonId],
    groups: Groups,
    store: StoreId,
    from_ms: Millis,
    to_ms: Millis,
) -> Mapping[PersonId, Sequence[Place]]:
    """Return where each of `persons`, heads or alone, was found in [from_ms, to_ms]; nobody without a plan.

    Of a group where any of its members was, while all of them allow it.
    """
    if store not in work.floor_plans.versions():
        return {}
    found = work.places.within_each(_everybody(persons, groups), store, from_ms, to_ms)
    if not groups:
        return found
    return {
        person: counted(
            [each for one in groups[person].persons for each in found.get(one, ())],
            groups[person].spans,
        )
        if person in groups
        else found.get(person, ())
        for person in persons
    }


def heard_of(
    heard: Iterable[Interval], persons: Collection[PersonId], groups: Groups
) -> Mapping[PersonId, Sequence[Interval]]:
    """Return what of everybody's intervals in a store is evidence for the visits of each of `persons`."""
    wanted = _everybody(persons, groups)
    found: dict[PersonId, list[Interval]] = {}
    for each in heard:
        if each.key.person in wanted:
            found.setdefault(each.key.person, []).append(each)
    return _counted(found, persons, groups)


def _counted(
    found: Mapping[PersonId, Sequence[Interval]], persons: Iterable[PersonId], groups: Groups
) -> Mapping[PersonId, Sequence[Interval]]:
    """Return the evidence of each of `persons`, by what is `found` of everybody."""
    evidence = {
        person: groups[person].counted(
            each for one in groups[person].persons for each in found.get(one, ())
        )
        if person in groups
        else found.get(person, ())
        for person in persons
    }
    return {person: hers for person, hers in evidence.items() if hers}


def purchases_of(
    work: UnitOfWork,
    persons: Collection[PersonId],
    groups: Groups,
    store: StoreId,
    from_ms: Millis,
    to_ms: Millis,
) -> Mapping[PersonId, Sequence[Millis]]:
    """Return when each of `persons`, heads or alone, bought something in [from_ms, to_ms]."""
    if not groups:
        return work.receipts.purchases_each(persons, store, from_ms, to_ms)
    found = work.receipts.purchases_each(_everybody(persons, groups), store, from_ms, to_ms)
    bought: dict[PersonId, Sequence[Millis]] = {}
    for person in persons:
        group = groups.get(person)
        if group is None:
            hers = found.get(person, ())
        else:
            hers = sorted(
                at_ms
                for one in group.persons
                for at_ms in found.get(one, ())
                if group.covers(at_ms)
            )
        if hers:
            bought[person] = hers
    return bought


def _everybody(persons: Iterable[PersonId], groups: Groups) -> frozenset[PersonId]:
    return frozenset(each for person in persons for each in members_of(groups, person))
