"""What the scanners of a shop hear of the phones in it.

Owns: when each phone sends, and what arrives where and how strongly.
Never: where scanners' words go. Changed in place; time and dice come with every call.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from shopbell_sim.core.floor import distance_m
from shopbell_sim.core.phone import next_due_s
from shopbell_sim.core.radio import Path, Shadow, away, receive

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from random import Random

    from shopbell_sim.core.advert import Advert
    from shopbell_sim.core.ether.numbers import Ether
    from shopbell_sim.core.floor import Floor, Scanner
    from shopbell_sim.core.site.shapes import Point

MOST_PER_STEP: Final = 8
"""Of one frame: a simulator that was held up does not make up for a whole minute at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """A phone, or a stranger's beacon, at a moment. `adverts` are what it sends in turn."""

    key: str
    at: Point
    heading_rad: float
    moving: bool
    offset_db: float
    interval_ms: float
    adverts: tuple[Advert, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """One advertisement as it arrived at `scanner`."""

    scanner: str
    sender: str
    payload: bytes
    rssi_dbm: int


class Airspace:
    """The air of `floor`; each scanner has a shadowing field of its own, drawn once."""

    def __init__(
        self, floor: Floor, air: Ether, rng: Random, duty: Mapping[str, float] | None = None
    ) -> None:
        """`duty` is the share of the time in which a scanner listens, by name; 1 where not given."""
        self._floor = floor
        self._air = air
        self._duty = dict(duty or {})
        self._shadows = {
            scanner.name: Shadow(rng, air.decorrelation_m) for scanner in floor.scanners
        }
        self._due_s: dict[tuple[str, str], float] = {}

    def step(self, rng: Random, senders: Iterable[Sender], now_s: float) -> list[Heard]:
        """Return what was heard since the last step, up to `now_s`."""
        present = list(senders)
        heard: list[Heard] = []
        live: dict[tuple[str, str], float] = {}
        for sender in present:
            for advert in sender.adverts:
                key = (sender.key, advert.frame)
                due_s = self._due_s.get(key)
                if due_s is None:
                    # Phones do not begin in step.
                    due_s = now_s + rng.uniform(0, sender.interval_ms / 1000)
                times = 0
                while due_s <= now_s and times < MOST_PER_STEP:
                    heard += self._arrivals(rng, sender, advert.payload, len(present))
                    due_s = next_due_s(rng, due_s, sender.interval_ms)
                    times += 1
                live[key] = max(due_s, now_s - sender.interval_ms / 1000)
        self._due_s = live
        return heard

    def _arrivals(self, rng: Random, sender: Sender, payload: bytes, count: int) -> list[Heard]:
        arrived = []
        for scanner in self._floor.scanners:
            rssi_dbm = receive(rng, self._path(sender, scanner, count), self._air)
            if rssi_dbm is not None:
                arrived.append(
                    Heard(
                        scanner=scanner.name,
                        sender=sender.key,
                        payload=payload,
                        rssi_dbm=rssi_dbm,
                    )
                )
        return arrived

    def _path(self, sender: Sender, scanner: Scanner, count: int) -> Path:
        return Path(
            distance_m=distance_m(sender.at, scanner.at),
            walls_db=self._floor.losses_db(sender.at, scanner.at),
            shadow_db=self._shadows[scanner.name].at(sender.at),
            away=away(sender.heading_rad, sender.at, scanner.at),
            moving=sender.moving,
            phone_db=sender.offset_db,
            scanner_db=scanner.offset_db,
            duty=self._duty.get(scanner.name, 1.0),
            senders=count - 1,
            interval_ms=sender.interval_ms,
        )
