"""A code in front of a reader is read many times and meant once.

Owns: which codes of one reader were let through lately; a bound on how many.
Never: a code's text: it remembers a hash, under a key that dies with the process.
"""

from __future__ import annotations

from collections import OrderedDict
from hashlib import blake2b
from typing import TYPE_CHECKING, Final

from shopbell_edge.core.codes import PASS_STEP_S, STALE_AFTER_S, PassCode

if TYPE_CHECKING:
    from shopbell_edge.core.codes import LoyaltyNumber
    from shopbell_edge.core.units import Boottime

HOLD_MS: Final = 30_000
"""As long as a card lies on a counter."""

PASS_HOLD_MS: Final = (PASS_STEP_S + STALE_AFTER_S) * 1000
"""A showing of a pass counts once, whatever is configured: so much later it is stale."""

MOST_CODES: Final = 256
"""Nobody shows two codes a second for two minutes; a flood pushes out the oldest."""


class Repeats:
    """The codes that one reader let through. `key` (16 random bytes) hides them from a look at the memory."""

    __slots__ = ("_hold_ms", "_key", "_until_ms")

    def __init__(self, *, key: bytes, hold_ms: int = HOLD_MS) -> None:
        self._key = key
        self._hold_ms = hold_ms
        self._until_ms: OrderedDict[bytes, int] = OrderedDict()

    def __len__(self) -> int:
        return len(self._until_ms)

    def is_new(self, code: PassCode | LoyaltyNumber, now: Boottime) -> bool:
        """Return whether `code` was not let through within its time, and let it through if so.

        A pass is the same as long as its step is, for it shows the second of its drawing too. The time
        counts from when it was let through: a card that stays before a camera is told again every 30 s.
        """
        name, hold_ms = self._name(code)
        if self._until_ms.get(name, now) > now:
            return False
        self._until_ms[name] = now + hold_ms
        self._until_ms.move_to_end(name)
        if len(self._until_ms) > MOST_CODES:
            self._until_ms.popitem(last=False)
        return True

    def forget(self, code: PassCode | LoyaltyNumber) -> None:
        """Let `code` through again: it could not be kept, so showing it once more must help."""
        self._until_ms.pop(self._name(code)[0], None)

    def _name(self, code: PassCode | LoyaltyNumber) -> tuple[bytes, int]:
        if isinstance(code, PassCode):
            text, hold_ms = f"{code.card_ref}.{code.step}", PASS_HOLD_MS
        else:
            text, hold_ms = f"{code.symbology} {code.number}", self._hold_ms
        return blake2b(text.encode(), key=self._key, digest_size=16).digest(), hold_ms
