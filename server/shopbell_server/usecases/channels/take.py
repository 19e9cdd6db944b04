"""Take in what other channels say: facts of customers who allow it, and by what else they are known.

Owns: once and only once for each message, whose it is, and what is told to boards.
Never: which events and fields are kept (`core.channels.allow_list`). Of strangers nothing is kept.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from shopbell_server.core.channels.allow_list import browser_may_say, facts_of, on_the_list
from shopbell_server.core.channels.tracked import Dropped, Tracked
from shopbell_server.core.identity.guards import DEFAULTS
from shopbell_server.ports.database import DatabaseBusyError
from shopbell_server.usecases.channels.whose import PROFILE, Allowed, found, says, values_of
from shopbell_server.usecases.identity.identifiers import SaidBy, say

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from shopbell_server.core.channels.facts import ChannelFact
    from shopbell_server.core.identity.guards import Guards
    from shopbell_server.core.ids import Millis, PersonId, ProfileId, StoreId
    from shopbell_server.ports.database import UnitOfWork
    from shopbell_server.ports.world import Entropy
    from shopbell_server.usecases.channels.whose import Value, Whose


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelTerms:
    """By what a retailer's channels are understood."""

    user_id: str = PROFILE
    """Which kind of identifier `userId` is; PROFILE: the id of the profile itself."""
    guards: Guards = DEFAULTS


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Which key sent it."""

    name: str
    is_server: bool
    """False: a browser's key, which is in the source of a page. It speaks of nobody whom it names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What became of events. `changed`: whose rows may look different once this is committed."""

    kept: int = 0
    repeated: int = 0
    dropped: Mapping[Dropped, int] = field(default_factory=dict)
    changed: Mapping[StoreId, frozenset[PersonId]] = field(default_factory=dict)


def not_for_browsers(events: Sequence[Tracked]) -> bool:
    """Return whether one of `events` is such that no browser's key may send it."""
    return not all(browser_may_say(event) for event in events)


def take(
    work: UnitOfWork,
    entropy: Entropy,
    now_ms: Millis,
    *,
    events: Sequence[Tracked],
    sender: Sender,
    terms: ChannelTerms,
) -> Taken:
    """Keep what is to be kept of `events`, in the order of their own times.

    The same events, in any order and any number of times, leave the same facts. Raises DatabaseBusyError if
    a profile was merged or forgotten meanwhile.
    """
    return _Taking(work, entropy, now_ms, sender, terms).take(events)


class _Taking:
    """One request, in one transaction."""

    def __init__(
        self,
        work: UnitOfWork,
        entropy: Entropy,
        now_ms: Millis,
        sender: Sender,
        terms: ChannelTerms,
    ) -> None:
        self._work = work
        self._entropy = entropy
        self._now_ms = now_ms
        self._sender = sender
        self._terms = terms
        self._dropped: Counter[Dropped] = Counter()

    def take(self, events: Sequence[Tracked]) -> Taken:
        wanted = [event for event in events if self._is_wanted(event)]
        marks = self._work.channels.marks([event.message for event in wanted])
        seen = self._work.channels.seen(marks)
        # By mark: of one message that is there twice the one that happened first.
        new = {
            mark: event
            for mark, event in sorted(zip(marks, wanted, strict=True), key=_own_time, reverse=True)
            if mark not in seen
        }
        repeated = len(wanted) - len(new)
        if not new:
            return Taken(repeated=repeated, dropped=self._dropped)
        whose = self._held(
            {
                value
                for event in new.values()
                for value in (*values_of(event, self._terms.user_id), *_linking(event))
            }
        )
        allowed = Allowed(self._work, {each.whole for each in whose.values()}, self._now_ms)
        in_order = sorted(new.items(), key=_own_time)
        linked, changed_links = self._linked(in_order, whose, allowed)
        if changed_links:
            whose = {**whose, **found(self._work, changed_links)}
        kept, facts = self._facts(in_order, whose, allowed, linked)
        self._work.channels.put(facts)
        self._work.channels.note(kept)
        return Taken(
            kept=len(kept),
            repeated=repeated,
            dropped=self._dropped,
            changed=self._changed(facts, whose, allowed),
        )

    def _is_wanted(self, event: Tracked) -> bool:
        """Return whether anything could be kept of it, whoever it is of."""
        if event.call in _LINKS or (event.call == "track" and on_the_list(event)):
            return True
        self._dropped[Dropped.NOT_ON_THE_LIST] += 1
        return False

    def _held(self, values: set[Value]) -> Mapping[Value, Whose]:
        """Return whose `values` are; their profiles are held, so that it stays so."""
        whose = found(self._work, values)
        self._work.identity.hold(
            {profile for each in whose.values() for profile in (each.profile, each.whole)}
        )
        if found(self._work, values) != whose:
            raise DatabaseBusyError("a profile was merged, split or forgotten meanwhile")
        return whose

    def _linked(
        self,
        events: Sequence[tuple[bytes, Tracked]],
        whose: Mapping[Value, Whose],
        allowed: Allowed,
    ) -> tuple[frozenset[bytes], set[Value]]:
        """Say by what else customers are known; return the marks of who said it, and what was said."""
        done: set[bytes] = set()
        said: set[Value] = set()
        for mark, event in events:
            if event.call not in _LINKS or not self._sender.is_server:
                continue
            at = self._of(event, whose)
            if at is None or not allowed.recognised(at.whole):
                continue
            new = [
                value
                for value in _linking(event)
                if value not in said and (value not in whose or whose[value].whole != at.whole)
            ]
            said |= self._say(at.profile, new)
            if new and not said.isdisjoint(new):
                done.add(mark)
            elif new:
                self._dropped[Dropped.NOT_LINKED] += 1
        return frozenset(done), said

    def _say(self, profile: ProfileId, values: Sequence[Value]) -> set[Value]:
        refused = set()
        by = SaidBy(source="online_channel", by=self._sender.name)
        for kind, value in values:
            no = say(
                self._work,
                self._entropy,
                self._now_ms,
                profile=profile,
                values={kind: value},
                said_by=by,
                guards=self._terms.guards,
            )
            refused |= {(kind, value)} if no else set()
        return set(values) - refused

    def _facts(
        self,
        events: Sequence[tuple[bytes, Tracked]],
        whose: Mapping[Value, Whose],
        allowed: Allowed,
        linked: frozenset[bytes],
    ) -> tuple[set[bytes], list[ChannelFact]]:
        kept = set(linked)
        facts: list[ChannelFact] = []
        for mark, event in events:
            of = self._of(event, whose)
            told = self._told(event, mark, of, allowed)
            if isinstance(told, Dropped):
                if mark not in kept:
                    self._dropped[told] += 1
                continue
            facts += told
            kept.add(mark)
        return kept, facts

    def _told(
        self, event: Tracked, mark: bytes, of: Whose | None, allowed: Allowed
    ) -> Sequence[ChannelFact] | Dropped:
        """Return what is kept of an event, at least one fact, or why nothing is."""
        if of is None or not allowed.known(of.whole):
            return Dropped.UNKNOWN_PERSON
        if event.call == "alias":
            return Dropped.NOT_ON_THE_LIST
        facts = facts_of(
            event, now_ms=self._now_ms, profile=of.profile, said_by=of.said_by, mark=mark
        )
        if isinstance(facts, Dropped):
            return facts
        if not facts:
            return Dropped.NOT_ON_THE_LIST
        return [
            each for each in facts if allowed.keeps(of.whole, each.kind, each.at_ms)
        ] or Dropped.NO_CONSENT

    def _of(self, event: Tracked, whose: Mapping[Value, Whose]) -> Whose | None:
        """Return whose an event is; ids that contradict each other mean nobody."""
        each = [whose[value] for value in values_of(event, self._terms.user_id) if value in whose]
        return each[0] if each and len({one.whole for one in each}) == 1 else None

    def _changed(
        self, facts: Sequence[ChannelFact], whose: Mapping[Value, Whose], allowed: Allowed
    ) -> Mapping[StoreId, frozenset[PersonId]]:
        wholes = {each.profile: each.whole for each in whose.values()}
        touched = {wholes[fact.profile] for fact in facts}
        persons = {person for whole in touched for person in allowed.persons[whole]}
        return self._work.visits.under_way(persons)


def _linking(event: Tracked) -> tuple[Value, ...]:
    return says(event) if event.call in _LINKS else ()


def _own_time(one: tuple[bytes, Tracked]) -> tuple[Millis, bytes]:
    mark, event = one
    return event.at_ms, mark


_LINKS: Final = frozenset({"identify", "alias"})
