"""A recorded site: `site.json` with its receivers and zones, and its survey.

Owns: reading both into the values that the zone engine takes.
Never: events (`recorded_events`), or what is made of a site.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
import numpy as np

from shopbell_program.commands import CommandError
from shopbell_server.core.zones.floor import Area, Floor, Receiver
from shopbell_server.core.zones.likelihood import LOUDEST_DBM
from shopbell_server.core.zones.survey_map import Survey
from shopbell_sim.adapters.recorded_rows import number, optional, rows

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

Metres = Annotated[float, msgspec.Meta(ge=-10_000, le=10_000)]


class ReceiverEntry(msgspec.Struct, kw_only=True):
    """One receiver: x, y, z in metres. `pi`: it is one of the few that every shop has."""

    pos: tuple[Metres, Metres, Metres]
    pi: bool = False


class ZoneEntry(msgspec.Struct, kw_only=True):
    """One zone: left, bottom, right, top in metres."""

    rect: tuple[Metres, Metres, Metres, Metres]


class SiteFile(msgspec.Struct, kw_only=True):
    """What is read of `site.json`; what else it has is left alone."""

    area: tuple[Metres, Metres, Metres, Metres]
    receivers: dict[str, ReceiverEntry]
    zones: dict[str, ZoneEntry]


class DoorEntry(msgspec.Struct, kw_only=True):
    """One receiver beside a door, on one side of it."""

    side: Literal["inside", "outside"]


class DoorFile(msgspec.Struct, kw_only=True):
    """What is read of the `site.json` of a door: no area, and the side of each receiver."""

    receivers: dict[str, DoorEntry]


class _Kind(msgspec.Struct, kw_only=True):
    area: object = None


def read_site(path: Path) -> SiteFile | DoorFile:
    """Return the site: a floor where it has an area, a door where not."""
    try:
        text = path.read_bytes()
        if msgspec.json.decode(text, type=_Kind).area is None:
            return msgspec.json.decode(text, type=DoorFile)
        return msgspec.json.decode(text, type=SiteFile)
    except OSError as error:
        raise CommandError(
            f"{path}: {error.strerror}; name a folder that has a site.json"
        ) from error
    except msgspec.DecodeError as error:
        raise CommandError(
            f"{path}: {error}; write area, receivers with pos and zones with rect for a floor, "
            "receivers with side for a door"
        ) from error


def floor_of(path: Path, site: SiteFile, names: Sequence[str]) -> Floor:
    """Return the floor with these receivers of the site, in this order."""
    unknown = [each for each in names if each not in site.receivers]
    if unknown:
        raise CommandError(
            f"{path}: no receiver {', '.join(unknown)}; it has {', '.join(site.receivers)}"
        )
    try:
        return Floor(
            extent=_area("the floor", site.area),
            receivers=tuple(_receiver(each, site.receivers[each]) for each in names),
            zones=tuple(_area(name, each.rect) for name, each in site.zones.items()),
        )
    except ValueError as error:
        raise CommandError(f"{path}: {error}") from error


def read_survey(path: Path, names: Sequence[str]) -> Survey:
    """Return the survey of these receivers: rows `x,y,z` and a column per receiver, empty where unheard.

    All rows with the same place are one point. What is no strength (0, 127) counts as unheard.
    """
    points: dict[tuple[float, float], list[list[float]]] = {}
    heights = []
    for place, row in rows(path, ("x", "y", "z", *names)):
        at = number(place, row, "x"), number(place, row, "y")
        heights.append(number(place, row, "z"))
        levels = [optional(place, row, each) for each in names]
        points.setdefault(at, []).append(
            [np.nan if each is None or each > LOUDEST_DBM else each for each in levels]
        )
    means, shares = [], []
    for lines in points.values():
        readings = np.array(lines)
        heard = np.isfinite(readings)
        count = heard.sum(axis=0)
        total = np.where(heard, readings, 0.0).sum(axis=0)
        means.append(np.where(count > 0, total / np.maximum(count, 1), np.nan))
        shares.append(heard.mean(axis=0))
    return Survey(
        points_m=np.array(list(points)),
        height_m=float(np.median(heights)),
        mean_dbm=np.array(means),
        heard_share=np.array(shares),
    )


def _area(name: str, rect: tuple[float, float, float, float]) -> Area:
    left, bottom, right, top = rect
    return Area(name=name, left_m=left, bottom_m=bottom, right_m=right, top_m=top)


def _receiver(name: str, entry: ReceiverEntry) -> Receiver:
    x, y, z = entry.pos
    return Receiver(name=name, x_m=x, y_m=y, z_m=z)
