"""The usual sighting: of a token that is here, in the bytes in which it was heard before.

Owns: what such a sighting changes, and under which conditions it changes nothing else.
Never: anything that cannot be thrown away. Without it all is decided the same, more slowly.

Of a thousand advertisements of ours 990 are of this kind: a phone repeats its bytes for minutes, four times
a second. They are known by their bytes (`Parts`), and all that they change is the window of their stay.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shopbell_edge.core.frames import HEARABLE_DBM
from shopbell_edge.core.interest import look_for
from shopbell_edge.core.presence import FOREVER_MS
from shopbell_edge.core.window import LOSSES_DB

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shopbell_edge.core.interest import Look, Parts
    from shopbell_edge.core.retailer import Retailer
    from shopbell_edge.core.rules import Rules
    from shopbell_edge.core.telling import Told
    from shopbell_edge.core.units import Boottime
    from shopbell_edge.core.window import Window

LOUDEST_DBM: Final = HEARABLE_DBM[-1]


class Usual:
    """What a usual sighting of certain parts does. Holds until a stay changes in any way but its window.

    Whoever got it from a `look` may keep it for the next advertisement that says the same: when it holds no
    more, it says so.
    """

    __slots__ = ("_before_ms", "_least_dbm", "_windows", "n")

    def __init__(
        self, before_ms: int, least_dbm: int, windows: tuple[tuple[int, Window], ...]
    ) -> None:
        """Take in what is heard at `least_dbm` or more, before `before_ms` (boottime).

        `windows` are those of the stays, each with the power at 1 m that its frame says. `n` counts what
        was taken in.
        """
        self.n = 0
        self._before_ms = before_ms
        self._least_dbm = least_dbm
        self._windows = windows

    def hear(self, rssi_dbm: int, now: Boottime) -> bool:
        """Take in a sighting; False, with nothing changed, if it is not a usual one."""
        if now >= self._before_ms or not self._least_dbm <= rssi_dbm <= LOUDEST_DBM:
            return False
        self.n += 1
        for power_dbm, window in self._windows:
            window.add(now, power_dbm - rssi_dbm)
        return True

    def end(self) -> None:
        """Hear nothing any more, whoever still has it."""
        self._before_ms = -FOREVER_MS
        self._windows = ()


UNUSUAL: Final = Usual(-FOREVER_MS, 0, ())
"""Nothing is usual about it."""


def interest_in(retailer: Retailer) -> Look[Usual]:
    """Return the first look where nobody is known: UNUSUAL is whatever could be of `retailer`."""
    return look_for(retailer, lambda _parts: UNUSUAL)


class _ByParts(dict["Parts", Usual]):
    def __missing__(self, _parts: Parts) -> Usual:
        return UNUSUAL


class Usuals:
    """The usual sightings of one roster, by parts: no more than there are stays, some 500 bytes each.

    `look` is the first look at an advertisement.
    """

    __slots__ = ("_by_parts", "_forgotten", "_most_db", "_rules", "look")

    def __init__(self, retailer: Retailer, rules: Rules) -> None:
        self._rules = rules
        self._by_parts = _ByParts()
        self._forgotten = 0
        # The dictionary's own method: a function around it would take a tenth of a sighting.
        self.look: Look[Usual] = look_for(retailer, self._by_parts.__getitem__)
        counts = [db for db in LOSSES_DB if db + rules.scanner_offset_db <= rules.leave_loss_db]
        self._most_db = counts[-1] if counts else LOSSES_DB[0] - 1

    @property
    def heard(self) -> int:
        """How many advertisements so far were usual sightings."""
        return self._forgotten + sum(usual.n for usual in self._by_parts.values())

    def learn(self, parts: Parts, stays: Sequence[tuple[int, Told]]) -> None:
        """Let `parts` be usual for `stays`, each with its power: all of which they are a sighting.

        No other parts are usual for any of them from now on, so a stay that is heard with two macs by
        turns keeps telling them apart.
        """
        before_ms, strongest_dbm = FOREVER_MS, HEARABLE_DBM[0]
        for power_dbm, told in stays:
            self.forget(told)
            told.usual = parts
            strongest_dbm = max(strongest_dbm, power_dbm - self._most_db)
            if not told.shown:
                before_ms = min(before_ms, told.stay.first + self._rules.shown_ms)
        windows = tuple((power_dbm, told.stay.heard) for power_dbm, told in stays)
        self._end(parts)
        self._by_parts[parts] = Usual(before_ms, strongest_dbm, windows)

    def forget(self, told: Told) -> None:
        """Let nothing be usual for `told`, nor for a stay that is heard together with it."""
        if told.usual is not None:
            self._end(told.usual)
            told.usual = None

    def forget_all(self) -> None:
        """Let nothing be usual."""
        for parts in list(self._by_parts):
            self._end(parts)

    def _end(self, parts: Parts) -> None:
        ended = self._by_parts.pop(parts, None)
        if ended is not None:
            self._forgotten += ended.n
            ended.end()
