"""Whom a token means, among those it could mean.

Owns: what a candidate must have so that she may be known: existence, issue, consent.
Never: decryption (`tokens`) or what the sighting is worth (`frame_trust`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from shopbell_server.core.consent import Purpose, given_spans
from shopbell_server.core.tokens import Ambiguous, decide

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from shopbell_server.core.consent import Entry, Span
    from shopbell_server.core.ids import DeviceNo, Millis, PersonId, Window
    from shopbell_server.core.people import Enrolment, Issued, Profile
    from shopbell_server.core.tokens import Candidate


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the server knows of everybody who might be meant, as of one moment."""

    issued_to: Mapping[Candidate, Enrolment]
    """Whose phone was given the token of a candidate (`issued_to`)."""
    knowable: Mapping[PersonId, Sequence[Span]]
    """When each may be known (`knowable`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Meant:
    """Who it is, by the token of which window, and the stretch of her consent in which it was."""

    enrolment: Enrolment
    window: Window
    span: Span


def knowable(
    enrolment: Enrolment, profile: Profile | None, entries: Iterable[Entry], now_ms: Millis
) -> tuple[Span, ...]:
    """Return when she may be known by what is worked on at `now_ms`; () for not at all.

    Consent counts at the moment of an event and still now. Who was revoked is nobody; people who work
    here are left out, for their phones are in the store all day.
    """
    if enrolment.revoked_ms is not None or (profile is not None and profile.staff):
        return ()
    spans = given_spans(entries, Purpose.RECOGNISE_IN_STORE)
    return () if span_of(spans, now_ms) is None else spans


def span_of(spans: Iterable[Span], at_ms: Millis) -> Span | None:
    """Return the span that holds `at_ms`."""
    for span in spans:
        if span.from_ms <= at_ms < span.to_ms:
            return span
    return None


def issued_to(
    candidates: Iterable[Candidate],
    by_device_no: Mapping[DeviceNo, Enrolment],
    issued: Mapping[PersonId, Sequence[Issued]],
) -> dict[Candidate, Enrolment]:
    """Return those of `candidates` whose device exists and was issued the token of that window."""
    found = {}
    for candidate in candidates:
        enrolment = by_device_no.get(candidate.device_no)
        if enrolment is not None and any(
            each.first <= candidate.window <= each.last for each in issued.get(enrolment.person, ())
        ):
            found[candidate] = enrolment
    return found


def accepted(candidates: Iterable[Candidate], known: Known, at_ms: Millis) -> Meant | None:
    """Return whom a token heard at `at_ms` means: nobody where there is doubt, or where she may not be."""
    fitting: list[Candidate] = []
    meant: Meant | None = None
    for candidate in candidates:
        enrolment = known.issued_to.get(candidate)
        if enrolment is None:
            continue
        span = span_of(known.knowable.get(enrolment.person, ()), at_ms)
        if span is not None:
            fitting.append(candidate)
            meant = meant or Meant(enrolment=enrolment, window=candidate.window, span=span)
    # The first is the likeliest, and is hers where all of them are.
    return None if len(fitting) > 1 and isinstance(decide(fitting), Ambiguous) else meant
