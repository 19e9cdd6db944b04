"""Which zone is told of a device: none rather than one that is as likely wrong.

Owns: when a zone is sure enough to be said, and when it is no more.
Never: the choice between two (`hysteresis`), or where probabilities come from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from shopbell_server.core.zones.hysteresis import NOWHERE, chosen

if TYPE_CHECKING:
    from numpy.typing import NDArray

SURE: Final = 0.5
"""A zone is told once it is likelier than all others together. Asking for 0.7 instead leaves a row without
a zone for longer after every change, and who stands on the line between two zones never has one."""

LOST: Final = 0.25
"""A zone that was told is told no more below this: three to one that she is elsewhere, and nobody can say
where. Between the two it stays, so that a row does not blink."""


def told(shown: NDArray[np.intp], probabilities: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return the zone to tell of each device, `NOWHERE` for none, from the one told before.

    `probabilities` is [devices, zones].
    """
    rows = np.arange(len(shown))
    next_one = chosen(shown, probabilities)
    sure = probabilities[rows, next_one] >= SURE
    of_shown = np.where(shown == NOWHERE, 0.0, probabilities[rows, np.maximum(shown, 0)])
    stays = np.where(of_shown >= LOST, shown, NOWHERE)
    return np.where(sure, next_one, stays)
