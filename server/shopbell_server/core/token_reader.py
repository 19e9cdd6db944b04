"""Reading tokens that are heard again and again.

Owns: which candidates a presence event has, each token worked out once per window.
Never: whether a candidate is anybody (`acceptance`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shopbell_server.core.token_windows import candidate_windows, window_of
from shopbell_server.core.tokens import (
    ID32_DIGITS,
    ID64_DIGITS,
    candidates,
    candidates_of_undated,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shopbell_server.core.ids import Millis
    from shopbell_server.core.tokens import Candidate, KeyRing
    from shopbell_wire.messages import Frame, Presence

MOST_REMEMBERED: Final = 20_000
"""Tokens of 10 000 people in two windows, the most that an edge tells apart; 8 MB."""

DIGITS: Final[Mapping[Frame, int]] = {
    "ibeacon": ID32_DIGITS,
    "service-data": ID64_DIGITS,
    "service-uuid": ID64_DIGITS,
}
"""How long a token is in each frame. One of another length was not read from such a frame, and would
borrow the trust that the frame deserves. Static ids are not made by us and mean nobody here."""


class TokenReader:
    """Reads with one ring; make a new reader when a key comes or goes. For one thread, as the ring is."""

    def __init__(self, ring: KeyRing) -> None:
        self._ring = ring
        self._known: dict[tuple[str, tuple[int, ...]], tuple[Candidate, ...]] = {}

    def candidates(
        self, presence: Presence, heard_ms: Millis | None, now_ms: Millis
    ) -> tuple[Candidate, ...]:
        """Return whom `presence` may mean (`tokens.candidates`). `heard_ms` is None if nobody knows when."""
        token = presence.token
        if len(token) != DIGITS.get(presence.frame):
            return ()
        windows = (-window_of(now_ms),) if heard_ms is None else candidate_windows(heard_ms)
        found = self._known.get((token, windows))
        if found is None:
            if heard_ms is None:
                found = candidates_of_undated(self._ring, token, now_ms)
            else:
                found = candidates(self._ring, token, heard_ms)
            if len(self._known) >= MOST_REMEMBERED:
                self._known.clear()
            self._known[token, windows] = found
        return found
