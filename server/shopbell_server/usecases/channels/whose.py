"""Whose an event of another channel is: by ids that somebody said are hers, and by nothing else.

Owns: reading the ids of many events at once, and who allows what is said of them.
Never: a guess. A value that several profiles have is nobody's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from shopbell_server.core.channels.facts import NEEDS
from shopbell_server.core.consent.ledger import Purpose, given_spans
from shopbell_server.core.identity.identifiers import ANONYMOUS_ID, normal
from shopbell_server.core.ids import ProfileId
from shopbell_server.core.recognition.acceptance import span_of
from shopbell_server.usecases.staff.subjects import ledgers_under

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from shopbell_server.core.channels.facts import Kind
    from shopbell_server.core.channels.tracked import Tracked
    from shopbell_server.core.consent.ledger import Entry, Span
    from shopbell_server.core.ids import LinkId, Millis, PersonId
    from shopbell_server.ports.database import UnitOfWork

PROFILE: Final = "profile"
"""In the place of a kind: `userId` is the id of the profile itself."""

Value = tuple[str, str]
"""Kind and value of an identifier, or PROFILE and an id."""


class Whose(NamedTuple):
    """The profile that a fact is kept under, the one that this is part of, and by which identifier."""

    profile: ProfileId
    whole: ProfileId
    said_by: LinkId | None


def values_of(event: Tracked, user_kind: str) -> tuple[Value, ...]:
    """Return the ids of an event, the one that counts most first.

    Who sends a `userId` means that customer: then a browser that was somebody else's before says nothing.
    """
    named = [] if event.user is None else [value_of(user_kind, event.user)]
    named += [value_of(kind, value) for kind, value in event.external]
    if not named and event.anonymous is not None:
        return (value_of(ANONYMOUS_ID, event.anonymous),)
    return tuple(named)


def says(event: Tracked) -> tuple[Value, ...]:
    """Return what an `identify` or an `alias` says to be hers as well."""
    browsers = [event.anonymous] if event.call == "identify" else [event.previous, event.anonymous]
    named = [*event.external, *((ANONYMOUS_ID, each) for each in browsers if each is not None)]
    return tuple(value_of(kind, value) for kind, value in named if kind != PROFILE)


def value_of(kind: str, value: str) -> Value:
    """Return a value as it is kept; the id of a profile is the retailer's own, to the letter."""
    return kind, value if kind == PROFILE else normal(kind, value)


def found(work: UnitOfWork, values: Collection[Value]) -> Mapping[Value, Whose]:
    """Return those of `values` that are of one profile alone."""
    by_kind: dict[str, set[str]] = {}
    for kind, value in values:
        by_kind.setdefault(kind, set()).add(value)
    result: dict[Value, Whose] = {}
    for kind, wanted in sorted(by_kind.items()):
        if kind == PROFILE:
            wholes = _wholes(work, {ProfileId(each) for each in wanted})
            result |= {(kind, each): Whose(each, whole, None) for each, whole in wholes.items()}
            continue
        for value, links in work.channels.said_of(kind, wanted).items():
            if len({profile for _, profile in links}) == 1:
                link, profile = links[0]
                result[kind, value] = Whose(profile, profile, link)
    return result


class Allowed:
    """Who is enrolled under profiles, and what they allow."""

    def __init__(self, work: UnitOfWork, profiles: Collection[ProfileId], now_ms: Millis) -> None:
        """Read it; everybody whom it is about is held from now on, the profiles by the caller."""
        self._now_ms = now_ms
        persons = {each for one in work.identity.enrolled(profiles).values() for each in one}
        work.people.lock(persons)
        staff = work.people.staff_among(profiles)
        self.persons: Mapping[ProfileId, tuple[PersonId, ...]] = {}
        self._spans: dict[ProfileId, list[Mapping[Purpose, tuple[Span, ...]]]] = {}
        for profile, ledgers in ledgers_under(work, profiles).items():
            if profile not in staff:
                self.persons = {**self.persons, profile: tuple(ledgers)}
                self._spans[profile] = [_spans(entries) for entries in ledgers.values()]

    def known(self, profile: ProfileId) -> bool:
        """Return whether anybody is enrolled under it who is a customer."""
        return profile in self._spans

    def recognised(self, profile: ProfileId) -> bool:
        """Return whether one of them is recognised now."""
        return self._all({Purpose.RECOGNISE_IN_STORE}, profile, (self._now_ms,))

    def keeps(self, profile: ProfileId, kind: Kind, at_ms: Millis) -> bool:
        """Return whether one of them allows what `kind` needs, at that moment and still now."""
        return self._all(NEEDS[kind], profile, (at_ms, self._now_ms))

    def _all(
        self, purposes: Iterable[Purpose], profile: ProfileId, moments: Sequence[Millis]
    ) -> bool:
        wanted = tuple(purposes)
        return any(
            all(
                span_of(hers[purpose], moment) is not None
                for purpose in wanted
                for moment in moments
            )
            for hers in self._spans.get(profile, ())
        )


def _spans(entries: Sequence[Entry]) -> Mapping[Purpose, tuple[Span, ...]]:
    return {purpose: given_spans(entries, purpose) for purpose in _NEEDED}


_NEEDED: Final = frozenset(purpose for each in NEEDS.values() for purpose in each)


def _wholes(work: UnitOfWork, profiles: Collection[ProfileId]) -> Mapping[ProfileId, ProfileId]:
    """Return which profile each is part of, or itself; those under which nobody is enrolled are left out."""
    wholes = {profile: profile for profile in profiles}
    while into := work.identity.absorbed(set(wholes.values())):
        wholes = {profile: into.get(whole, whole) for profile, whole in wholes.items()}
    there = work.identity.enrolled(set(wholes.values()))
    return {profile: whole for profile, whole in wholes.items() if whole in there}
