"""A phone during an outing: where it is carried, and when it is on the air.

Owns: hand, pocket and bag with what each takes of the signal; Android's and Apple's manners.
Never: the frames (`phone`), or where its owner is (`itinerary`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

import numpy as np

from shopbell_sim.core.ether.numbers import HAND_DB

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.random import Generator
    from numpy.typing import NDArray

    from shopbell_sim.core.phone import Platform

Carry = Literal["hand", "pocket", "bag"]

CARRIES: Final[tuple[Carry, ...]] = ("hand", "pocket", "bag")
"""Their numbers in arrays."""

FLAT_DB: Final[dict[Carry, float]] = {"hand": 0.0, "pocket": 4.0, "bag": 3.0}
"""What each takes in every direction. A hand is in the power at 1 m already; a pocket has the body close
behind it and cloth before it, a bag is full of things. [design, within what MIT-LL's rotations leave]"""

BODY_DB: Final[dict[Carry, tuple[float, float]]] = {
    "hand": HAND_DB,
    "pocket": (8.0, 15.0),
    "bag": (6.0, 12.0),
}
"""Best less worst over a whole turn, drawn per outing: 6 to 15 indoors (MIT-LL, 8 rotations)."""

POCKET_SHARE: Final = 0.6
"""Of phones that are not in a hand; the others are in a bag."""

ANDROID_ON_MS: Final = 250.0
"""ADVERTISE_MODE_BALANCED, as the app asks for."""

ANDROID_OFF_MS: Final = 1000.0
"""With the screen off; ADVERTISE_MODE_LOW_POWER's interval. [?]"""

SCREEN_ON_S: Final = (8.0, 45.0)
SCREEN_OFF_S: Final = (60.0, 400.0)
"""In a shop a phone is looked at one minute in eight. [design choice]"""

IPHONE_OPEN_S: Final = (5.0, 60.0)
"""An iPhone's app sends while it is on the screen: bursts of so long. [?]"""

IPHONE_CLOSED_S: Final = (120.0, 900.0)
"""Between two: a list is looked at, a coupon shown."""

IPHONE_OPENS: Final = 0.7
"""So many open the app at all."""

ROTATION_S: Final = 900.0
"""An address is kept for a quarter of an hour, as phones do; not in step with tokens."""


class OnAir(NamedTuple):
    """A stretch during which the phone sends every `interval_ms`, carried so."""

    from_s: float
    until_s: float
    interval_ms: float
    carry: Carry


@dataclass(frozen=True, slots=True, kw_only=True)
class Handset:
    """One phone. `offset_db` is what it sends more than its power byte says."""

    platform: Platform
    offset_db: float
    rests: Carry
    """Where it is while nobody looks at it."""
    body_db: tuple[float, float, float]
    """What the body takes in its direction: in hand, pocket, bag."""
    addresses_from_s: float
    """When its address changes, once in ROTATION_S."""


def draw_handset(rng: Generator, *, iphones: float, spread_db: float) -> Handset:
    """Return a phone; `iphones` is their share, `spread_db` the standard deviation between models."""
    return Handset(
        platform="ios" if rng.random() < iphones else "android",
        offset_db=float(rng.normal(0, spread_db)),
        rests="pocket" if rng.random() < POCKET_SHARE else "bag",
        body_db=_body(rng),
        addresses_from_s=float(rng.uniform(0, ROTATION_S)),
    )


def on_air(
    rng: Generator, handset: Handset, from_s: float, until_s: float, opened_s: Sequence[float] = ()
) -> tuple[OnAir, ...]:
    """Return when the phone sends from `from_s` to `until_s`, in order.

    `opened_s` are moments at which the app is opened for a reason: a list at the door, a pass at the till.
    """
    if handset.platform == "android":
        return tuple(_android(rng, handset, from_s, until_s))
    return tuple(_ios(rng, from_s, until_s, opened_s))


def sendings(
    rng: Generator, stretches: Iterable[OnAir], delay_ms: float
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return of one frame the moments at which it is sent, and how the phone is carried then.

    Between two lie the interval and 0 to `delay_ms` at random.
    """
    times, carries = [np.zeros(0)], [np.zeros(0, dtype=np.int64)]
    for each in stretches:
        most = int((each.until_s - each.from_s) * 1000 / each.interval_ms) + 2
        gaps_ms = each.interval_ms + rng.uniform(0, delay_ms, most)
        # Phones do not begin in step.
        gaps_ms[0] *= rng.random()
        at_s = each.from_s + np.cumsum(gaps_ms) / 1000
        at_s = at_s[at_s < each.until_s]
        times.append(at_s)
        carries.append(np.full(len(at_s), CARRIES.index(each.carry), dtype=np.int64))
    return np.concatenate(times), np.concatenate(carries)


def _body(rng: Generator) -> tuple[float, float, float]:
    hand, pocket, bag = (float(rng.uniform(*BODY_DB[each])) for each in CARRIES)
    return hand, pocket, bag


def _android(rng: Generator, handset: Handset, from_s: float, until_s: float) -> Iterable[OnAir]:
    at_s, screen = from_s, bool(rng.random() < SCREEN_FIRST)
    while at_s < until_s:
        end_s = min(at_s + float(rng.uniform(*(SCREEN_ON_S if screen else SCREEN_OFF_S))), until_s)
        yield OnAir(
            at_s,
            end_s,
            ANDROID_ON_MS if screen else ANDROID_OFF_MS,
            "hand" if screen else handset.rests,
        )
        at_s, screen = end_s, not screen


SCREEN_FIRST: Final = 0.2
"""So many come along with a look at their phone."""


def _ios(
    rng: Generator, from_s: float, until_s: float, opened_s: Sequence[float]
) -> Iterable[OnAir]:
    moments = list(opened_s)
    if rng.random() < IPHONE_OPENS:
        at_s = from_s + float(rng.uniform(0, IPHONE_CLOSED_S[1]))
        while at_s < until_s:
            moments.append(at_s)
            at_s += float(rng.uniform(*IPHONE_CLOSED_S))
    free_s = from_s
    for at_s in sorted(moments):
        begin_s = max(at_s, free_s)
        end_s = min(begin_s + float(rng.uniform(*IPHONE_OPEN_S)), until_s)
        if end_s > begin_s:
            yield OnAir(begin_s, end_s, ANDROID_ON_MS, "hand")
            free_s = end_s
