"""Outings of a day: who goes where with which phone.

Owns: what an outing is, and what of it is true: when she was inside, and in which zone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from shopbell_sim.core.outing.handset import Handset, OnAir
    from shopbell_sim.core.outing.itinerary import Itinerary
    from shopbell_sim.core.site.site import Site

Kind = Literal["customer", "passer", "staff"]

LOOK_S: Final = 0.25
"""The truth is looked at so often: 30 cm of a walk, a hundredth of what boundaries are judged by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outing:
    """Somebody with a phone, once; `who` may have several in a day, apart from one another."""

    who: str
    kind: Kind
    itinerary: Itinerary
    handset: Handset
    on_air: tuple[OnAir, ...]
    paid_s: float | None = None
    """When she was at the till, if she was."""


class Stay(NamedTuple):
    """She was inside from `from_s` to `until_s`."""

    from_s: float
    until_s: float


class InZone(NamedTuple):
    """She was in `zone` from `from_s` on; None: in the street, or where no zone is."""

    from_s: float
    zone: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """What is true of an outing, in the order of time."""

    stays: tuple[Stay, ...]
    zones: tuple[InZone, ...]


def truth_of(outing: Outing, site: Site) -> Truth:
    """Return when `outing` was inside and where."""
    itinerary = outing.itinerary
    times = np.arange(itinerary.begins_s, itinerary.ends_s + LOOK_S, LOOK_S)
    where = itinerary.at(times)
    inside = ~((where.levels == 0) & (where.ys >= site.ground.depth_m))
    edges = np.flatnonzero(np.diff(inside.astype(np.int64), prepend=0, append=0))
    zones = site.zones_at(where.levels, where.xs, where.ys)
    names = site.zone_ids()
    changes = np.flatnonzero(np.diff(zones, prepend=-2))
    return Truth(
        stays=tuple(
            Stay(float(times[first]), float(times[after - 1]))
            for first, after in zip(edges[::2], edges[1::2], strict=True)
        ),
        zones=tuple(
            InZone(float(times[index]), names[zones[index]] if zones[index] >= 0 else None)
            for index in changes
        ),
    )


class Happened(NamedTuple):
    """`what` of an outing: `entered`, `zone` (None: none any more), `went_out` or `bought`."""

    at_s: float
    what: str
    zone: str | None


def happened(outing: Outing, truth: Truth) -> list[Happened]:
    """Return what happened on `outing`, in the order of time."""
    told = [Happened(each.from_s, "entered", None) for each in truth.stays]
    told += [Happened(each.until_s, "went_out", None) for each in truth.stays]
    if outing.paid_s is not None:
        told.append(Happened(outing.paid_s, "bought", None))
    told += [Happened(each.from_s, "zone", each.zone) for each in truth.zones]
    return sorted(told, key=lambda one: one.at_s)


def sending_inside_s(outing: Outing, stay: Stay) -> float:
    """Return for how long of `stay` the phone was on the air, first to last sending; 0 if it was not."""
    begins = [max(each.from_s, stay.from_s) for each in outing.on_air if each.until_s > stay.from_s]
    ends = [min(each.until_s, stay.until_s) for each in outing.on_air if each.from_s < stay.until_s]
    return max(0.0, max(ends) - min(begins)) if begins and ends else 0.0
