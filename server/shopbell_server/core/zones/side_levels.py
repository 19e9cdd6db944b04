"""How strongly every receiver hears every device just now, over three spans of time.

Owns: the running levels, and what not being heard means for them.
Never: on which side of a door a device is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

SPANS_S: Final = (0.3, 1.0, 3.0)
"""Time constants of the running levels. The first is about the length of a fade (a walker at 1.2 m/s passes
6 cm of wavelength in 0.05 s; three or four adverts at 10 Hz are averaged), the last about the time
it takes to come through a door (3-4 m at 1.2 m/s); the middle one lies between them on a log scale."""

FLOOR_DBM: Final = -95.0
"""What a receiver that works and does not hear a device is taken to hear: radios stop at -96 ± 2 dBm."""

SILENT_S: Final = 3.0
"""After this long a device that others hear is below a receiver's floor: at one advert a second and 31 % of
loss (the worst receiver recorded) three in a row are lost by chance in 3 %."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Levels:
    """What was heard until `at_s`.

    Shapes: `dbm` (spans, devices, receivers), NaN before the first advert;
    `heard_s` (devices, receivers), -inf before the first.
    """

    at_s: float
    dbm: NDArray[np.float64]
    heard_s: NDArray[np.float64]


def no_levels(devices: int, receivers: int) -> Levels:
    """Return the levels of devices of which nothing was heard yet."""
    return Levels(
        at_s=-np.inf,
        dbm=np.full((len(SPANS_S), devices, receivers), np.nan),
        heard_s=np.full((devices, receivers), -np.inf),
    )


def heard(before: Levels, at_s: float, rssi_dbm: NDArray[np.float64]) -> Levels:
    """Return the levels after `rssi_dbm` (devices, receivers; NaN where nothing was heard) at `at_s`.

    Each level moves towards what was heard by 1 - exp(-elapsed / span), where elapsed is the time since
    that receiver heard that device last: one advert after a long silence stands for itself. Raises
    `ValueError` where time goes backwards.
    """
    if at_s < before.at_s:
        raise ValueError(f"levels stand at {before.at_s} s; {at_s} s is before it")
    new = ~np.isnan(rssi_dbm)
    elapsed_s = np.where(new, at_s - before.heard_s, 0.0)
    share = -np.expm1(-elapsed_s / np.asarray(SPANS_S)[:, None, None])
    old_dbm = np.where(np.isnan(before.dbm), rssi_dbm, before.dbm)
    step_db = np.where(new, share * (rssi_dbm - old_dbm), 0.0)
    return Levels(
        at_s=at_s,
        dbm=old_dbm + step_db,
        heard_s=np.where(new, at_s, before.heard_s),
    )


def known_dbm(levels: Levels, up: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the levels (spans, devices, receivers) with silence told apart from blindness.

    A receiver that is `up` (receivers) and has not heard a device for SILENT_S hears the floor; one that
    is not up says nothing: NaN.
    """
    silent = levels.at_s - levels.heard_s > SILENT_S
    dbm = np.where(silent | np.isnan(levels.dbm), FLOOR_DBM, np.maximum(levels.dbm, FLOOR_DBM))
    return np.where(up, dbm, np.nan)
