"""How strongly an advertisement arrives, if it does.

Owns: path loss, shadowing, fading, body, collisions, duty and sensitivity, with their sources.
Never: who sends or where they are (`shopper`, `floor`).

`RSSI = power at 1 m + phone - 10 n log10(d) - walls + shadow(place) + fading - body + scanner`, rounded
to whole dB as controllers do. Values are those that reproduced recorded tracks (TETAM) on end metrics,
not on means alone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from random import Random

    from shopbell_sim.core.site.shapes import Point

PACKET_MS: Final = 0.376
"""47 bytes at 1 Mbit/s: a full legacy advertisement."""

NEAREST_M: Final = 0.3
"""A phone in a hand at the scanner; path loss means nothing nearer than the antenna's own size."""

STRONGEST_DBM: Final = -20
"""What a phone at NEAREST_M gives at most."""

_WAVES: Final = 24
"""Cosines that make up a shadowing field: their sum is Gaussian within a per cent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Air:
    """The numbers of a shop's air."""

    exponent: float = 2.0
    """Open floor 1.8 to 2.2; shelves are walls of their own."""
    power_at_1_m_dbm: float = -57.0
    """-59 nominal at 0 dBm (BlueCharm's table); 2 more because body loss is counted by itself."""
    shadowing_sd_db: float = 2.0
    """Best match of the recorded tracks; 4 as fitted on means made zones harder than they are."""
    decorrelation_m: float = 2.5
    """Distance over which shadowing changes: a gondola's length."""
    rician_moving_db: float = 2.0
    rician_still_db: float = 8.0
    """A steady person's sd is 3 dB (median), a walking one's 3.8 (TETAM)."""
    body_db: float = 8.0
    """Facing away costs 6 to 15 dB indoors (MIT-LL); 4 matched TETAM's rig, which has hardly a body."""
    channel_sd_db: float = 1.0
    """Between advertising channels 37, 38 and 39."""
    lost: float = 0.12
    """Of packets that nothing else explains: reception was 0.85 to 0.88 (TETAM)."""
    floor_dbm: float = -96.0
    floor_sd_db: float = 2.0
    """Where hearing ends: 1 % of received packets were below -100 (BLEBeacon)."""


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


def mean_dbm(path: Path, air: Air) -> float:
    """Return the strength without fading: what a long average would be."""
    metres = max(path.distance_m, NEAREST_M)
    return (
        air.power_at_1_m_dbm
        + path.phone_db
        + path.scanner_db
        - 10 * air.exponent * math.log10(metres)
        - path.walls_db
        + air.shadowing_sd_db * path.shadow_db
        - air.body_db * path.away
    )


def receive(rng: Random, path: Path, air: Air) -> int | None:
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
