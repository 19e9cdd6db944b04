"""What of the levels tells on which side of a door a device is.

Owns: the numbers that a trained model weighs, the same for learning and for judging.
Never: the weights.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from shopbell_server.core.zones.side_blind import contrast_db

if TYPE_CHECKING:
    from numpy.typing import NDArray


def side_features(
    dbm: NDArray[np.float64], inside: NDArray[np.bool_], usual_dbm: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the features (devices, features) of the levels `dbm` (spans, devices, receivers).

    First the shortest span over what is usual for each receiver (`usual_dbm`), less the mean of that over
    all receivers: a phone that sends 7 dB less is the same phone. Then what each longer span differs
    from it: where the device comes from. Then the contrasts of the sides, by the strongest receiver
    and by power, for each span. NaN where the receivers behind a feature are not up.
    """
    shortest = dbm[0]
    over = shortest - usual_dbm
    known = ~np.isnan(over)
    offset = np.where(known, over, 0.0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    return np.hstack(
        [
            over - offset[:, None],
            *(longer - shortest for longer in dbm[1:]),
            *(contrast_db(level, inside)[:, None] for level in dbm),
            *(power_contrast_db(level, inside)[:, None] for level in dbm),
        ]
    )


def power_contrast_db(dbm: NDArray[np.float64], inside: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the mean power outside over that inside, for levels (devices, receivers).

    NaN for every device where no receiver of a side is up.
    """
    return _mean_power_db(dbm[:, ~inside]) - _mean_power_db(dbm[:, inside])


def _mean_power_db(dbm: NDArray[np.float64]) -> NDArray[np.float64]:
    known = ~np.isnan(dbm)
    power = np.where(known, 10 ** (np.where(known, dbm, 0.0) / 10), 0.0).sum(axis=1)
    count = known.sum(axis=1)
    mean = power / np.maximum(count, 1)
    return np.where(count > 0, 10 * np.log10(np.where(count > 0, mean, 1.0)), np.nan)
