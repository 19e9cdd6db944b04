"""How strong a token is heard, over many sightings.

Owns: the median and its kin, outliers left out.
Never: metres. Decibels are compared; distance is only ever shown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shopbell_wire.messages import Loss

if TYPE_CHECKING:
    from collections.abc import Sequence

FENCE: Final = 1.5
"""Tukey's k: a value further than 1.5 quartile distances outside the quartiles is an outlier."""

LEAST_FENCED: Final = 4
"""Fewer values have no quartiles."""


def median(values: Sequence[float]) -> float:
    """Return the middle of `values`, or the mean of the two middles. There must be one."""
    return _quantile(sorted(values), 0.5)


def loss_of(losses_db: Sequence[float]) -> Loss:
    """Return median, tenth percentile (the near end) and last of `losses_db`, in tenths of a dB.

    Median and percentile leave out what lies beyond Tukey's fences and do not depend on the order;
    `last` is the last as given. There must be one.
    """
    kept = _fenced(sorted(losses_db))
    return Loss(
        median=round(_quantile(kept, 0.5), 1),
        p10=round(_quantile(kept, 0.1), 1),
        last=round(losses_db[-1], 1),
    )


def _fenced(ordered: list[float]) -> list[float]:
    if len(ordered) < LEAST_FENCED:
        return ordered
    low, high = _quantile(ordered, 0.25), _quantile(ordered, 0.75)
    reach = FENCE * (high - low)
    return [value for value in ordered if low - reach <= value <= high + reach]


def _quantile(ordered: Sequence[float], share: float) -> float:
    """Return the value that has `share` of `ordered` below it, interpolated."""
    place = share * (len(ordered) - 1)
    below = int(place)
    if below == place:
        return ordered[below]
    return ordered[below] + (place - below) * (ordered[below + 1] - ordered[below])
