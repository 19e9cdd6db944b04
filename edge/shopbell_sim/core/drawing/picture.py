"""A picture of a day: floors with somebody's true way, visits on a time line, and how full it was.

Owns: what stands where.
Never: decides what is true or seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from shopbell_sim.core.drawing.count import HEIGHT, counts
from shopbell_sim.core.drawing.level import names, plan, stops, track
from shopbell_sim.core.drawing.marks import Sheet, box, word
from shopbell_sim.core.drawing.visits import ROW, timeline

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from shopbell_sim.core.day.mishaps import Outage
    from shopbell_sim.core.drawing.visits import Lived
    from shopbell_sim.core.site.site import Site

PALETTE: Final = (
    "#2f6fb7", "#d9822b", "#2e9e6b", "#b5489a", "#8a6d3b", "#c43d3d", "#5b5bd6", "#3aa0a8", "#7a9a1f",
    "#6b7280", "#d0659f", "#1d7f4f",
)  # fmt: skip
"""One colour a zone, told apart side by side by most who see colours badly too."""

WIDTH: Final = 1500
MARGIN: Final = 30
FLOOR: Final = 600
"""Pixels that the deepest level may take."""

PLAN: Final = 128
"""Where floors begin, below what is said of them."""

LINE: Final = 20
"""From one line of text to the next."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a picture is of. `everybody` and `rows` are one at least; `opens_min` is when second 0 is."""

    title: str
    verdict: str
    site: Site
    followed: Lived
    """Whose way is drawn."""
    rows: Sequence[Lived]
    """Who is on the time line."""
    everybody: Sequence[Lived]
    """Who is counted."""
    outages: Sequence[Outage]
    opens_min: int


def picture(shown: Shown) -> str:
    """Return the picture."""
    site = shown.site
    colours = {zone: PALETTE[index % len(PALETTE)] for index, zone in enumerate(site.zone_ids())}
    scale = _scale(site)
    streets = [site.street_m if level is site.ground else 0.0 for level in site.levels]
    deepest_m = max(
        level.depth_m + street for level, street in zip(site.levels, streets, strict=True)
    )
    floors = PLAN + deepest_m * scale
    wide = MARGIN + sum(level.width_m * scale + MARGIN for level in site.levels)
    # Beside a narrow shop there is room for the time line; below a wide one.
    left, top = (wide + MARGIN, float(PLAN)) if wide < WIDTH / 2 else (float(MARGIN), floors + 40)
    rows = top + 2 * LINE + 22
    below = max(floors, rows + ROW * len(shown.rows)) + 60
    span = WIDTH - MARGIN - left, shown.opens_min
    parts = [
        word(MARGIN, 28, shown.title, 20),
        word(MARGIN, 50, shown.verdict, 14),
        *_texts((MARGIN, 50 + LINE), [line.format(who=shown.followed.who) for line in _FLOOR]),
        *_floors(site, shown.followed, colours, scale),
        *_texts((left, top), _TIMES),
        *timeline(shown.rows, colours, shown.outages, (left, rows), span),
        word(MARGIN, below, _COUNTS, 14),
        *counts(
            shown.everybody,
            shown.outages,
            (MARGIN, below + 30),
            (WIDTH - 2 * MARGIN, shown.opens_min),
        ),
    ]
    height = round(below + 30 + HEIGHT + 30)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
        f'viewBox="0 0 {WIDTH} {height}" font-family="sans-serif">\n'
        + "\n".join([box(0, 0, WIDTH, height, 'fill="#ffffff"'), *parts])
        + "\n</svg>\n"
    )


_FLOOR: Final = (
    "Where {who} truly went; dots: she stood there, the larger the longer. Line and dots have the colour of",
    "the zone in which Shopbell saw her, areas that of the zone that it is. Grey: not seen. Rings: scanners.",
)
_TIMES: Final = (
    "Visits. Upper bar: where she truly was. Lower bar: where Shopbell saw her; grey: heard, but not where.",
    "Thin line between: her phone was on the air. Who is silent (an iPhone in a pocket) cannot be seen.",
)
_COUNTS: Final = "Inside at a time, of those who take part. Grey: truly. Red: as Shopbell has it."


def _texts(corner: tuple[float, float], lines: Sequence[str]) -> Iterator[str]:
    for number, each in enumerate(lines):
        yield word(corner[0], corner[1] + LINE * number, each, 13)


def _scale(site: Site) -> float:
    """Return pixels to a metre, so that all levels fit side by side."""
    wide_m = sum(level.width_m for level in site.levels)
    room = WIDTH - MARGIN * (len(site.levels) + 1)
    return min(room / wide_m, FLOOR / max(level.depth_m for level in site.levels))


def _floors(site: Site, followed: Lived, colours: Mapping[str, str], scale: float) -> Iterator[str]:
    left = float(MARGIN)
    for level in site.levels:
        sheet = Sheet(left, PLAN, scale)
        yield from plan(site, level, colours, sheet)
        for outing in followed.outings:
            yield from track(level, outing.itinerary, followed.seen, colours, sheet)
            yield from stops(level, outing.itinerary, followed.seen, colours, sheet)
        yield from names(site, level, colours, sheet)
        left += level.width_m * scale + MARGIN
