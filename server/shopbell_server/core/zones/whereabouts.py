"""Where somebody was during a stay that is over, from all reports of it.

Owns: the stretches of reports that are looked at as a whole, and the zones that follow from one.
Never: visits: a visit is made of whatever stretches lie in it (`core.visits.places`).

A stretch depends on the set of its own reports and on the plan, and on nothing else: not on what the visit
is, not on others, not on the order in which reports came.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from shopbell_server.core.ids import Millis
from shopbell_server.core.zones.found import Place
from shopbell_server.core.zones.hysteresis import NOWHERE
from shopbell_server.core.zones.lookback import looked_back
from shopbell_server.core.zones.readings import (
    TICK_MS,
    heard_in,
    held,
    listening_around,
    tick_of,
    worth,
)
from shopbell_server.core.zones.shown_zone import told
from shopbell_server.core.zones.storeys import UNKNOWN, best_heard, storeys_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from shopbell_server.core.ids import ZoneId
    from shopbell_server.core.observations import Observation
    from shopbell_server.core.zones.site import Site, Storey

APART_MS: Final = 300_000
"""After five minutes of silence she may be anywhere: looking at both sides together tells nothing more. Well
below the shortest gap between visits, so that no stretch reaches from one into the next."""

MIDDLE_MS: Final = 5_000
"""A report is a median of the 10 to 15 s before it, so it says where she was in the middle of them. Live
nothing can be done about that."""


def stretches(observations: Iterable[Observation]) -> list[list[Observation]]:
    """Return reports of one person in one store, cut where nothing was heard for longer than `APART_MS`."""
    found: list[list[Observation]] = []
    for each in sorted(observations, key=_at_ms):
        if found and each.at_ms - found[-1][-1].at_ms <= APART_MS:
            found[-1].append(each)
        else:
            found.append([each])
    return found


def places_in(site: Site, stretch: Sequence[Observation]) -> list[Place]:
    """Return where she was in a stretch, by time; nothing if no scanner of the plan heard her in it."""
    ours = [
        each._replace(at_ms=Millis(each.at_ms - MIDDLE_MS))
        for each in stretch
        if (each.edge, each.scanner) in site.columns
    ]
    if not ours:
        return []
    from_ms, to_ms = min(map(_at_ms, ours)), max(map(_at_ms, ours))
    first, last = tick_of(from_ms), tick_of(to_ms)
    reports = heard_in([ours], site.columns, first, last)
    holds, hears = held(reports), listening_around(np.isfinite(reports[:, 0]))
    counts = worth(reports, holds)
    levels = storeys_of(site, holds, np.array([UNKNOWN], dtype=np.intp))[:, 0]
    zones = [
        zone
        for begin, end in _alike(levels)
        for zone in _zones(
            site.storeys[levels[begin]],
            holds[begin:end, 0],
            hears[begin:end],
            counts[begin:end, 0],
        )
    ]
    person, store = ours[0].person, ours[0].store
    to_ms = Millis(to_ms + MIDDLE_MS)  # the last one holds until she was heard last
    return [
        Place(
            person,
            store,
            Millis(max(from_ms, (first + begin - 1) * TICK_MS + 1)),
            to_ms if end == len(zones) else Millis((first + end - 1) * TICK_MS),
            zones[begin],
        )
        for begin, end in _alike(zones)
    ]


def _zones(
    storey: Storey,
    holds: NDArray[np.float64],
    hears: NDArray[np.bool_],
    counts: NDArray[np.float64],
) -> Iterator[ZoneId | None]:
    columns = list(storey.columns)
    seen = looked_back(
        storey.engine,
        holds[:, columns],
        hears[:, columns],
        counts[:, columns],
        np.hstack([storey.shares, storey.near]),
    )
    nobody = np.array([UNKNOWN], dtype=np.intp)
    nearest = best_heard(storey.hung, holds[:, None, columns], nobody)
    shown = np.array([NOWHERE], dtype=np.intp)
    for each, its in zip(seen.zones, nearest, strict=True):
        within, near = np.split(each[None], 2, axis=1)
        shown = told(shown, within, near, its, storey.nearest_counts)
        yield None if shown[0] == NOWHERE else storey.zones[shown[0]]


def _alike(values: Sequence[object] | NDArray[np.intp]) -> Iterator[tuple[int, int]]:
    """Yield from where to before where values are the same."""
    begin = 0
    for end in range(1, len(values) + 1):
        if end == len(values) or values[end] != values[begin]:
            yield begin, end
            begin = end


def _at_ms(observation: Observation) -> Millis:
    return observation.at_ms
