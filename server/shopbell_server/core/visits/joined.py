"""Several enrolments that are one human: under whose name, and what they allow together.

Owns: the head of a group, the ledger that follows from the ledgers of all, what of their evidence counts.
Never: who is one human (`identity`), or visits: those are `sessions` of what counts, as anybody's.

A phone that was replaced, an app that was installed again, two phones in one pocket: each is an enrolment
with a ledger of its own, and stays one. The more restrictive of them decides: a purpose is active for the
group while it is for every member that is enrolled at that moment. Before a phone was enrolled it forbade
nothing, or the past of an old phone would vanish on the first day of the new one. Who left can say nothing
any more: what the others had allowed until then ends with it, as hers does, and counts again from when they
say yes anew.

All of it follows from the members alone, whenever they were joined; nothing of it is stored.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from shopbell_server.core.consent.ledger import Change, Purpose, Span, expires_ms, given_spans
from shopbell_server.core.ids import Millis
from shopbell_server.core.visits.intervals import clipped, reassigned

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from shopbell_server.core.consent.ledger import Entry
    from shopbell_server.core.evidence import Interval
    from shopbell_server.core.identity.people import Enrolment
    from shopbell_server.core.ids import PersonId


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One enrolment of a group, and everything that was said with it."""

    enrolment: Enrolment
    entries: tuple[Entry, ...]

    @property
    def person(self) -> PersonId:
        """Return whose evidence is hers."""
        return self.enrolment.person


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Enrolments that are one human, in the order in which they were enrolled."""

    members: tuple[Member, ...]
    ledger: tuple[Entry, ...]
    """What all of them allow, as if one had said it: every function of `core.consent.ledger` takes it for one
    person's. It is for deciding; what she said, and which text she read, is in the members' entries."""
    spans: tuple[Span, ...]
    """When all of them let themselves be recognised: evidence counts in these and in no others."""

    @property
    def head(self) -> PersonId:
        """Return under whose id the visits of all of them are."""
        return self.members[0].person

    @property
    def persons(self) -> tuple[PersonId, ...]:
        """Return whose evidence is theirs."""
        return tuple(each.person for each in self.members)

    def member(self, person: PersonId) -> Member:
        """Return who has that id, which one of them must have."""
        return next(each for each in self.members if each.person == person)

    def saying(self, person: PersonId, entries: Iterable[Entry]) -> Group:
        """Return the group after `person`, one of it, said `entries` as well."""
        return group_of(
            replace(each, entries=(*each.entries, *entries)) if each.person == person else each
            for each in self.members
        )

    def covers(self, at_ms: Millis) -> bool:
        """Return whether all of them let themselves be recognised at that moment."""
        return any(span.from_ms <= at_ms < span.to_ms for span in self.spans)

    def counted(self, intervals: Iterable[Interval]) -> tuple[Interval, ...]:
        """Return what of the members' `intervals`, all of one store, is evidence of the group, as the head's.

        In order of time. What one of them forbids is no evidence; it stays evidence of who gave it, for when
        they are parted.
        """
        return reassigned(self._allowed(intervals), self.head)

    def _allowed(self, intervals: Iterable[Interval]) -> Iterator[Interval]:
        for each in intervals:
            for span in self.spans:
                if each.key.first_ms < span.to_ms and each.last_ms >= span.from_ms:
                    yield clipped(each, span.from_ms, span.to_ms - 1)


def first_enrolled(enrolments: Iterable[Enrolment]) -> PersonId:
    """Return who of `enrolments`, of which there must be one at least, is the head of them all."""
    return min(enrolments, key=_order).person


def group_of(members: Iterable[Member]) -> Group:
    """Return the group of `members`, of which there must be one at least."""
    in_order = tuple(sorted(members, key=lambda each: _order(each.enrolment)))
    spans = {purpose: _joint_spans(in_order, purpose) for purpose in Purpose}
    # The database wants a consent of a visit's person at or before it; a head may have left without any.
    given_ms = [
        entry.at_ms
        for entry in in_order[0].entries
        if entry.purpose is Purpose.RECOGNISE_IN_STORE
        and entry.change in {Change.GIVEN, Change.RENEWED}
    ]
    recognised = spans[Purpose.RECOGNISE_IN_STORE]
    spans[Purpose.RECOGNISE_IN_STORE] = (
        _both(recognised, (Span(from_ms=min(given_ms), to_ms=_NEVER_MS),)) if given_ms else ()
    )
    return Group(
        members=in_order,
        ledger=tuple(_as_said(in_order, spans)),
        spans=spans[Purpose.RECOGNISE_IN_STORE],
    )


def _order(enrolment: Enrolment) -> tuple[Millis, PersonId]:
    return enrolment.created_ms, enrolment.person


def _joint_spans(members: Sequence[Member], purpose: Purpose) -> tuple[Span, ...]:
    """Return when the entries of `purpose` allow it, of all who are enrolled at each moment."""
    enrolments = [each.enrolment for each in members]
    left = [each.revoked_ms for each in enrolments if each.revoked_ms is not None]
    moments = sorted({*(each.created_ms for each in enrolments), *left})
    spans: list[Span] = []
    for from_ms, to_ms in pairwise([*moments, _NEVER_MS]):
        enrolled = [
            each.entries
            for each in members
            if each.enrolment.created_ms <= from_ms
            and (each.enrolment.revoked_ms is None or each.enrolment.revoked_ms > from_ms)
        ]
        if not enrolled:
            continue
        since_ms = max([at_ms for at_ms in left if at_ms <= from_ms], default=None)
        joint: tuple[Span, ...] = (Span(from_ms=from_ms, to_ms=to_ms),)
        for entries in enrolled:
            heard = [each for each in entries if since_ms is None or each.at_ms >= since_ms]
            joint = _both(joint, given_spans(heard, purpose))
        for span in joint:
            if spans and spans[-1].to_ms == span.from_ms:
                spans[-1] = Span(from_ms=spans[-1].from_ms, to_ms=span.to_ms)
            else:
                spans.append(span)
    return tuple(spans)


def _both(some: Iterable[Span], others: Sequence[Span]) -> tuple[Span, ...]:
    """Return what lies in one of `some` and one of `others`."""
    return tuple(
        Span(from_ms=max(one.from_ms, other.from_ms), to_ms=min(one.to_ms, other.to_ms))
        for one in some
        for other in others
        if max(one.from_ms, other.from_ms) < min(one.to_ms, other.to_ms)
    )


def _as_said(members: Sequence[Member], spans: dict[Purpose, tuple[Span, ...]]) -> Iterator[Entry]:
    """Yield one person's entries that allow each purpose in its `spans` and at no other moment."""
    sequence = 0
    for purpose, allowed in spans.items():
        said = [e for each in members for e in each.entries if e.purpose is purpose]
        for span in allowed:
            # There is one: a span begins with somebody's word, or after it.
            word = max(
                (each for each in said if each.at_ms <= span.from_ms),
                key=lambda each: (each.at_ms, each.person, each.sequence),
            )
            from_ms = span.from_ms
            while from_ms < span.to_ms:
                sequence += 1
                entry = replace(
                    word,
                    sequence=sequence,
                    person=members[0].person,
                    change=Change.GIVEN,
                    at_ms=from_ms,
                    until_ms=span.to_ms,
                )
                yield entry
                # What was renewed in time lasts longer than one entry does.
                from_ms = expires_ms(entry)


_NEVER_MS = Millis(2**53)
"""After everything that can be said of time here."""
