"""Which zone is told of a device: none rather than one that sends somebody to the wrong end of the shop.

Owns: when a zone is sure enough to be said, and when it is no more.
Never: the choice between two (`hysteresis`), or where probabilities come from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from shopbell_server.core.zones.hysteresis import NOWHERE, chosen

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

NEAR_M: Final = 3.0
"""Who is so near to a zone is seen from it: whoever goes there to help her finds her."""

NEAREST: Final = 0.3
"""So much it counts, beside what the engine believes, that a zone's scanner hears her best, where each zone
has one. Where racks and bodies are in the way the nearest scanner alone may be right more often than all
of them weighed together, and in an open hall it is not: so what is told follows the engine where it is sure,
and the nearest scanner where it is not. Of zones without a scanner the nearest one knows nothing, and it
counts as much less as there are of them."""

SURE: Final = 0.6
"""The likeliest zone is told once she is in it or near it as likely as that. Asking for half of the
certainty in the zone itself instead leaves every second row without a zone where four scanners tell nine of
them apart, and who stands on the line between two zones has none for long."""

LOST: Final = 0.35
"""A zone that was told is told no more below this: she is elsewhere, and nobody can say where. Between both
it stays, so that a row does not blink."""


def told(
    shown: NDArray[np.intp],
    probabilities: NDArray[np.float64],
    near: NDArray[np.float64],
    nearest: NDArray[np.intp],
    counts: float,
) -> NDArray[np.intp]:
    """Return the zone to tell of each device, `NOWHERE` for none, from the one told before.

    `probabilities` is [devices, zones], and `near` as much: that she is in the zone or within `NEAR_M` of it.
    `nearest` is [devices]: the zone whose scanner hears her best, `NOWHERE` where there is none; `counts`:
    how much that counts beside what is believed, from 0 to 1 (`advice`).
    """
    rows = np.arange(len(shown))
    probabilities, near = (_advised(each, nearest, counts) for each in (probabilities, near))
    next_one = chosen(shown, probabilities)
    sure = near[rows, next_one] >= SURE
    of_shown = np.where(shown == NOWHERE, 0.0, near[rows, np.maximum(shown, 0)])
    stays = np.where(of_shown >= LOST, shown, NOWHERE)
    return np.where(sure, next_one, stays)


def advice(scanners: Sequence[int]) -> float:
    """Return how much the nearest scanner counts on a level whose zones have so many each."""
    return NEAREST * (sum(each > 0 for each in scanners) / len(scanners))


def _advised(
    believed: NDArray[np.float64], nearest: NDArray[np.intp], counts: float
) -> NDArray[np.float64]:
    """Return what is believed of each zone with what the nearest scanner says; without one, as it is."""
    there = nearest != NOWHERE
    advised = believed.copy()
    advised[there] *= 1 - counts
    advised[there, nearest[there]] += counts
    return advised
