"""Reading tokens that are heard again and again.

Owns: which candidates the token of a presence event has, each worked out once per window.
Never: whether a candidate is anybody (`acceptance`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from shopbell_server.core.recognition.fixed_ids import DIGITS as FIXED_DIGITS
from shopbell_server.core.recognition.tokens import ID32_DIGITS, ID64_DIGITS, read
from shopbell_server.core.token_windows import candidate_windows, trial_windows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from shopbell_server.core.edges.admission import Seen
    from shopbell_server.core.ids import Millis
    from shopbell_server.core.recognition.fixed_ids import IdMark, MarkOf
    from shopbell_server.core.recognition.tokens import Asked, Candidate, KeyRing
    from shopbell_wire.messages import Frame, Presence

MOST_REMEMBERED: Final = 20_000
"""Tokens of 10 000 people in two windows, the most that an edge tells apart; 8 MB."""

DIGITS: Final[Mapping[Frame, int]] = {
    "ibeacon": ID32_DIGITS,
    "service-data": ID64_DIGITS,
    "service-uuid": ID64_DIGITS,
}
"""How long a token is in each frame. One of another length was not read from such a frame, and would
borrow the trust that the frame deserves. Fixed ids are not made by us: there is nothing to read in them."""

MINUTE_MS: Final = 60_000
"""Windows and the tolerance around them are whole minutes: within one, the same windows are on the air."""


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """Whom a token may mean (`tokens.read`); of a fixed id its mark, for whose it is to be looked up.

    Two of one token and time are the same object, so that what follows from it is worked out once.
    """

    candidates: tuple[Candidate, ...]
    mark: IdMark | None = None


NOTHING: Final = Reading(())
"""Of what is no token of ours in form."""


class TokenReader:
    """Reads with one ring; make a new reader when a key comes or goes. For one thread, as the ring is."""

    def __init__(self, ring: KeyRing, mark_of: MarkOf | None = None) -> None:
        """Without `mark_of` fixed ids mean nobody."""
        self._ring = ring
        self._mark_of = mark_of
        self._known: dict[Asked | None, Reading] = {}

    def readings(self, seen: Sequence[Seen]) -> list[Reading]:
        """Return the reading of each."""
        windows_at: dict[int, tuple[int, ...]] = {}
        asked: list[Asked | None] = []
        fixed: dict[int, str] = {}
        for presence, _, last_ms, _ in seen:
            token = presence.token
            if len(token) != DIGITS.get(presence.frame):
                if presence.frame == "static" and len(token) in FIXED_DIGITS:
                    fixed[len(asked)] = token
                asked.append(None)
                continue
            windows = windows_at.get(last_ms // MINUTE_MS)
            if windows is None:
                windows = windows_at[last_ms // MINUTE_MS] = candidate_windows(last_ms)
            asked.append((token, windows))
        found = self._answered(asked)
        if fixed and self._mark_of is not None:
            # Remembered for this call and no longer: most may be strangers', who are to leave no trace.
            marked = {token: Reading((), self._mark_of(token)) for token in set(fixed.values())}
            for at, token in fixed.items():
                found[at] = marked[token]
        return found

    def readings_of_undated(self, seen: Sequence[Presence], now_ms: Millis) -> list[Reading]:
        """Return the reading of each, heard at an unknown time of the last 24 h.

        An id64 proves the time to a quarter of an hour. An id32 cannot: its 96 candidates mean nothing,
        so there are none. Costs 96 decryptions, some 0.2 ms.
        """
        windows = trial_windows(now_ms)
        return self._answered(
            [
                (each.token, windows)
                if len(each.token) == DIGITS.get(each.frame) == ID64_DIGITS
                else None
                for each in seen
            ]
        )

    def _answered(self, asked: Sequence[Asked | None]) -> list[Reading]:
        known = self._known
        # Nearly all were heard before, so that each is looked up once.
        found = [NOTHING if each is None else known.get(each) for each in asked]
        unknown = {each for each, one in zip(asked, found, strict=True) if one is None}
        learned = self._learned([each for each in unknown if each is not None])
        return [
            learned[each] if one is None else one for each, one in zip(asked, found, strict=True)
        ]

    def _learned(self, unknown: Sequence[Asked]) -> dict[Asked | None, Reading]:
        learned: dict[Asked | None, Reading] = {
            each: Reading(candidates)
            for each, candidates in zip(unknown, read(self._ring, unknown), strict=True)
        }
        if len(self._known) + len(learned) > MOST_REMEMBERED:
            self._known.clear()
        self._known.update(learned)
        return learned
