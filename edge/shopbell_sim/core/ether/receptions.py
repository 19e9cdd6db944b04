"""What every receiver hears of one phone's outing.

Owns: putting it all together: loss, body, crowd, fading, channel, scan, collisions, the floor of hearing.
Never: bytes, or what time it is in the world: moments are seconds on one line.

`RSSI = power at 1 m + phone + receiver - loss - pocket - body - crowd + fading + channel`, in whole dB.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from shopbell_sim.core.ether.fading import fading_db, lost_in_runs, scattered
from shopbell_sim.core.ether.loss_map import LossMap
from shopbell_sim.core.ether.numbers import CHANNELS, PACKET_MS, STRONGEST_DBM
from shopbell_sim.core.outing.handset import CARRIES, FLAT_DB

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

    from shopbell_sim.core.ether.loss_map import Lost
    from shopbell_sim.core.ether.numbers import Ether
    from shopbell_sim.core.outing.handset import Handset
    from shopbell_sim.core.outing.itinerary import Itinerary, Whereabouts
    from shopbell_sim.core.site.site import Site

    Numbers = NDArray[np.float64]

CROWD_S: Final = 5.0
"""Who stands in the way is another after so long."""


class Sent(NamedTuple):
    """Advertisements of one phone, in the order of time: when, which frame, how it was carried."""

    times_s: Numbers
    frames: NDArray[np.int64]
    carries: NDArray[np.int64]


class Heard(NamedTuple):
    """What was heard, in the order of time: when, by which receiver, which frame, how strongly."""

    times_s: Numbers
    receivers: NDArray[np.int64]
    frames: NDArray[np.int64]
    rssi_dbm: NDArray[np.int64]

    def only(self, which: NDArray[np.bool_]) -> Heard:
        """Return some of them."""
        return Heard(
            self.times_s[which], self.receivers[which], self.frames[which], self.rssi_dbm[which]
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """Who else is there at each moment: people per square metre, and packets a millisecond on a channel."""

    per_m2: Numbers
    packets_per_ms: Numbers


class Ears:
    """The receivers of `site` in its air: what differs between them is drawn once."""

    def __init__(self, site: Site, ether: Ether, rng: Generator) -> None:
        receivers = site.receivers
        count = len(receivers)
        self._ether = ether
        self._map = LossMap(site, ether, rng)
        self._at = np.array([(each.at.x, each.at.y) for each in receivers]).reshape(count, 2)
        self._offsets_db = np.array([each.offset_db for each in receivers]) + rng.normal(
            0, ether.receiver_sd_db, count
        )
        self._channels_db = rng.normal(0, ether.channel_sd_db, (count, CHANNELS))
        self._scan_ms = np.array([each.scan_ms for each in receivers])
        self._duty = np.array([each.duty for each in receivers])
        self._begins_ms = rng.uniform(0, CHANNELS * self._scan_ms)
        self._awake_s = np.array([each.scans_s for each in receivers])
        self._cycle_s = self._awake_s + np.array([each.rests_s for each in receivers])
        self._wakes_s = rng.uniform(0, self._cycle_s)

    def hear(
        self, rng: Generator, sent: Sent, itinerary: Itinerary, handset: Handset, company: Company
    ) -> Heard:
        """Return what is heard of `sent` where the phone was at each moment, in `company`."""
        if not len(sent.times_s):
            nothing = np.zeros(0, dtype=np.int64)
            return Heard(np.zeros(0), nothing, nothing, nothing)
        where = itinerary.at(sent.times_s)
        lost = self._map.at(where.levels, where.xs, where.ys)
        channels, listening = self._scan(sent.times_s)
        strength = (
            self._mean_dbm(sent, where, handset, lost)
            - self._crowd_db(rng, sent.times_s, lost, company)
            + self._fading_db(rng, sent.times_s, where, lost, channels)
            + self._channels_db[np.arange(len(self._duty)), channels]
        )
        arrives = listening & self._arrives(rng, strength, company)
        rows, receivers = np.nonzero(arrives)
        rssi = np.minimum(np.rint(strength[rows, receivers]), STRONGEST_DBM)
        return Heard(sent.times_s[rows], receivers, sent.frames[rows], rssi.astype(np.int64))

    def _mean_dbm(self, sent: Sent, where: Whereabouts, handset: Handset, lost: Lost) -> Numbers:
        towards = np.arctan2(
            self._at[None, :, 1] - where.ys[:, None], self._at[None, :, 0] - where.xs[:, None]
        )
        away = (1 - np.cos(where.headings_rad[:, None] - towards)) / 2
        body_db = np.array(handset.body_db)[sent.carries]
        flat_db = np.array([FLAT_DB[each] for each in CARRIES])[sent.carries]
        whole: Numbers = (
            self._ether.power_at_1_m_dbm
            + handset.offset_db
            + self._offsets_db
            - lost.loss_db
            - flat_db[:, None]
            - body_db[:, None] * away
        )
        return whole

    def _crowd_db(self, rng: Generator, times_s: Numbers, lost: Lost, company: Company) -> Numbers:
        """Return what people in the way take: so many bodies as stand there by chance."""
        ether = self._ether
        blocks = np.floor((times_s - times_s[0]) / CROWD_S).astype(np.int64)
        _, first, which = np.unique(blocks, return_index=True, return_inverse=True)
        bodies = company.per_m2[first, None] * lost.metres[first] * ether.body_m
        met = rng.poisson(bodies)[which]
        crowd_db: Numbers = np.minimum(met * ether.body_db_per_person, ether.most_crowd_db)
        return crowd_db

    def _fading_db(
        self,
        rng: Generator,
        times_s: Numbers,
        where: Whereabouts,
        lost: Lost,
        channels: NDArray[np.int64],
    ) -> Numbers:
        ether, count = self._ether, len(self._duty)
        steps_m = np.hypot(
            np.diff(where.xs, prepend=where.xs[0]), np.diff(where.ys, prepend=where.ys[0])
        )
        ages = (
            steps_m / ether.coherence_m + np.diff(times_s, prepend=times_s[0]) / ether.coherence_s
        )
        processes = scattered(rng, ages, count * CHANNELS).reshape(len(times_s), count, CHANNELS)
        mine = np.take_along_axis(processes, channels[:, :, None], axis=2)[:, :, 0]
        rician_db = np.where(where.moving, ether.rician_moving_db, ether.rician_still_db)[:, None]
        # From one rack to the next the steady ray goes: at two and more nothing of it is left.
        hidden = np.clip(lost.racks - 1, 0.0, 1.0)
        return fading_db(mine, rician_db + hidden * (ether.behind_racks_db - rician_db))

    def _scan(self, times_s: Numbers) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Return the channel that each receiver is on at each moment, and whether it listens."""
        at_ms = times_s[:, None] * 1000 + self._begins_ms
        scans = np.floor(at_ms / self._scan_ms)
        listening = at_ms - scans * self._scan_ms < self._duty * self._scan_ms
        awake = (times_s[:, None] + self._wakes_s) % self._cycle_s < self._awake_s
        return (scans % CHANNELS).astype(np.int64), listening & awake

    def _arrives(
        self, rng: Generator, strength_dbm: Numbers, company: Company
    ) -> NDArray[np.bool_]:
        ether, (count, receivers) = self._ether, strength_dbm.shape
        alone = np.exp(-2 * PACKET_MS * company.packets_per_ms)
        spared = rng.random((count, receivers)) < alone[:, None]
        lost = np.column_stack(
            [lost_in_runs(rng, count, ether.lost, ether.lost_run) for _ in range(receivers)]
        )
        floor_dbm = rng.normal(ether.floor_dbm, ether.floor_sd_db, (count, receivers))
        return spared & ~lost & (strength_dbm >= floor_dbm)
