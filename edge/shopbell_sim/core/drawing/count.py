"""How many people were inside over a whole day: truly, and as Shopbell has it.

Owns: the two curves.
Never: decides who was inside.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from shopbell_sim.core.drawing.marks import way, word
from shopbell_sim.core.drawing.visits import Axis, hours

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from shopbell_sim.core.day.mishaps import Outage
    from shopbell_sim.core.drawing.visits import Lived

HEIGHT: Final = 120
"""Pixels of the fullest moment."""

STEP_S: Final = 60.0
"""People are counted so often."""

TRUE: Final = "#9aa5b1"
SEEN: Final = "#c2410c"
ROOM: Final = 34
"""Pixels to the left, for the scale."""


def counts(
    lived: Sequence[Lived],
    outages: Iterable[Outage],
    corner: tuple[float, float],
    span: tuple[float, int],
) -> Iterator[str]:
    """Yield the curves from `corner` on; `span` is the width, and when second 0 is in minutes of the day."""
    left, top = corner
    begin_s, end_s = min(each.begins_s for each in lived), max(each.ends_s for each in lived)
    axis = Axis(begin_s, end_s, left + ROOM, span[0] - ROOM, span[1])
    times_s = np.arange(begin_s, end_s + STEP_S, STEP_S)
    stays = [one for each in lived for truth in each.truths for one in truth.stays]
    true = _inside(times_s, stays)
    seen = _inside(times_s, [(one.from_s, one.until_s) for each in lived for one in each.seen])
    most = max(1, int(true.max()), int(seen.max()))
    bottom = top + HEIGHT
    yield from hours(axis, outages, top, bottom)
    yield word(left, top + 10, str(most), 12)
    yield word(left, bottom, "0", 12)
    for curve, colour in ((true, TRUE), (seen, SEEN)):
        points = [
            f"{axis.x(at_s):.1f},{bottom - count / most * HEIGHT:.1f}"
            for at_s, count in zip(times_s.tolist(), curve.tolist(), strict=True)
        ]
        yield way(points, colour, dashed=False)


def _inside(
    times_s: NDArray[np.float64], stays: Sequence[tuple[float, float]]
) -> NDArray[np.int64]:
    """Return how many of `stays` hold at each moment."""
    begins = np.sort(np.array([from_s for from_s, _ in stays]))
    ends = np.sort(np.array([until_s for _, until_s in stays]))
    return np.searchsorted(begins, times_s, side="right") - np.searchsorted(ends, times_s)
