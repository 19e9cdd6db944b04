"""The day: who comes when, what for, and what they allow.

Owns: people with their habits, arrivals, errands, and a past of visits.
Never: how any of it is carried out. All of it is drawn from the dice that are handed in.

The demo's people are in a hurry: a visit takes a minute or two where a shop sees half an hour, because
the demo's rules run twenty times as fast.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Literal

from shopbell_sim.core.crowd import Who
from shopbell_sim.core.phone import CALIBRATED_SD_DB, PhoneModel, draw_model
from shopbell_sim.core.shopper import Errand, Look
from shopbell_sim.core.site.shapes import Point

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime
    from random import Random

    from shopbell_sim.core.floor import Floor
    from shopbell_sim.core.phone import Platform

Purpose = Literal[
    "recognise_in_store", "show_to_staff", "greet_by_name", "show_purchases", "show_browsing",
    "share_with_cdp", "messages",
]  # fmt: skip
"""The server's names."""

_FIRST_NAMES: Final = (
    "Sanne", "Daan", "Emma", "Bram", "Julia", "Sem", "Mila", "Lucas", "Tess", "Levi", "Sophie",
    "Finn", "Zoë", "Noah", "Sara", "Milan", "Anna", "Luuk", "Nora", "Jesse", "Eva", "Thijs", "Lotte",
    "Ruben", "Fleur", "Stijn", "Isa", "Lars", "Femke", "Gijs",
    "Olivia", "James", "Amelia", "Henry", "Grace", "Oscar", "Ruby", "Arthur", "Alice", "Theo",
)  # fmt: skip
_DUTCH: Final = 30
"""The first so many speak Dutch, the others English."""

LOOK_S: Final = 11.0
"""Median of a look at a shelf, log-normal: 11 s here are 4 minutes there."""

LOOK_SIGMA: Final = 0.5

LONGEST_LOOK: Final = 4.0
"""Times the median: nobody stands before a shelf for ever."""

IN_THE_SHOP: Final = 13
"""So many people at once leave a board of ten rows or so: full, and still to be read at a glance."""

AWAY_S: Final = 110.0
"""Before somebody comes again: more than the demo's gap of 90 s, so that it is another visit."""

VISIT_S: Final = 95.0
"""About what a visit takes with its ways; only for how often somebody must come."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A customer: what she allows, which phone she has."""

    who: Who
    first_name: str
    language: Literal["nl", "en"]
    gives: frozenset[Purpose]
    phone: PhoneModel
    changes_mind: bool
    """Withdraws in the middle of a visit, and allows it again some visits later."""

    @property
    def recognised(self) -> bool:
        """Whether she lets herself be recognised; her phone is silent otherwise."""
        return "recognise_in_store" in self.gives


@dataclass(frozen=True, slots=True, kw_only=True)
class PastVisit:
    """A visit of a day gone by, to one edge."""

    who: Who
    edge: str
    start: datetime
    end: datetime
    evidence: Literal["hint", "signal", "fresh", "pass"]


def people(rng: Random, count: int, *, spread_db: float = CALIBRATED_SD_DB) -> tuple[Person, ...]:
    """Return `count` customers, always the same ones for the same dice.

    The first is the one that the demo follows: she allows everything. One in ten allows nothing.
    """
    return tuple(_person(rng, number, spread_db) for number in range(count))


def as_customer(person: Person, who: str, *, platform: Platform, offset_db: float) -> Person:
    """Return `person` under another name, who consents to be recognised and has this phone."""
    return replace(
        person,
        who=Who(who),
        gives=person.gives | {"recognise_in_store"},
        phone=replace(person.phone, platform=platform, offset_db=offset_db),
        changes_mind=False,
    )


def arrival_gap_s(rng: Random, present: int) -> float:
    """Return how long until the next one comes: memoryless, sooner into an empty shop."""
    mean_s = VISIT_S / IN_THE_SHOP * (0.35 if present < IN_THE_SHOP / 2 else 1.0)
    return rng.expovariate(1 / mean_s)


def errand(rng: Random, floor: Floor, look_s: float = LOOK_S) -> Errand:
    """Return what somebody comes for: mostly to look (`look_s` is the median), half the time to buy."""
    looks = tuple(
        Look(at=_beside(rng, spot), for_s=_look_s(rng, look_s))
        for spot in rng.sample(floor.spots, k=rng.choice((1, 2, 2, 3, 3, 4)))
    )
    buys = rng.random() < 0.55  # noqa: PLR2004  (a shop's conversion, about)
    return Errand(
        comes_from=street_end(rng, floor),
        looks=looks,
        shows_pass=buys and rng.random() < 0.5,  # noqa: PLR2004  (half think of it)
        buys=buys,
        goes_to=street_end(rng, floor),
        steps_out_s=rng.uniform(35, 60) if rng.random() < 0.08 else 0.0,  # noqa: PLR2004  (few)
    )


def first_errand(floor: Floor) -> Errand:
    """Return the errand of whoever is followed: she has just checked in, looks around and buys."""
    middle = len(floor.spots) // 2
    return Errand(
        comes_from=Point(floor.door.x, floor.depth_m + 1),
        looks=tuple(
            Look(at=spot, for_s=LOOK_S) for spot in floor.spots[middle - 2 : middle + 4 : 3]
        ),
        shows_pass=False,
        buys=True,
        goes_to=Point(floor.width_m, floor.depth_m + floor.street_m - 1),
    )


def street_end(rng: Random, floor: Floor) -> Point:
    """Return one end of the street, on the far pavement."""
    x = rng.choice((-1.0, floor.width_m + 1.0))
    return Point(x, floor.depth_m + floor.street_m - rng.uniform(0.5, 1.5))


def past_visits(
    rng: Random, whom: Sequence[Person], edges: Sequence[str], today: datetime, *, days: int
) -> Iterator[PastVisit]:
    """Yield visits of the `days` before `today` (midnight of the shop, with its zone), oldest first.

    Each recognised person comes once in four days or so, between nine and seven, not on Sundays;
    visits of one person never overlap and are a day apart at least.
    """
    for back in range(days, 0, -1):
        day = today - timedelta(days=back)
        if day.weekday() == _SUNDAY:
            continue
        for person in whom:
            if person.recognised and rng.random() < _DAILY:
                yield _past_visit(rng, person, edges, day)


LONGEST_PAST_MIN: Final = 22
"""The demo's rules split what is longer than a twentieth of 8 h, and the past is read by them too."""

_DAILY: Final = 0.22
"""Once in four or five days: a supermarket's customer."""

_SUNDAY: Final = 6

_CHANCES: Final[Mapping[Purpose, float]] = {
    "show_to_staff": 0.92, "greet_by_name": 0.75, "show_purchases": 0.5, "show_browsing": 0.3,
    "share_with_cdp": 0.8, "messages": 0.4,
}  # fmt: skip
"""How many of those who let themselves be recognised allow the rest."""


def _person(rng: Random, number: int, spread_db: float) -> Person:
    phone = draw_model(rng, interval_ms=250.0, spread_db=spread_db)
    allows = frozenset(purpose for purpose, chance in _CHANCES.items() if rng.random() < chance)
    gives: frozenset[Purpose] = allows | {"recognise_in_store"}
    if number == 0:
        gives = frozenset(_CHANCES) | {"recognise_in_store"}
        phone = PhoneModel(
            platform="android", name="Simulated Android", offset_db=0.0, interval_ms=250.0
        )
    elif number % 10 == _REFUSES:
        gives = frozenset()
    return Person(
        who=Who(f"demo-{number + 1:03d}"),
        first_name=_FIRST_NAMES[number % len(_FIRST_NAMES)],
        language="nl" if number % len(_FIRST_NAMES) < _DUTCH else "en",
        gives=gives,
        phone=phone,
        changes_mind=number % 13 == _DOUBTS and bool(gives),
    )


_ELBOW_M: Final = 0.75

_REFUSES: Final = 7
_DOUBTS: Final = 5
"""Which of ten, of thirteen: any would do, but the first customer must be neither."""


def _beside(rng: Random, spot: Point) -> Point:
    """Return a place along the shelf: two people do not stand in one."""
    return Point(spot.x, spot.y + rng.uniform(-_ELBOW_M, _ELBOW_M))


def _look_s(rng: Random, median_s: float) -> float:
    return median_s * min(math.exp(rng.gauss(0, LOOK_SIGMA)), LONGEST_LOOK)


def _past_visit(rng: Random, person: Person, edges: Sequence[str], day: datetime) -> PastVisit:
    start = day + timedelta(hours=9, seconds=rng.uniform(0, 9 * 3600))
    minutes = min(max(11 * math.exp(rng.gauss(0, 0.5)), 3), LONGEST_PAST_MIN)
    is_pass = rng.random() < 0.2  # noqa: PLR2004  (one in five checks in)
    evidence: Literal["hint", "signal", "fresh", "pass"] = "signal"
    if is_pass:
        evidence = "pass"
    elif person.phone.platform == "ios":
        evidence = "fresh"
    start = start.replace(microsecond=0)
    return PastVisit(
        who=person.who,
        edge=edges[-1] if is_pass else rng.choice(edges),
        start=start,
        end=start + timedelta(minutes=round(minutes)),
        evidence=evidence,
    )
