"""When is a token in the store? The rule for one token at one scanner.

Owns: entering, inactivity, leaving.
Never: reads a clock, compares bare RSSI, or says anything to anyone (`telling`).

A `Stay` exists from `entered` to `left`; before that a token is but a window of sightings. It is changed in
place, because a sighting has 3 µs in all: replacing frozen values would take half of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from shopbell_edge.core.strength import loss_of, median
from shopbell_edge.core.units import Boottime
from shopbell_edge.core.window import Window

if TYPE_CHECKING:
    from shopbell_edge.core.rules import Rules
    from shopbell_wire.messages import Loss, Phase


NEVER: Final = Boottime(0)
"""The time of a mac that was never heard."""

FOREVER_MS: Final = 2**62
"""Longer ago than any boot."""


@dataclass(slots=True, kw_only=True)
class Stay:
    """A token in the store. `n` counts the sightings since `first`; `heard` holds the latest of them.

    `listened_ms` is the reading of the scanner's `Listening` at the last sighting.
    """

    first: Boottime
    last: Boottime
    n: int
    heard: Window
    listened_ms: int
    inactive: bool = False
    mac: str = ""
    mac_at: Boottime = NEVER

    def hear(self, now: Boottime, listened_ms: int, loss_db: float, mac: str, rules: Rules) -> bool:
        """Take in a sighting; return whether it ends an inactivity.

        One above `leave_loss_db` counts as unheard. The latest mac counts, with the time when it was
        heard last, so that a recording grows stale however often it is played.
        """
        if loss_db > rules.leave_loss_db:
            return False
        self.heard.add(now, loss_db)
        self.n += 1
        self.last = now
        self.listened_ms = listened_ms
        if mac:
            self.mac = mac
            self.mac_at = now
        back, self.inactive = self.inactive, False
        return back

    def judge(self, listened_ms: int, rules: Rules) -> Phase:
        """Return the phase that the silence since the last sighting makes it."""
        unheard_ms = listened_ms - self.listened_ms
        if unheard_ms >= rules.leave_ms:
            return "left"
        if unheard_ms >= rules.inactive_ms:
            return "inactive"
        return "present"

    def loss(self, rules: Rules) -> Loss:
        """Return the loss over the window that ends with the last sighting."""
        losses_db = self.heard.losses(self.last - rules.window_ms)
        if len(losses_db) < rules.window_sightings:
            losses_db = self.heard.losses(self.last - rules.window_most_ms)
        return loss_of(losses_db)


class Candidate:
    """A token that has not entered: heard once, or from the street."""

    __slots__ = ("_near_ms", "_sightings")

    def __init__(self) -> None:
        self._sightings = Window()
        self._near_ms = -FOREVER_MS

    @property
    def last_ms(self) -> int:
        """Boottime of the latest sighting. There must be one."""
        return self._sightings.last_ms

    def hear(self, now: Boottime, listened_ms: int, loss_db: float, rules: Rules) -> Stay | None:
        """Take in a sighting; return the stay that it begins, if it does.

        The stay began with the first of the sightings that made it and count as heard.
        """
        self._sightings.add(now, loss_db)
        since_ms = now - rules.enter_within_ms
        if loss_db <= rules.enter_loss_db:
            self._near_ms = now
        elif self._near_ms < since_ms:
            return None  # a median has a value at or below it: phones in the street end here
        losses_db = self._sightings.losses(since_ms)
        if len(losses_db) < rules.enter_sightings or median(losses_db) > rules.enter_loss_db:
            return None
        return self._stay(since_ms, listened_ms, rules)

    def _stay(self, since_ms: int, listened_ms: int, rules: Rules) -> Stay:
        sightings = self._sightings.sightings(since_ms)
        heard = Window()
        counted = [(Boottime(at), loss) for at, loss in sightings if loss <= rules.leave_loss_db]
        for at, loss_db in counted:
            heard.add(at, loss_db)
        return Stay(
            first=counted[0][0],
            last=counted[-1][0],
            n=len(counted),
            heard=heard,
            listened_ms=listened_ms,
        )
