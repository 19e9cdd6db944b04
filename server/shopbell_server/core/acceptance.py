"""Whom a token means, among those it could mean.

Owns: what a candidate must have so that she may be known by a token: existence, issue, consent.
Never: decryption (`tokens`) or what the sighting is worth (`frame_trust`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from shopbell_server.core.consent import Purpose, given_spans, may_resolve
from shopbell_server.core.tokens import Resolved, decide

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from shopbell_server.core.consent import Entry, Span
    from shopbell_server.core.ids import DeviceNo, Millis, PersonId, ProfileId, Window
    from shopbell_server.core.people import Enrolment, Issued, Profile
    from shopbell_server.core.tokens import Candidate


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the server knows of everybody who might be meant."""

    by_device_no: Mapping[DeviceNo, Enrolment]
    issued: Mapping[PersonId, Sequence[Issued]]
    ledger: Mapping[PersonId, Sequence[Entry]]
    profiles: Mapping[ProfileId, Profile]


def accepted(
    candidates: Sequence[Candidate], known: Known, at_ms: Millis, now_ms: Millis
) -> Enrolment | None:
    """Return whom the token means: nobody where there is doubt, or where she may not be known."""
    fitting = [
        candidate
        for candidate in candidates
        if _fits(
            known.by_device_no.get(candidate.device_no), candidate.window, known, at_ms, now_ms
        )
    ]
    decided = decide(fitting)
    if isinstance(decided, Resolved):
        return known.by_device_no[decided.candidate.device_no]
    return None


def allowed(enrolment: Enrolment, known: Known, at_ms: Millis, now_ms: Millis) -> bool:
    """Return whether she may be known by something that happened at `at_ms`.

    People who work here are left out: their phones are in the store all day.
    """
    profile = known.profiles.get(enrolment.profile)
    return (
        enrolment.revoked_ms is None
        and not (profile is not None and profile.staff)
        and may_resolve(known.ledger.get(enrolment.person, ()), at_ms, now_ms)
    )


def span_of(entries: Sequence[Entry], at_ms: Millis) -> Span:
    """Return the stretch of consent to recognition that holds `at_ms`, which must be one of consent.

    A stay that began before she consented counts from there.
    """
    return next(
        span
        for span in given_spans(entries, Purpose.RECOGNISE_IN_STORE)
        if span.from_ms <= at_ms < span.to_ms
    )


def _fits(
    enrolment: Enrolment | None, window: Window, known: Known, at_ms: Millis, now_ms: Millis
) -> bool:
    return (
        enrolment is not None
        and allowed(enrolment, known, at_ms, now_ms)
        and any(
            issued.first <= window <= issued.last
            for issued in known.issued.get(enrolment.person, ())
        )
    )
