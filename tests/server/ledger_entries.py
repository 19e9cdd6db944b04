"""A line of the consent ledger, as tests want it that ask for nothing special of it."""

from __future__ import annotations

from shopbell_server.core.consent.ledger import Change, Entry, Place, Purpose
from shopbell_server.core.ids import Millis, PersonId


def entry_of(
    person: PersonId,
    purpose: Purpose,
    change: Change,
    at_ms: int,
    *,
    sequence: int = 0,
    until_ms: int | None = None,
) -> Entry:
    return Entry(
        sequence=sequence,
        person=person,
        purpose=purpose,
        change=change,
        at_ms=Millis(at_ms),
        until_ms=None if until_ms is None else Millis(until_ms),
        place=Place.APP,
        text_version="2026-11",
        text_sha256="ab" * 32,
        language="nl",
        evidence="device_token",
    )
