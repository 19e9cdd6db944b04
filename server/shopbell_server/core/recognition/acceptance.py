"""Whom a token means, among those it could mean.

Owns: what a candidate must have so that she may be known: existence, issue, consent.
Never: decryption (`tokens`) or what the sighting is worth (`frame_trust`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from shopbell_server.core.consent.ledger import Purpose, Span, given_spans
from shopbell_server.core.recognition.tokens import Ambiguous, decide
from shopbell_server.core.token_windows import on_air_ms

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from shopbell_server.core.consent.ledger import Entry
    from shopbell_server.core.identity.people import Enrolment, Issued
    from shopbell_server.core.ids import DeviceNo, Millis, PersonId, Window
    from shopbell_server.core.recognition.fixed_ids import FixedId
    from shopbell_server.core.recognition.tokens import Candidate


@dataclass(frozen=True, slots=True, kw_only=True)
class Acquaintance:
    """Somebody, and all that decides whether and when she may be known."""

    enrolment: Enrolment
    spans: tuple[Span, ...]
    """When she allows it (`allowed`)."""
    issued: tuple[Issued, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Meant:
    """Who it is, and the stretch of her consent in which it was."""

    enrolment: Enrolment
    candidate: Candidate | None
    """None where it is a fixed id, which can mean one person only."""
    span: Span
    counts_from_ms: Millis
    """Stays count since she consented, and not before their token was on the air."""


def allowed(
    enrolment: Enrolment, entries: Iterable[Entry], *, works_here: bool
) -> tuple[Span, ...]:
    """Return when she allows to be known; () for never.

    Who was revoked is nobody; people who work here are left out, for their phones are in the store all
    day.
    """
    if enrolment.revoked_ms is not None or works_here:
        return ()
    return given_spans(entries, Purpose.RECOGNISE_IN_STORE)


def knowable(spans: tuple[Span, ...], now_ms: Millis) -> tuple[Span, ...]:
    """Return those of the spans that she allows in which she may be known by what is done at `now_ms`.

    Consent counts at the moment of an event and still now: all of them or none.
    """
    return () if span_of(spans, now_ms) is None else spans


def span_of(spans: Iterable[Span], at_ms: Millis) -> Span | None:
    """Return the span that holds `at_ms`."""
    for span in spans:
        if span.from_ms <= at_ms < span.to_ms:
            return span
    return None


def meanings(
    candidates: Iterable[Candidate], people: Mapping[DeviceNo, Acquaintance], now_ms: Millis
) -> tuple[Meant, ...]:
    """Return whom a token may mean, likeliest first, once for each stretch of her consent.

    Of `candidates` those who exist, were issued the token of that window, and may be known now.
    """
    found = []
    for candidate in candidates:
        who = people.get(candidate.device_no)
        if who is None or not _was_issued(who.issued, candidate.window):
            continue
        found += [
            Meant(
                enrolment=who.enrolment,
                candidate=candidate,
                span=span,
                counts_from_ms=max(span.from_ms, on_air_ms(candidate.window)),
            )
            for span in knowable(who.spans, now_ms)
        ]
    return tuple(found)


def meant_by(
    fixed_id: FixedId | None, people: Mapping[PersonId, Acquaintance], now_ms: Millis
) -> tuple[Meant, ...]:
    """Return whom a fixed id means, once for each stretch of her consent; () if nobody registered it.

    Not before she did: until then it may have been somebody else's.
    """
    who = None if fixed_id is None else people.get(fixed_id.person)
    if fixed_id is None or who is None:
        return ()
    spans = (
        Span(from_ms=max(span.from_ms, fixed_id.registered_ms), to_ms=span.to_ms)
        for span in knowable(who.spans, now_ms)
    )
    return tuple(
        Meant(enrolment=who.enrolment, candidate=None, span=span, counts_from_ms=span.from_ms)
        for span in spans
        if span.from_ms < span.to_ms
    )


def accepted(meanings: Iterable[Meant], at_ms: Millis) -> Meant | None:
    """Return whom a token heard at `at_ms` means: nobody where there is doubt, or where she may not be."""
    fitting = [each for each in meanings if each.span.from_ms <= at_ms < each.span.to_ms]
    if not fitting:
        return None
    # The first is the likeliest, and is hers where all of them are.
    candidates = [each.candidate for each in fitting if each.candidate is not None]
    if len(candidates) > 1 and isinstance(decide(candidates), Ambiguous):
        return None
    return fitting[0]


def _was_issued(issued: Iterable[Issued], window: Window) -> bool:
    return any(each.first <= window <= each.last for each in issued)
