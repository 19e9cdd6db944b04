"""The one zone that is shown for a device, of the probabilities that it has.

Owns: when the shown zone changes.
Never: where the probabilities come from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

NOWHERE: Final = -1
"""Of a device that has no zone yet."""

LEAD: Final = 0.1
"""Another zone is shown once it is this much more probable: on the line between two zones, where both have
a half, the belief of one who stands still sways by less than that. On those who walk it costs 0.3 s."""


def chosen(
    shown: NDArray[np.intp], probabilities: NDArray[np.float64], *, lead: float = LEAD
) -> NDArray[np.intp]:
    """Return the zone to be shown: [devices], from the one shown before and [devices, zones]."""
    rows = np.arange(len(shown))
    best = probabilities.argmax(axis=1)
    of_shown = np.where(shown == NOWHERE, -np.inf, probabilities[rows, np.maximum(shown, 0)])
    return np.where(probabilities[rows, best] > of_shown + lead, best, shown)
