"""Record what a customer allows, and undo at once what she no longer does.

Owns: entries of the ledger, the receipt, and what a withdrawal ends.
Never: what a consent means (`core.consent.ledger`); erasing the past, which is another question.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal

from shopbell_server.core.audit.chain import HERSELF, SERVER, Act, Actor, What
from shopbell_server.core.consent.ledger import (
    Change,
    Entry,
    Place,
    Purpose,
    active,
    active_purposes,
    expires_ms,
    expiring,
    is_to_be_asked_again,
    last_written,
    next_sequence,
)
from shopbell_server.core.ids import Millis, PersonId
from shopbell_server.usecases.consent.consent_facts import stores_shown_in, tell_changes
from shopbell_server.usecases.consent.forget_facts import forget_unallowed
from shopbell_server.usecases.consent.joint_consent import change_for_all
from shopbell_server.usecases.consent.withdrawal import end_presence
from shopbell_server.usecases.groups import groups_of, hold, hold_one
from shopbell_server.usecases.recognition.device_numbers import free_device_no
from shopbell_server.usecases.visits.recompute import Terms

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from shopbell_server.core.identity.people import Enrolment
    from shopbell_server.core.ids import StoreId
    from shopbell_server.core.visits.rules import VisitRules
    from shopbell_server.ports.database import UnitOfWork
    from shopbell_server.ports.world import Entropy

Evidence = Literal["ticket", "device_token", "page_session"]
"""How it is known that she said it: by what let the request in."""

BY_TIME: Final = "time"
"""The evidence of what nobody said: it ended by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What she said about one purpose, and which text she had read."""

    purpose: Purpose
    given: bool
    text_version: str
    text_sha256: str
    language: str
    until_ms: Millis | None
    """"Only today"; None: until it expires."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What was recorded, for the customer to keep (ISO/IEC TS 27560)."""

    person: PersonId
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How one purpose stands. `last` is what she said last; None: she was never asked."""

    purpose: Purpose
    active: bool
    last: Entry | None
    ends_ms: Millis | None
    """When it ends by itself, if it is active."""
    ask_again: bool
    """It ends within a month, or has ended by itself: the app or the page asks her again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """`stores` are those whose boards may look different now: announce them after the commit."""

    receipt: Receipt
    standing: tuple[Standing, ...]
    stores: frozenset[StoreId]


def standing_of(work: UnitOfWork, person: PersonId, now_ms: Millis) -> tuple[Standing, ...]:
    """Return how every purpose stands at `now_ms`, in the order of `Purpose`."""
    return _standing(work.ledger.entries([person]).get(person, ()), now_ms)


def record_first(
    work: UnitOfWork,
    entropy: Entropy,
    now_ms: Millis,
    *,
    person: PersonId,
    said: Sequence[Said],
    sinks: Collection[str],
) -> Receipt:
    """Record what was said on enrolling."""
    entries = _entries(person, (), said, now_ms, place=Place.APP, evidence="ticket")
    work.ledger.append(entries)
    _note(work, entries, HERSELF)
    if active(entries, Purpose.SHARE_WITH_CDP, now_ms):
        tell_changes(work, entropy, entries, sinks, whose=person)
    return Receipt(person=person, entries=entries)


def change_consents(  # noqa: PLR0913  (each by name)
    work: UnitOfWork,
    entropy: Entropy,
    now_ms: Millis,
    *,
    enrolment: Enrolment,
    said: Sequence[Said],
    rules: VisitRules,
    sinks: Collection[str],
    place: Place = Place.APP,
    evidence: Evidence = "device_token",
) -> Changed:
    """Record what was said and let it take effect: all of it when this commits.

    Withdrawn `recognise_in_store`: evidence from now on is forgotten, open visits end, candidates are
    forgotten, and what waits for a sink is cancelled. Given again after that: the device gets a new
    number, so that tokens from before stay nobody's.

    Where other enrolments are the same human, what one of them withdraws ends for all: their presence too,
    and what waits for a sink of any of them. What one of them gives counts once all of them allow it.
    Raises DatabaseBusyError if she was forgotten meanwhile.
    """
    person = enrolment.person
    hold_one(work, person)
    joined = hold(work, [person]).get(person)
    before = tuple(work.ledger.entries([person]).get(person, ()))
    entries = _entries(person, before, said, now_ms, place=place, evidence=evidence)
    work.ledger.append(entries)
    _note(work, entries, HERSELF)
    after = (*before, *entries)
    was, now = active_purposes(before, now_ms), active_purposes(after, now_ms)
    if Purpose.RECOGNISE_IN_STORE in was - now:
        # A phone's number can be changed when she comes back. What a fob says cannot.
        work.people.remove_fixed_ids(person)
        forget_unallowed(work, enrolment.profile, now_ms)
    if Purpose.RECOGNISE_IN_STORE in now - was and _withdrew(before):
        work.people.renumber(person, free_device_no(work, entropy))
    if joined is not None:
        stores = change_for_all(
            work,
            entropy,
            now_ms,
            group=joined,
            person=person,
            entries=entries,
            terms=Terms(rules=rules, sinks=tuple(sinks)),
        )
        return Changed(
            receipt=Receipt(person=person, entries=entries),
            standing=_standing(after, now_ms),
            stores=stores,
        )
    stores = stores_shown_in(work, person, was, now)
    if Purpose.RECOGNISE_IN_STORE in was - now:
        stores |= end_presence(work, person, now_ms, rules)
    if Purpose.SHARE_WITH_CDP in was - now:
        work.outgoing.cancel(person)
    # A sink that knew her is told that it may no longer; one that never did learns nothing.
    if Purpose.SHARE_WITH_CDP in was | now:
        tell_changes(work, entropy, entries, sinks, whose=person)
    return Changed(
        receipt=Receipt(person=person, entries=entries),
        standing=_standing(after, now_ms),
        stores=stores,
    )


def leave(
    work: UnitOfWork,
    entropy: Entropy,
    now_ms: Millis,
    *,
    enrolment: Enrolment,
    rules: VisitRules,
    sinks: Collection[str],
) -> frozenset[StoreId]:
    """End the enrolment: everything withdrawn, the device nobody's. Return the stores to announce.

    Leaving again changes nothing. Raises DatabaseBusyError if she was forgotten meanwhile.
    """
    standing = standing_of(work, enrolment.person, now_ms)
    said = [_withdrawal(each.last) for each in standing if each.active and each.last is not None]
    changed = change_consents(
        work, entropy, now_ms, enrolment=enrolment, said=said, rules=rules, sinks=sinks
    )
    work.people.revoke(enrolment.person, now_ms)
    forget_unallowed(work, enrolment.profile, now_ms)  # her consent may have ended by itself
    if enrolment.revoked_ms is None:
        left = Act(at_ms=now_ms, actor=HERSELF, what=What.LEFT, person=enrolment.person)
        work.audit.note([left])
    work.people.remove_fixed_ids(enrolment.person)
    work.customer_sessions.close_all(enrolment.person)
    return changed.stores


def write_expired(
    work: UnitOfWork,
    entropy: Entropy,
    now_ms: Millis,
    *,
    person: PersonId,
    sinks: Collection[str],
) -> int:
    """Write down what ended by itself; return how many entries that made. The caller holds her lock.

    For the record: what she allows has changed by itself at that moment. A sink that knew her is told.
    """
    before = tuple(work.ledger.entries([person]).get(person, ()))
    first = next_sequence(before)
    entries = tuple(
        replace(
            ended,
            sequence=first + number,
            change=Change.EXPIRED,
            # Who allows something until a time that has passed allows nothing, from then on.
            at_ms=max(ended.at_ms, expires_ms(ended)),
            evidence=BY_TIME,
        )
        for number, ended in enumerate(expiring(before, now_ms))
    )
    work.ledger.append(entries)
    _note(work, entries, SERVER)
    there = work.people.enrolments([person])
    if any(entry.purpose is Purpose.RECOGNISE_IN_STORE for entry in entries):
        for enrolment in there.values():
            forget_unallowed(work, enrolment.profile, now_ms)
    joined = groups_of(work, there.values()).get(person)
    known_by, allowed = (person, before) if joined is None else (joined.head, joined.ledger)
    for entry in entries:
        if active(allowed, Purpose.SHARE_WITH_CDP, Millis(entry.at_ms - 1)):
            tell_changes(work, entropy, [entry], sinks, whose=known_by)
    return len(entries)


def _entries(
    person: PersonId,
    before: Sequence[Entry],
    said: Sequence[Said],
    now_ms: Millis,
    *,
    place: Place,
    evidence: Evidence,
) -> tuple[Entry, ...]:
    """Return the lines to add. Saying no to what is off is recorded once; saying yes again renews."""
    first = next_sequence(before)
    on = active_purposes(before, now_ms)
    last = last_written(before)
    told = [
        each
        for each in said
        if each.given
        or each.purpose not in last
        or last[each.purpose].change is not Change.WITHDRAWN
    ]
    return tuple(
        Entry(
            sequence=first + number,
            person=person,
            purpose=each.purpose,
            change=_change(each, renewed=each.purpose in on),
            at_ms=now_ms,
            until_ms=each.until_ms,
            place=place,
            text_version=each.text_version,
            text_sha256=each.text_sha256,
            language=each.language,
            evidence=evidence,
        )
        for number, each in enumerate(told)
    )


def _change(said: Said, *, renewed: bool) -> Change:
    if not said.given:
        return Change.WITHDRAWN
    return Change.RENEWED if renewed else Change.GIVEN


def _withdrawal(last: Entry) -> Said:
    return Said(
        purpose=last.purpose,
        given=False,
        text_version=last.text_version,
        text_sha256=last.text_sha256,
        language=last.language,
        until_ms=None,
    )


def _withdrew(ledger: Sequence[Entry]) -> bool:
    return any(entry.purpose is Purpose.RECOGNISE_IN_STORE for entry in ledger)


def _standing(ledger: Sequence[Entry], now_ms: Millis) -> tuple[Standing, ...]:
    on = active_purposes(ledger, now_ms)
    last = last_written(ledger)
    return tuple(
        Standing(
            purpose=purpose,
            active=purpose in on,
            last=last.get(purpose),
            ends_ms=expires_ms(last[purpose]) if purpose in on else None,
            ask_again=purpose in last and is_to_be_asked_again(last[purpose], now_ms),
        )
        for purpose in Purpose
    )


def _note(work: UnitOfWork, entries: Sequence[Entry], actor: Actor) -> None:
    work.audit.note(
        [
            Act(
                at_ms=entry.at_ms,
                actor=actor,
                what=What.CONSENT_CHANGED,
                person=entry.person,
                about=entry.purpose.value,
                why=entry.change.value,
            )
            for entry in entries
        ]
    )
