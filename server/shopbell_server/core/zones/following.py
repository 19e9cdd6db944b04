"""Everybody whose zones are followed in a store, live: from one look at their reports to the next.

Owns: what is carried on of each device, which ticks are due, and who is followed at all.
Never: reading reports, or what else a board shows of her.

A look that comes after a pause or a restart begins anew from the last minutes of reports.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from shopbell_server.core.ids import Millis
from shopbell_server.core.zones.hysteresis import NOWHERE
from shopbell_server.core.zones.position_filter import (
    arrived,
    foreseen,
    joined,
    kept,
    stepped,
)
from shopbell_server.core.zones.readings import (
    LISTENS_TICKS,
    TICK_MS,
    heard_in,
    held,
    listening,
    worth,
)
from shopbell_server.core.zones.shown_zone import told
from shopbell_server.core.zones.storeys import UNKNOWN, best_heard, storeys_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from shopbell_server.core.ids import PersonId, ZoneId
    from shopbell_server.core.observations import Observation
    from shopbell_server.core.zones.position_filter import Beliefs
    from shopbell_server.core.zones.site import Site, Storey

    Heard = Mapping[PersonId, Sequence[Observation]]

AGAIN_TICKS: Final = 18
"""90 s are gone through anew after a restart: three reports of who stands still. The shown zone follows after
a few; what a device taught about scanners takes minutes and is learnt again."""

LATE_MS: Final = 3_000
"""A tick is taken so long after its end: an edge waits up to 1 s with a report, which bears the time of the
last sighting. What comes later counts from the next tick on."""

MOST: Final = 200
"""Devices of one store: 230 kB each, 46 MB. Who comes beyond them has the zone of the nearest scanner."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Crowd:
    """Those on one level, in the order of `beliefs`."""

    persons: tuple[PersonId, ...]
    beliefs: Beliefs
    shown: NDArray[np.intp]
    """[persons]: a zone of the level, or `NOWHERE`."""

    nearest: NDArray[np.intp]
    """[persons]: the zone of the level whose scanner hears each best, or `UNKNOWN`."""


class _Ticks(NamedTuple):
    """What is known of the ticks that are due, one by one."""

    holds_dbm: NDArray[np.float64]
    """[ticks, persons, scanners]"""
    counts: NDArray[np.float64]
    """As much: by how many readings each counts."""
    hears: NDArray[np.bool_]
    """[ticks, scanners]"""
    here: NDArray[np.bool_]
    """[ticks, persons]: who is on the level."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Followed:
    """A store after the tick of that number."""

    tick: int
    crowds: tuple[_Crowd, ...]
    """One for each level of the site."""

    found: Mapping[PersonId, ZoneId | None]
    """Where everybody is who was heard by a scanner of the plan; None: nobody can say."""


def needed_from_ms(before: Followed | None, now_ms: Millis) -> Millis:
    """Return from when on reports are needed for the next look; later than now: for nothing."""
    first, last = _due(before, now_ms)
    return Millis((first - 1 - LISTENS_TICKS) * TICK_MS if first <= last else now_ms + 1)


def followed(site: Site, before: Followed | None, heard: Heard, now_ms: Millis) -> Followed:
    """Return where everybody is after all ticks that are due, from what was `heard` of whom.

    `heard` has all who are to be followed, with their reports since `needed_from_ms`, in any order. `before`
    is of the same site. Who is not in `heard` is followed no more.
    """
    first, last = _due(before, now_ms)
    goes_on = before is not None and before.tick == first - 1
    crowds = before.crowds if goes_on and before is not None else _nobody(site)
    tracked = [person for crowd in crowds for person in crowd.persons if person in heard]
    persons = [*tracked, *sorted(heard.keys() - set(tracked))][:MOST]
    storeys = np.full(len(persons), UNKNOWN, dtype=np.intp)
    place = {person: index for index, person in enumerate(persons)}
    for number, crowd in enumerate(crowds):
        storeys[[place[each] for each in crowd.persons if each in place]] = number
    since = first - LISTENS_TICKS
    reports = heard_in([heard[each] for each in persons], site.columns, since, max(last, since))
    whole = held(reports)
    holds, counts = whole[LISTENS_TICKS:], worth(reports, whole)[LISTENS_TICKS:]
    anybody: NDArray[np.bool_] = np.any(np.isfinite(reports), axis=1)
    hears = listening(anybody)[LISTENS_TICKS:]
    levels = storeys_of(site, holds, storeys)
    left = tuple(
        _walked(storey, crowd, persons, _Ticks(holds, counts, hears, levels == number))
        for number, (storey, crowd) in enumerate(zip(site.storeys, crowds, strict=True))
    )
    return Followed(tick=max(last, first - 1), crowds=left, found=_found(site, left))


def _due(before: Followed | None, now_ms: Millis) -> tuple[int, int]:
    """Return the first and the last tick that are due; the last is before the first where none is."""
    last = (now_ms - LATE_MS) // TICK_MS
    again = last - AGAIN_TICKS + 1
    # A clock that was put back is like a restart.
    if before is None or before.tick < again - 1 or before.tick > last + 1:
        return again, last
    return before.tick + 1, last


def _nobody(site: Site) -> tuple[_Crowd, ...]:
    return tuple(
        _Crowd(
            persons=(),
            beliefs=arrived(storey.engine, 0),
            shown=np.empty(0, dtype=np.intp),
            nearest=np.empty(0, dtype=np.intp),
        )
        for storey in site.storeys
    )


def _walked(storey: Storey, crowd: _Crowd, persons: Sequence[PersonId], ticks: _Ticks) -> _Crowd:
    """Return who is on a level after all ticks."""
    columns = list(storey.columns)
    place = {person: index for index, person in enumerate(persons)}
    stay = np.array([person in place for person in crowd.persons], dtype=np.bool_)
    who = np.array([place[each] for each in crowd.persons if each in place], dtype=np.intp)
    beliefs, shown, nearest = kept(crowd.beliefs, stay), crowd.shown[stay], crowd.nearest[stay]
    for heard, counts, listens, now in zip(*ticks, strict=True):
        remain = now[who]
        new = np.setdiff1d(np.flatnonzero(now), who)
        if new.size or not remain.all():
            beliefs = joined(kept(beliefs, remain), arrived(storey.engine, len(new)))
            shown = np.concatenate([shown[remain], np.full(len(new), NOWHERE, dtype=np.intp)])
            nearest = np.concatenate([nearest[remain], np.full(len(new), UNKNOWN, dtype=np.intp)])
            who = np.concatenate([who[remain], new])
        if not who.size:
            continue
        rssi_dbm = heard[who][:, columns]
        beliefs = stepped(
            storey.engine, beliefs, rssi_dbm, listens[columns], counts[who][:, columns]
        )
        # Reports are of where she was; a tick on is nearer to now.
        cells = foreseen(storey.engine, beliefs)
        # Who is not heard is where she was heard last, until her row goes.
        known = np.isfinite(rssi_dbm).any(axis=1)
        nearest = best_heard(storey.hung, rssi_dbm[None], nearest)[0]
        within, near = cells @ storey.shares, cells @ storey.near
        next_one = told(shown, within, near, nearest, storey.nearest_counts)
        shown = np.where(known, next_one, shown)
    return _Crowd(
        persons=tuple(persons[each] for each in who), beliefs=beliefs, shown=shown, nearest=nearest
    )


def _found(site: Site, crowds: Sequence[_Crowd]) -> Mapping[PersonId, ZoneId | None]:
    return {
        person: None if zone == NOWHERE else storey.zones[zone]
        for storey, crowd in zip(site.storeys, crowds, strict=True)
        for person, zone in zip(crowd.persons, crowd.shown.tolist(), strict=True)
    }
