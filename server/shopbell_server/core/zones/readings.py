"""Reports of presence as the ticks of the zone engine, many devices at once.

Owns: which report belongs to which tick, how long one holds, and which scanners can be relied on.
Never: engines, or what is believed.

An edge reports a median of the last 10 to 15 s: every 5 s while it moves by more than 6 dB, every 30 s while
it does not (protocol, §2). So no report within 30 s of the last one says that nothing changed, and the report
before it still holds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from shopbell_server.core.zones.likelihood import Silence

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from shopbell_server.core.observations import Observation
    from shopbell_server.core.zones.plan import Scanner

TICK_MS: Final = 5_000
"""As often as an edge reports at most: a shorter tick has nothing new to say. Ticks end at whole multiples of
it, whoever counts and from when on, so that the same reports are the same ticks."""

HELD_TICKS: Final = 8
"""40 s: the 30 s until an edge says again what did not change, and 10 s in which a slow phone is heard next,
for a report bears the time of its last sighting."""

LISTENS_TICKS: Final = 12
"""A scanner that heard nobody for a minute may be dead, and its silence says nothing."""

ZERO_LOSS_DBM: Final = -59.0
"""What no loss is, in the engine's terms: its maps are of a beacon of 0 dBm, -59 at one metre as makers
calibrate (`radio_map.AT_1_M_DBM`, which takes the carrier's body off), and a report's loss is counted
from what the frame says of its own strength there."""

FRESH: Final = 3.0
"""By so many readings a report counts in its tick. A median of ten adverts hardly fades; what stays is the
body, the shelf and that she moved meanwhile, 3 dB together: a third of an advert's variance. Counted as
one, beliefs stay 20 s behind whoever walks; as six, they are too sure."""

HELD: Final = 0.2
"""And in each later tick for which it holds: that nothing moved by 6 dB is news, but the same shelf and the
same body said so before. Within the half minute until the next it comes to one reading more."""

QUIET: Final = 0.2
"""And a scanner that tells nothing, in each tick: it goes on being silent for the same reason."""

SAYS_NOTHING: Final = Silence(faint_dbm=-77.0, faint_sd_db=6.0, received=0.85, by_level=True)
"""An edge tells of nobody who was never near enough, at a median loss of 20 dB or -79 dBm
(`enter_loss_db`), however well its radio hears her; medians of those it tells of are up to 2 dB nearer. 6
dB: stores set losses of 16 to 30. A phone that is 10 dB faint is told of within 3 m instead of 9, so its
level counts."""


def tick_of(at_ms: int) -> int:
    """Return the number of the tick in which a moment lies; it ends at that many `TICK_MS`."""
    return -(-at_ms // TICK_MS)


def heard_in(
    devices: Sequence[Sequence[Observation]],
    columns: Mapping[Scanner, int],
    first: int,
    last: int,
) -> NDArray[np.float64]:
    """Return what each device's reports say in the ticks from `first` to `last`: [ticks, devices, scanners].

    In dBm, the mean of a tick's reports of a scanner, NaN without any. Reports of scanners that are not
    among `columns` and of other times are left out; their order does not matter.
    """
    shape = (last - first + 1, len(devices), len(columns))
    total, count = np.zeros(shape), np.zeros(shape)
    places = [
        (tick - first, device, column, each.loss_db)
        for device, reports in enumerate(devices)
        for each in sorted(reports)
        if (column := columns.get((each.edge, each.scanner))) is not None
        and first <= (tick := tick_of(each.at_ms)) <= last
    ]
    if places:
        ticks, whose, which, losses = zip(*places, strict=True)
        np.add.at(total, (ticks, whose, which), ZERO_LOSS_DBM - np.array(losses))
        np.add.at(count, (ticks, whose, which), 1.0)
    means: NDArray[np.float64] = np.where(count > 0, total / np.maximum(count, 1.0), np.nan)
    return means


def held(heard: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the same with every report holding until the next one, for `HELD_TICKS` at most."""
    ticks = np.arange(len(heard)).reshape(-1, *[1] * (heard.ndim - 1))
    last = np.maximum.accumulate(np.where(np.isfinite(heard), ticks, -HELD_TICKS - 1), axis=0)
    values = np.take_along_axis(heard, np.maximum(last, 0), axis=0)
    return np.where(ticks - last < HELD_TICKS, values, np.nan)


def worth(heard: NDArray[np.float64], holds: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return by how many readings each report, and each silence, counts; all three have the same shape.

    `heard` is from `heard_in`, `holds` what `held` made of it.
    """
    counts: NDArray[np.float64] = np.where(
        np.isfinite(heard), FRESH, np.where(np.isfinite(holds), HELD, QUIET)
    )
    return counts


def listening(heard: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which scanners heard anybody in the last `LISTENS_TICKS`: both [ticks, scanners]."""
    ticks = np.arange(len(heard))[:, None]
    last = np.maximum.accumulate(np.where(heard, ticks, -LISTENS_TICKS), axis=0)
    hears: NDArray[np.bool_] = ticks - last < LISTENS_TICKS
    return hears


def listening_around(heard: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which scanners heard somebody in the `LISTENS_TICKS` before or after: both [ticks, scanners]."""
    return listening(heard) | listening(heard[::-1])[::-1]
