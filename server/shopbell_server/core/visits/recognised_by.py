"""Which enrolment of a human allows that she is recognised: for whoever has to find out why she is not.

Owns: how it stands with one of them, and since when.
Never: what is allowed at a moment (`core.consent.ledger`), or who may see it (`core.identity.profile_view`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shopbell_server.core.consent.ledger import Change, Purpose, active, expires_ms
from shopbell_server.core.identity.profile_view import Recognition

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shopbell_server.core.consent.ledger import Entry
    from shopbell_server.core.ids import Millis


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
