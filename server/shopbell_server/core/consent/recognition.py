"""How `recognise_in_store` stands with one enrolment: for whoever has to find out why nobody is recognised.

Owns: the words for it.
Never: what is allowed at a moment (`ledger`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from shopbell_server.core.consent.ledger import Change, Purpose, active, expires_ms

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shopbell_server.core.consent.ledger import Entry
    from shopbell_server.core.ids import Millis

State = Literal["allowed", "ran_out", "withdrawn", "never"]
"""`ran_out`: nobody said no, but nobody said yes again either, for a year or since the end of a day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognition:
    """How it stands, and since when; None where nothing was ever said."""

    state: State
    since_ms: Millis | None


def recognition_of(entries: Sequence[Entry], now_ms: Millis) -> Recognition:
    """Return how it stands with her whose `entries` these are."""
    said = [
        each
        for each in entries
        if each.purpose is Purpose.RECOGNISE_IN_STORE and each.at_ms <= now_ms
    ]
    if not said:
        return Recognition(state="never", since_ms=None)
    last = max(said, key=lambda each: (each.at_ms, each.sequence))
    if active(entries, Purpose.RECOGNISE_IN_STORE, now_ms):
        return Recognition(state="allowed", since_ms=last.at_ms)
    if last.change is Change.WITHDRAWN:
        return Recognition(state="withdrawn", since_ms=last.at_ms)
    return Recognition(state="ran_out", since_ms=expires_ms(last))
