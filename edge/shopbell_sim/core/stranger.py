"""Somebody who passes by with a beacon that is none of ours: a tracker, another shop's tag.

Owns: their way along the street, and their frame.
Never: anything of theirs in the truth. Nothing of them may be found anywhere.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from shopbell_sim.core.advert import Advert, foreign_ibeacon
from shopbell_sim.core.airspace import Sender
from shopbell_sim.core.site.shapes import Point

if TYPE_CHECKING:
    from random import Random

    from shopbell_sim.core.floor import Floor

STREET_M_PER_S: Final = 1.4
_POWER_DBM: Final = -59
_BEYOND_M: Final = 2.0
"""They come from behind the edge of the picture."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stranger:
    """On the pavement since `since_s`, from one end to the other."""

    key: str
    since_s: float
    y: float
    to_the_right: bool
    advert: Advert

    def at(self, floor: Floor, now_s: float) -> Point | None:
        """Return where they are; None once they are past."""
        way_m = STREET_M_PER_S * (now_s - self.since_s)
        length_m = floor.width_m + 2 * _BEYOND_M
        if way_m > length_m:
            return None
        x = way_m - _BEYOND_M if self.to_the_right else length_m - _BEYOND_M - way_m
        return Point(x, self.y)

    def sender(self, at: Point) -> Sender:
        """Return what is on the air of them."""
        return Sender(
            key=self.key,
            at=at,
            heading_rad=0.0 if self.to_the_right else math.pi,
            moving=True,
            offset_db=0.0,
            interval_ms=500.0,
            adverts=(self.advert,),
        )


def stranger(rng: Random, floor: Floor, now_s: float, number: int) -> Stranger:
    """Return somebody who comes along now."""
    digits = f"{rng.getrandbits(128):032x}"
    uuid = f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
    return Stranger(
        key=f"stranger-{number}",
        since_s=now_s,
        y=floor.depth_m + rng.uniform(1.5, floor.street_m - 0.5),
        to_the_right=rng.random() < 0.5,  # noqa: PLR2004  (a coin)
        advert=foreign_ibeacon(uuid, rng.randrange(65_536), rng.randrange(65_536), _POWER_DBM),
    )
