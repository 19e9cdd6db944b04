"""Tokens of which the server knows that they mean nobody: nothing more is said of them.

Owns: which tokens these are, in bounded memory, and for how long.
Never: why. Whoever withdrew, a stranger with an old app, a made-up token: an edge cannot tell them apart, and
nobody who reads what the server answers can.

So a stay that goes on when its customer withdraws is told for the last time half a minute later, by the
report that is due then, and not until she leaves.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from shopbell_edge.core.units import Boottime

FOR_MS: Final = 300_000
"""Then it is told once more, and hushed again if it still means nobody. A token lasts for 15 minutes, so this
is three reports where a stay that stands still makes thirty. For ever would be wrong: whose phone's clock is
minutes ahead has a token that means her later, and a fob can be registered while it lies on the counter."""

MOST: Final = 10_000
"""As many as a scanner remembers tokens; who pushes others out by more has them told half a minute on."""


class Hush:
    """Of all scanners of an edge together. Boottimes handed in must not run backwards."""

    __slots__ = ("_until",)

    def __init__(self) -> None:
        self._until: OrderedDict[str, int] = OrderedDict()
        """By token, the one that ends first at the front."""

    def learn(self, tokens: Iterable[str], now: Boottime) -> None:
        """Say nothing of `tokens` from now on."""
        for token in tokens:
            self._until[token] = now + FOR_MS
            self._until.move_to_end(token)
        while self._until and (len(self._until) > MOST or next(iter(self._until.values())) <= now):
            self._until.popitem(last=False)

    def covers(self, token: str, now: Boottime) -> bool:
        """Return whether nothing is to be said of `token`."""
        return self._until.get(token, 0) > now
