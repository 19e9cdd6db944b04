"""The sides of one carrier over a recording: live as it was heard, and afterwards over the whole visit.

Owns: the way from adverts to ticks, and what a visit that is over adds to its live judgements.
Never: files, the truth.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from shopbell_server.core.zones.side_blind import INDEPENDENT_S, STAY_S
from shopbell_server.core.zones.side_engine import (
    EVEN,
    Carried,
    Doorway,
    SideJudgement,
    SideState,
    first_state,
    inside_probability,
    next_state,
)
from shopbell_server.core.zones.side_smoothing import smoothed

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """All adverts of one carrier, in one shape: when, by which receiver of the doorway, how strong."""

    at_s: NDArray[np.float64]
    receiver: NDArray[np.int64]
    rssi_dbm: NDArray[np.float64]


def in_ticks(adverts: Heard, ticks_s: NDArray[np.float64], receivers: int) -> NDArray[np.float64]:
    """Return the mean strength (ticks, receivers; NaN: unheard) of what was heard in each tick.

    An advert belongs to the first of `ticks_s` (ascending) that is not before it, so no tick knows of
    what comes after it (to half a millisecond: recordings round); adverts after the last tick are left out.
    """
    tick = np.searchsorted(ticks_s, adverts.at_s - 0.0005, side="left")
    used = tick < len(ticks_s)
    place = (tick[used], adverts.receiver[used])
    total = np.zeros((len(ticks_s), receivers))
    count = np.zeros_like(total)
    np.add.at(total, place, adverts.rssi_dbm[used])
    np.add.at(count, place, 1.0)
    return np.where(count > 0, total / np.maximum(count, 1.0), np.nan)


def sides_live(
    doorway: Doorway, ticks_s: NDArray[np.float64], rssi_dbm: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Return for every tick whether the carrier is inside, knowing nothing of later ticks.

    `rssi_dbm` (ticks, receivers), as of `in_ticks`. A receiver that hears nothing in all the
    recording is taken to be down.
    """
    return np.array([state.inside[0] for state, _ in _lived(doorway, ticks_s, rssi_dbm)])


def sides_afterwards(
    doorway: Doorway, ticks_s: NDArray[np.float64], rssi_dbm: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Return for every tick whether the carrier was inside, given the whole recording.

    How the carrier is carried is taken as it was known at the end, and what the survey says is smoothed
    forward and backward. What is known without a survey stays as it was live: smoothed, it was worse on
    the recordings (crossings move to halfway between the places where one stays).
    """
    lived = _lived(doorway, ticks_s, rssi_dbm)
    if not lived:
        return np.zeros(0, dtype=bool)
    last = lived[-1][0]
    elapsed_s = np.diff(ticks_s, prepend=ticks_s[0])
    share = np.minimum(1.0, elapsed_s / INDEPENDENT_S)[:, None]
    spoke = np.any(~np.isnan(rssi_dbm), axis=1)[:, None]
    blind = np.array([judgement.blind[0] for _, judgement in lived])
    by_survey = np.concatenate([judgement.by_survey for _, judgement in lived])
    surveyed = smoothed(share * np.where(spoke, by_survey, 0.0), elapsed_s, STAY_S)
    odds = np.log(surveyed) - np.log1p(-surveyed)
    carried = Carried(
        trust=np.repeat(last.carried.trust, len(ticks_s), axis=0),
        likeness=np.repeat(last.carried.likeness, len(ticks_s), axis=0),
    )
    return inside_probability(odds, carried, blind) > EVEN


def _lived(
    doorway: Doorway, ticks_s: NDArray[np.float64], rssi_dbm: NDArray[np.float64]
) -> list[tuple[SideState, SideJudgement]]:
    up = np.any(~np.isnan(rssi_dbm), axis=0)
    state = first_state(doorway, 1)
    lived = []
    for at_s, rssi in zip(ticks_s.tolist(), rssi_dbm, strict=True):
        state, judgement = next_state(doorway, state, at_s, rssi[None], up)
        lived.append((state, judgement))
    return lived
