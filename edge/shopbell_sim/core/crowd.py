"""Everybody in the shop at once: who is where, and who is next at the till.

Owns: the shoppers, the queue, and what truly happened.
Never: signals, or what anybody makes of it. Changed in place; time and dice come with every call.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, NewType

from shopbell_sim.core.shopper import (
    Doing,
    Errand,
    Shopper,
    arriving,
    at_the_till,
    next_doing,
    walked,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from random import Random

    from shopbell_sim.core.floor import Floor

Who = NewType("Who", str)
"""The retailer's id of a person."""

What = Literal["entered", "zone", "showed_pass", "bought", "went_out", "gone"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """What truly happened; `zone` is where, if inside."""

    what: What
    who: Who
    at_s: float
    zone: str | None


class Crowd:
    """The people of `floor`."""

    def __init__(self, floor: Floor) -> None:
        self._floor = floor
        self._shoppers: dict[Who, Shopper] = {}
        self._zones: dict[Who, str | None] = {}
        self._queue: list[Who] = []
        self._served: Who | None = None

    @property
    def shoppers(self) -> Mapping[Who, Shopper]:
        """Whoever is in the shop or before it."""
        return self._shoppers

    def zone_of(self, who: Who) -> str | None:
        """Return the zone in which somebody truly is; None outside."""
        return self._zones.get(who)

    def add(self, who: Who, errand: Errand) -> None:
        """Let somebody come who is not there."""
        if who in self._shoppers:
            raise ValueError("is here already")
        self._shoppers[who] = arriving(errand)
        self._zones[who] = None

    def place(self, who: Who, shopper: Shopper) -> None:
        """Let somebody be in the middle of her visit already; at the till, she is being served."""
        self.add(who, shopper.errand)
        self._shoppers[who] = shopper
        self._zones[who] = self._floor.zone_at(shopper.at)
        if shopper.doing is Doing.CHECKING_IN:
            self._served = who

    def step(self, rng: Random, now_s: float, dt_s: float) -> list[Happened]:
        """Move everybody on by `dt_s` to `now_s`; return what happened, in order of coming."""
        happened: list[Happened] = []
        for who, before in list(self._shoppers.items()):
            after = self._moved(who, walked(before, dt_s), rng, now_s)
            self._shoppers[who] = after
            happened += self._told(who, before, after, now_s)
            if after.doing is Doing.GONE:
                del self._shoppers[who], self._zones[who]
        return happened

    def _moved(self, who: Who, shopper: Shopper, rng: Random, now_s: float) -> Shopper:
        if shopper.doing is Doing.QUEUEING:
            return self._queued(who, shopper, rng, now_s)
        if shopper.moving or now_s < shopper.until_s:
            return shopper
        if shopper.doing is Doing.LEAVING:
            return replace(shopper, doing=Doing.GONE)
        if shopper.doing in (Doing.CHECKING_IN, Doing.PAYING):
            if shopper.errand.buys and not shopper.errand.looks:
                return at_the_till(shopper, self._floor, rng, now_s)
            self._served = None
        return next_doing(shopper, self._floor, now_s)

    def _queued(self, who: Who, shopper: Shopper, rng: Random, now_s: float) -> Shopper:
        if who not in self._queue:
            self._queue.append(who)
        place = self._queue.index(who)
        if self._served is None and shopper.at == self._floor.queue[0]:
            self._queue.remove(who)
            self._served = who
            return at_the_till(shopper, self._floor, rng, now_s)
        slots = self._floor.queue
        slot = slots[min(place, len(slots) - 1)]
        if shopper.at != slot and not shopper.moving:
            return replace(shopper, path=(slot,))
        return shopper

    def _told(self, who: Who, before: Shopper, after: Shopper, now_s: float) -> list[Happened]:
        zone, last = self._floor.zone_at(after.at), self._zones[who]
        told: list[Happened] = []
        if zone != last:
            self._zones[who] = zone
            what: What = "entered" if last is None else "went_out" if zone is None else "zone"
            told.append(Happened(what=what, who=who, at_s=now_s, zone=zone or last))
        if after.doing is not before.doing:
            moment = _MOMENTS.get(after.doing)
            if moment is not None:
                told.append(Happened(what=moment, who=who, at_s=now_s, zone=zone))
        return told


_MOMENTS: dict[Doing, What] = {
    Doing.CHECKING_IN: "showed_pass",
    Doing.PAYING: "bought",
    Doing.GONE: "gone",
}
