"""The side on which every device is, live: one step for each tick.

Owns: the state that is carried on, the weighing of what was surveyed against what was not, when a crossing
is told.
Never: time of its own, devices' names, the looking back over a visit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from shopbell_server.core.zones.side_blind import (
    BlindBelief,
    believed,
    contrast_db,
    inside_by_contrast,
    no_belief,
)
from shopbell_server.core.zones.side_features import side_features
from shopbell_server.core.zones.side_levels import Levels, heard, known_dbm, no_levels
from shopbell_server.core.zones.side_model import Fit, SideModel, fit_of, inside_by_survey

if TYPE_CHECKING:
    from numpy.typing import NDArray

TRUST: Final = 2.0
"""Log-odds a priori that a device is carried as one of the surveyed carriers was: most are."""

TRUST_MOST: Final = 3.0
"""Trust ends at 95 %: a stranger is found out within seconds after it begins to differ."""

LEAST: Final = -10.0
"""One that has differed much stays a stranger for long: likeness adds log(1/0.8) / 2 s = 0.11 a second, so 10
need a minute and a half."""

FIT_S: Final = 2.0
"""Levels of the middle span (1 s) are independent after about two of its time constants."""

EVEN: Final = 0.5
"""A device is where it is likelier."""

SETTLED_S: Final = 2.9
"""Whoever came through the door is not back through it sooner: 3 s are 4 m at a walk, less a tenth so that
the third advert of one a second counts. From 2 to 5 s results are alike; without it, or with a threshold of
60 % for either side in its place, fades in the doorway are told as crossings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Doorway:
    """What is known of the receivers round a door: each one's side (True: inside), and the survey."""

    inside: NDArray[np.bool_]
    model: SideModel | None

    def __post_init__(self) -> None:
        if self.inside.all() or not self.inside.any():
            raise ValueError("a doorway needs receivers on both sides; name the side of each one")
        if self.model is not None and len(self.model.usual_dbm) != len(self.inside):
            raise ValueError(
                f"the survey knows {len(self.model.usual_dbm)} receivers, the doorway {len(self.inside)}: "
                "survey again"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """How every device is carried, as far as is known.

    Shapes (devices, carriers): `trust`, log-odds that it is carried as that carrier was when surveyed;
    `likeness`, log of its share among the carriers (0: the likeliest).
    """

    trust: NDArray[np.float64]
    likeness: NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class SideState:
    """What is carried on from tick to tick.

    Shapes (devices): `inside`, and `crossed_s`, when it last changed sides (-inf: never).
    """

    levels: Levels
    blind: BlindBelief
    carried: Carried
    inside: NDArray[np.bool_]
    crossed_s: NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class SideJudgement:
    """What one tick says of the devices.

    `by_survey` (devices, carriers): log-odds of inside, if it is carried so. `blind` and `inside` (devices):
    the probability of inside without any survey, and with all that is known.
    """

    by_survey: NDArray[np.float64]
    blind: NDArray[np.float64]
    inside: NDArray[np.float64]


def first_state(doorway: Doorway, devices: int) -> SideState:
    """Return the state of devices of which nothing was heard yet: outside until shown inside."""
    carriers = len(doorway.model.carriers) if doorway.model else 0
    return SideState(
        levels=no_levels(devices, len(doorway.inside)),
        blind=no_belief(devices),
        carried=Carried(
            trust=np.full((devices, carriers), TRUST), likeness=np.zeros((devices, carriers))
        ),
        inside=np.zeros(devices, dtype=bool),
        crossed_s=np.full(devices, -np.inf),
    )


def next_state(
    doorway: Doorway,
    before: SideState,
    at_s: float,
    rssi_dbm: NDArray[np.float64],
    up: NDArray[np.bool_],
) -> tuple[SideState, SideJudgement]:
    """Return the state after `rssi_dbm` (devices, receivers; NaN: unheard) at `at_s`, and the judgement.

    `up` (receivers) says which receivers can hear. A device that nobody hears keeps its side.
    """
    elapsed_s = at_s - before.levels.at_s
    spoke = np.any(~np.isnan(rssi_dbm), axis=1)
    levels = heard(before.levels, at_s, rssi_dbm)
    dbm = known_dbm(levels, up)
    contrast = np.where(spoke, contrast_db(dbm[0], doorway.inside), np.nan)
    blind = believed(before.blind, elapsed_s, contrast)
    without = inside_by_contrast(blind)
    by_survey = np.empty((len(spoke), 0))
    carried = before.carried
    if doorway.model is not None:
        features = side_features(dbm, doorway.inside, doorway.model.usual_dbm)
        by_survey = np.stack(
            [inside_by_survey(one, features) for one in doorway.model.carriers], axis=1
        )
        fit = fit_of(doorway.model.carriers, dbm[1])
        carried = _carried(before.carried, fit, np.where(spoke, min(1.0, elapsed_s / FIT_S), 0.0))
    chance = inside_probability(by_survey, carried, without)
    new = np.isinf(before.levels.heard_s).all(axis=1)
    free = spoke & (at_s - before.crossed_s >= SETTLED_S)
    side = np.where(free, chance > EVEN, before.inside)
    return (
        SideState(
            levels=levels,
            blind=blind,
            carried=carried,
            inside=side,
            crossed_s=np.where((side != before.inside) & ~new, at_s, before.crossed_s),
        ),
        SideJudgement(by_survey=by_survey, blind=without, inside=chance),
    )


def inside_probability(
    by_survey: NDArray[np.float64], carried: Carried, blind: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the probability of inside (devices).

    Each carrier says what its survey says as far as it is trusted, and what the blind account says otherwise;
    the carriers count by their likeness. `by_survey` (devices, carriers), `blind` (devices).
    """
    if not by_survey.shape[1]:
        return blind
    trusted = _logistic(carried.trust)
    opinion = trusted * _logistic(by_survey) + (1 - trusted) * blind[:, None]
    share = np.exp(carried.likeness)
    chance: NDArray[np.float64] = (share * opinion).sum(axis=1) / share.sum(axis=1)
    return chance


def _carried(before: Carried, fit: Fit, share: NDArray[np.float64]) -> Carried:
    likeness = before.likeness + share[:, None] * fit.likeness
    likeness -= likeness.max(axis=1, keepdims=True)
    return Carried(
        trust=np.clip(before.trust + share[:, None] * fit.trust, LEAST, TRUST_MOST),
        likeness=np.maximum(likeness, LEAST),
    )


def _logistic(log_odds: NDArray[np.float64]) -> NDArray[np.float64]:
    chance: NDArray[np.float64] = 1 / (1 + np.exp(-np.clip(log_odds, -30, 30)))
    return chance
