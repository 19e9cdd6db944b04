"""When is a token in the store? The rule for one token at one scanner.

Owns: entering, inactivity, leaving.
Never: reads a clock, compares bare RSSI, or says anything to anyone (`telling`).

A `Stay` exists from `entered` to `left`; before that a token is but a window of sightings. It is changed in
place, because a sighting has 3 µs in all: replacing frozen values would take half of them. Losses that are
handed in are bare (`Window`).
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
    """A token in the store, since `first`; `heard` is what was heard of it, and that alone makes it longer.

    `deaf_ms` is boottime less the reading of the scanner's `Listening`, as of the last sighting.
    """

    first: Boottime
    heard: Window
    deaf_ms: int
    inactive: bool = False
    mac: str = ""
    mac_since: Boottime = NEVER

    @property
    def last(self) -> Boottime:
        """When the last sighting was."""
        return self.heard.last

    @property
    def n(self) -> int:
        """How many sightings there were since `first`."""
        return self.heard.n

    @property
    def mac_at(self) -> Boottime:
        """When its mac was heard last. A token of a frame with a mac is never heard without one."""
        return max(self.mac_since, self.last)

    def hear(self, now: Boottime, deaf_ms: int, bare_db: int, mac: str, rules: Rules) -> bool:
        """Take in a sighting; return whether it ends an inactivity.

        One above `leave_loss_db` counts as unheard. The latest mac counts, with the time when it was
        heard last, so that a recording grows stale however often it is played.
        """
        if bare_db + rules.scanner_offset_db > rules.leave_loss_db:
            return False
        self.heard.add(now, bare_db)
        self.deaf_ms = deaf_ms
        if mac:
            self.mac = mac
            self.mac_since = now
        back, self.inactive = self.inactive, False
        return back

    def judge(self, listened_ms: int, rules: Rules) -> Phase:
        """Return the phase that the silence since the last sighting makes it."""
        unheard_ms = listened_ms - (self.last - self.deaf_ms)
        if unheard_ms >= rules.leave_ms:
            return "left"
        if unheard_ms >= rules.inactive_ms:
            return "inactive"
        return "present"

    def has_lasted(self, rules: Rules) -> bool:
        """Return whether the server may show it to staff from now on."""
        return self.last - self.first >= rules.shown_ms and self.n >= rules.shown_sightings

    def loss(self, rules: Rules) -> Loss:
        """Return the loss over the window that ends with the last sighting."""
        losses_db = self.heard.losses(self.last - rules.window_ms, rules.scanner_offset_db)
        if len(losses_db) < rules.window_sightings:
            losses_db = self.heard.losses(self.last - rules.window_most_ms, rules.scanner_offset_db)
        return loss_of(losses_db)


class Candidate:
    """A token that has not entered: heard once, or from the street."""

    __slots__ = ("_near_ms", "_sightings")

    def __init__(self) -> None:
        self._sightings = Window()
        self._near_ms = -FOREVER_MS

    @property
    def last(self) -> Boottime:
        """When the latest sighting was. There must be one."""
        return self._sightings.last

    def hear(self, now: Boottime, deaf_ms: int, bare_db: int, rules: Rules) -> Stay | None:
        """Take in a sighting; return the stay that it begins, if it does.

        The stay began with the first of the sightings that made it and count as heard.
        """
        self._sightings.add(now, bare_db)
        since_ms = now - rules.enter_within_ms
        if bare_db + rules.scanner_offset_db <= rules.enter_loss_db:
            self._near_ms = now
        elif self._near_ms < since_ms:
            return None  # a median has a value at or below it: phones in the street end here
        losses_db = self._sightings.losses(since_ms, rules.scanner_offset_db)
        if len(losses_db) < rules.enter_sightings or median(losses_db) > rules.enter_loss_db:
            return None
        return self._stay(since_ms, deaf_ms, rules)

    def _stay(self, since_ms: int, deaf_ms: int, rules: Rules) -> Stay:
        counted = [
            (at, bare_db)
            for at, bare_db in self._sightings.sightings(since_ms)
            if bare_db + rules.scanner_offset_db <= rules.leave_loss_db
        ]
        heard = Window()
        for at, bare_db in counted:
            heard.add(at, bare_db)
        return Stay(first=counted[0][0], heard=heard, deaf_ms=deaf_ms)
