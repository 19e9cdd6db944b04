"""A walk with a phone over a floor: what was heard while somebody stood at each point.

Owns: which reports say something of a point, and the line of a survey that follows.
Never: reading reports, or what a map makes of a survey (`survey_map`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from shopbell_server.core.zones.plan import Reading, Survey, column_of
from shopbell_server.core.zones.readings import ZERO_LOSS_DBM

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from shopbell_server.core.ids import Millis
    from shopbell_server.core.observations import Observation
    from shopbell_server.core.zones.plan import Level

SETTLED_MS: Final = 15_000
"""A report is a median of up to 15 s before it: the first ones at a point still tell of the way there."""

SHORTEST_MS: Final = 45_000
"""To stand at a point: 15 s until reports tell of it alone, and the 30 s in which every scanner reports."""

SAME_M: Final = 0.25
"""Two points nearer than that are one, which was walked again: what was found last counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stand:
    """Somebody stood with a phone at a point; `z_m` is how high the phone was above the floor."""

    x_m: float
    y_m: float
    z_m: float
    from_ms: Millis
    to_ms: Millis

    @property
    def is_long_enough(self) -> bool:
        """Return whether every scanner that hears the phone has reported it from there."""
        return self.to_ms - self.from_ms >= SHORTEST_MS


def reading_at(stand: Stand, heard: Iterable[Observation], level: Level) -> Reading:
    """Return what each scanner of the level heard at a point: the mean of its reports; nothing of others."""
    names = {(spot.edge, spot.scanner): spot.name for spot in level.spots}
    levels: dict[str, list[float]] = {}
    for each in sorted(heard):
        name = names.get((each.edge, each.scanner))
        if name is not None and stand.from_ms + SETTLED_MS <= each.at_ms <= stand.to_ms:
            levels.setdefault(name, []).append(ZERO_LOSS_DBM - each.loss_db)
    return Reading(
        x_m=stand.x_m,
        y_m=stand.y_m,
        z_m=stand.z_m,
        heard_dbm={name: round(sum(some) / len(some), 2) for name, some in sorted(levels.items())},
    )


def survey_with(before: Survey | None, readings: Sequence[Reading], level: Level) -> Survey:
    """Return a survey with these points too; those that were walked again replace what was found there."""
    names = [column_of((spot.edge, spot.scanner)) for spot in level.spots]
    kept = () if before is None else before.readings
    old = [each for each in kept if not any(_same(each, new) for new in readings)]
    receivers = names if before is None else [*before.receivers, *names]
    return Survey(receivers=tuple(dict.fromkeys(receivers)), readings=(*old, *readings))


def _same(one: Reading, other: Reading) -> bool:
    return abs(one.x_m - other.x_m) <= SAME_M and abs(one.y_m - other.y_m) <= SAME_M
