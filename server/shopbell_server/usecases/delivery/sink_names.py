"""What sinks may call customers: by the identifiers of their profiles, where everybody under them shares.

Owns: reading what that follows from, for all facts of a delivery at once.
Never: what one sink calls her (`core.delivery.customer_keys`), or whether it is told at all (`deliver`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from shopbell_server.core.consent.ledger import Purpose
from shopbell_server.core.consent.of_profile import shared_purposes
from shopbell_server.core.facts import ConsentChanged, ProfileErased, ProfileMerged, ProfileSplit
from shopbell_server.core.identity.identifiers import primary
from shopbell_server.core.ids import Millis
from shopbell_server.usecases.staff.subjects import ledgers_under

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from shopbell_server.core.consent.ledger import Entry
    from shopbell_server.core.facts import Fact
    from shopbell_server.core.identity.people import Enrolment
    from shopbell_server.core.ids import FactId, PersonId
    from shopbell_server.ports.database import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class Called:
    """What a customer may be called, by kind; nothing where somebody under her profile does not share."""

    ids: Mapping[str, str]
    previous: Mapping[str, str] | None = None
    """Before the merge or split that a fact is of; None: the same, or it is of none."""


def called(
    work: UnitOfWork,
    facts: Sequence[Fact],
    enrolments: Mapping[PersonId, Enrolment],
    now_ms: Millis,
) -> Mapping[FactId, Called]:
    """Return what the customer of each fact may be called at `now_ms`.

    Facts of people who are gone are left out.
    """
    profiles = work.people.profiles({each.profile for each in enrolments.values()}).keys()
    links = work.identity.links(profiles)
    under = ledgers_under(work, profiles, known=enrolments)
    found: dict[FactId, Called] = {}
    for fact in facts:
        if isinstance(fact, ProfileErased):
            # Nobody is there any more to be asked: the fact itself says what she was called.
            found[fact.fact] = Called(ids=fact.known_as)
            continue
        enrolment = enrolments.get(fact.person)
        if enrolment is None or enrolment.profile not in profiles:
            continue
        profile = enrolment.profile
        shares = _share(under.get(profile, {}).values(), _moments(fact, now_ms))
        found[fact.fact] = Called(
            ids=primary(links.get(profile, ())) if shares else {},
            previous=_previous(work, fact, now_ms),
        )
    return found


def _moments(fact: Fact, now_ms: Millis) -> tuple[Millis, ...]:
    """Return when everybody must have shared, one of these: who withdraws is still called what she was."""
    if isinstance(fact, ConsentChanged):
        return Millis(fact.at_ms - 1), now_ms
    return (now_ms,)


def _previous(work: UnitOfWork, fact: Fact, now_ms: Millis) -> Mapping[str, str] | None:
    """Return what she was called before a merge or split, if those who were under that profile share."""
    if not isinstance(fact, ProfileMerged | ProfileSplit) or not fact.moved:
        return None
    entry = work.identity.entry(fact.entry)
    if entry is None:
        return None
    before = entry.source
    links = {
        link.id: replace(link, profile=before)
        for link in (
            *work.identity.links([before]).get(before, ()),
            *work.identity.links_by_id(entry.moved.links),
        )
    }
    persons = {*entry.moved.persons, *work.identity.enrolled([before]).get(before, ())}
    if not _share(_standing(work, persons).values(), (now_ms,)):
        return {}
    return primary(links.values())


def _standing(
    work: UnitOfWork, persons: Collection[PersonId]
) -> Mapping[PersonId, Sequence[Entry]]:
    there = work.people.enrolments(persons)
    standing = [person for person, each in there.items() if each.revoked_ms is None]
    entries = work.ledger.entries(standing)
    return {person: entries.get(person, ()) for person in standing}


def _share(ledgers: Iterable[Sequence[Entry]], moments: Iterable[Millis]) -> bool:
    each = list(ledgers)
    return any(Purpose.SHARE_WITH_CDP in shared_purposes(each, at_ms) for at_ms in moments)
