"""Somebody in the shop: what she came for, and how she goes about it.

Owns: walking, browsing, waiting, paying, leaving, one step of time after the other.
Never: whom she meets (`crowd` keeps the queue), or her phone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from shopbell_sim.core.floor import Floor, distance_m
from shopbell_sim.core.site.shapes import Point

if TYPE_CHECKING:
    from random import Random

WALK_M_PER_S: Final = 1.2
"""In shops; 1.4 in the street."""

PAYING_S: Final = (6.0, 12.0)
"""In the demo's hurry; a till needs a minute or two."""

SHOW_PASS_S: Final = 4.0
"""The phone is held before the camera for so long."""


class Doing(StrEnum):
    """What she is at."""

    ARRIVING = "arriving"
    BROWSING = "browsing"
    QUEUEING = "queueing"
    CHECKING_IN = "checking_in"
    PAYING = "paying"
    LEAVING = "leaving"
    GONE = "gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """A stop before a shelf."""

    at: Point
    for_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """What she came for: things to look at, and whether she goes to the till with her pass, her purse."""

    comes_from: Point
    looks: tuple[Look, ...]
    shows_pass: bool
    buys: bool
    goes_to: Point
    steps_out_s: float = 0.0
    """She forgot something, goes out before the till and comes back after so long; 0: she does not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shopper:
    """Where she is at a moment. `path` is what is left of her way, `until_s` when she moves on."""

    at: Point
    heading_rad: float
    doing: Doing
    errand: Errand
    path: tuple[Point, ...] = ()
    until_s: float = 0.0

    @property
    def moving(self) -> bool:
        """Whether she walks."""
        return bool(self.path)


def arriving(errand: Errand) -> Shopper:
    """Return a shopper in the street, on her way in."""
    return Shopper(
        at=errand.comes_from, heading_rad=-math.pi / 2, doing=Doing.ARRIVING, errand=errand
    )


def checking_in(errand: Errand, floor: Floor, now_s: float) -> Shopper:
    """Return a shopper who stands at the till and holds up her pass."""
    return Shopper(
        at=floor.till,
        heading_rad=math.pi / 2,
        doing=Doing.CHECKING_IN,
        errand=errand,
        until_s=now_s + SHOW_PASS_S,
    )


def walked(shopper: Shopper, dt_s: float) -> Shopper:
    """Return her `dt_s` further along her path."""
    left_m = WALK_M_PER_S * dt_s
    at, heading, path = shopper.at, shopper.heading_rad, shopper.path
    while path and left_m > 0:
        there = path[0]
        gap_m = distance_m(at, there)
        if gap_m > 0:
            heading = math.atan2(there.y - at.y, there.x - at.x)
        if gap_m <= left_m:
            at, path = there, path[1:]
        else:
            share = left_m / gap_m
            at = Point(at.x + (there.x - at.x) * share, at.y + (there.y - at.y) * share)
        left_m -= gap_m
    return replace(shopper, at=at, heading_rad=heading, path=path)


def next_doing(shopper: Shopper, floor: Floor, now_s: float) -> Shopper:
    """Return her after she has decided what to do next; for one who stands and whose time is up."""
    errand = shopper.errand
    if errand.looks:
        look, rest = errand.looks[0], errand.looks[1:]
        return replace(
            shopper,
            doing=Doing.BROWSING,
            path=floor.route(shopper.at, look.at),
            until_s=now_s + _walk_s(floor.route(shopper.at, look.at), shopper.at) + look.for_s,
            errand=replace(errand, looks=rest),
        )
    if errand.steps_out_s > 0:
        return _out_and_back(shopper, floor, now_s)
    if errand.shows_pass or errand.buys:
        return replace(
            shopper,
            doing=Doing.QUEUEING,
            path=floor.route(shopper.at, floor.queue[-1]),
        )
    return leaving(shopper, floor)


def leaving(shopper: Shopper, floor: Floor) -> Shopper:
    """Return her on her way out, for good."""
    return replace(
        shopper, doing=Doing.LEAVING, path=floor.route(shopper.at, shopper.errand.goes_to)
    )


def at_the_till(shopper: Shopper, floor: Floor, rng: Random, now_s: float) -> Shopper:
    """Return her at the till: first the pass, if she shows it, then the purse."""
    errand = shopper.errand
    here = () if shopper.at == floor.till else (floor.till,)
    if errand.shows_pass:
        shown = replace(errand, shows_pass=False)
        until_s = now_s + SHOW_PASS_S
        return replace(shopper, doing=Doing.CHECKING_IN, path=here, until_s=until_s, errand=shown)
    until_s = now_s + rng.uniform(*PAYING_S)
    paid = replace(errand, buys=False)
    return replace(shopper, doing=Doing.PAYING, path=here, until_s=until_s, errand=paid)


def _out_and_back(shopper: Shopper, floor: Floor, now_s: float) -> Shopper:
    out = shopper.errand.comes_from
    way = floor.route(shopper.at, out)
    return replace(
        shopper,
        doing=Doing.ARRIVING,
        path=way,
        until_s=now_s + _walk_s(way, shopper.at) + shopper.errand.steps_out_s,
        errand=replace(shopper.errand, steps_out_s=0.0),
    )


def _walk_s(way: tuple[Point, ...], start: Point) -> float:
    points = (start, *way)
    total_m = sum(distance_m(a, b) for a, b in zip(points, way, strict=False))
    return total_m / WALK_M_PER_S
