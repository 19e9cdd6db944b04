"""How strongly an advertisement arrives, if it does: one at a time, without numpy, for a shop that runs.

Owns: path loss, shadowing, fading, body, collisions, duty and sensitivity.
Never: who sends or where they are (`shopper`, `floor`), or numbers (`ether.numbers`, with their sources). A
whole day is worked out at once by `ether.receptions`; a test holds the two to one another.

`RSSI = power at 1 m + phone - 10 n log10(d) - walls + shadow(place) + fading - body + scanner`, rounded
to whole dB as controllers do.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from shopbell_sim.core.ether.numbers import HAND_DB, NEAREST_M, PACKET_MS, STRONGEST_DBM, Ether

if TYPE_CHECKING:
    from random import Random

    from shopbell_sim.core.site.shapes import Point

_WAVES: Final = 24
"""Cosines that make up a shadowing field: their sum is Gaussian within a per cent."""


SHOP: Final = Ether(shadowing_sd_db=2.0)
"""Shelves are walls here and take their part; what is left to shadowing is what recorded tracks showed."""

BODY_DB: Final = sum(HAND_DB) / 2
"""Of a body behind the phone: everybody in a running shop holds it in the hand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """The way of one advertisement from a phone to a scanner."""

    distance_m: float
    walls_db: float
    shadow_db: float
    away: float
    """0 where she faces the scanner, 1 where her back is to it."""
    moving: bool
    phone_db: float
    """What this phone sends more than the power byte says."""
    scanner_db: float
    duty: float
    """Share of the time in which the scanner listens, 0 to 1."""
    senders: int
    """Other phones within hearing."""
    interval_ms: float
    """At which they advertise, for collisions."""


class Shadow:
    """A field of shadowing for one scanner: fixed in the shop, smooth in space, sd 1 dB."""

    __slots__ = ("_waves",)

    def __init__(self, rng: Random, decorrelation_m: float) -> None:
        # Random Fourier features: wave vectors of this spread correlate as exp(-d^2 / 2 L^2).
        spread = 1 / decorrelation_m
        self._waves = tuple(
            (rng.gauss(0, spread), rng.gauss(0, spread), rng.uniform(0, math.tau))
            for _ in range(_WAVES)
        )

    def at(self, place: Point) -> float:
        """Return the shadowing at `place`, in units of its standard deviation."""
        total = sum(math.cos(kx * place.x + ky * place.y + phase) for kx, ky, phase in self._waves)
        return total * math.sqrt(2 / _WAVES)


def mean_dbm(path: Path, air: Ether) -> float:
    """Return the strength without fading: what a long average would be."""
    metres = max(path.distance_m, NEAREST_M)
    return (
        air.power_at_1_m_dbm
        + path.phone_db
        + path.scanner_db
        - 10 * air.exponent_open * math.log10(metres)
        - path.walls_db
        + air.shadowing_sd_db * path.shadow_db
        - BODY_DB * path.away
    )


def receive(rng: Random, path: Path, air: Ether) -> int | None:
    """Return the RSSI at which one advertisement arrives, or None where it is lost."""
    heard = path.duty * (1 - air.lost) * (1 - collision(path.senders, path.interval_ms))
    if rng.random() >= heard:
        return None
    rician_db = air.rician_moving_db if path.moving else air.rician_still_db
    strength = mean_dbm(path, air) + fading_db(rng, rician_db) + rng.gauss(0, air.channel_sd_db)
    if strength < rng.gauss(air.floor_dbm, air.floor_sd_db):
        return None
    return min(round(strength), STRONGEST_DBM)


def collision(senders: int, interval_ms: float) -> float:
    """Return the chance that another phone talks into a packet: unslotted ALOHA on one channel."""
    return 1 - math.exp(-2 * PACKET_MS * senders / interval_ms)


def away(heading_rad: float, here: Point, scanner: Point) -> float:
    """Return how much of her back the scanner sees, 0 to 1: a raised cosine over her heading."""
    towards = math.atan2(scanner.y - here.y, scanner.x - here.x)
    return (1 - math.cos(heading_rad - towards)) / 2


def fading_db(rng: Random, rician_db: float) -> float:
    """Return one draw of Rician fading, of mean power 0 dB: a steady ray and many scattered ones."""
    ratio = 10 ** (rician_db / 10)
    scattered = math.sqrt(1 / (2 * (ratio + 1)))
    real = math.sqrt(ratio / (ratio + 1)) + rng.gauss(0, scattered)
    return 10 * math.log10(max(real**2 + rng.gauss(0, scattered) ** 2, 1e-9))
