"""A picture of a day: floors with somebody's true way, and visits on a time line, truth above, seen below.

Owns: what stands where.
Never: decides what is true or seen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shopbell_sim.core.drawing.level import plan, scanners, track
from shopbell_sim.core.drawing.marks import Sheet, box, word
from shopbell_sim.core.drawing.visits import ROW, timeline

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

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


def picture(title: str, site: Site, followed: Lived, lived: Sequence[Lived], opens_min: int) -> str:
    """Return the picture; `followed` is whose way is drawn, `lived` who is on the time line: one at least."""
    colours = {zone: PALETTE[index % len(PALETTE)] for index, zone in enumerate(site.zone_ids())}
    names = {zone.id: zone.name for level in site.levels for zone in level.zones}
    scale = _scale(site)
    floors = 90 + (max(level.depth_m for level in site.levels) + site.street_m) * scale
    wide = MARGIN + sum(level.width_m * scale + MARGIN for level in site.levels)
    # Beside a narrow shop there is room for the time line; below a wide one.
    left, top = (wide + MARGIN, 86.0) if wide < WIDTH / 2 else (float(MARGIN), floors + 34)
    parts = [
        word(MARGIN, 28, title, 20),
        word(MARGIN, 50, _SAYS.format(who=followed.outing.who), 14),
        *_floors(site, followed, colours, scale),
        *_legend(colours, names, floors),
        word(left, top, _TIMES, 14),
        *timeline(lived, colours, (left, top + 18), WIDTH - MARGIN - left, opens_min),
    ]
    height = round(max(floors + 20, top + 56 + ROW * len(lived)))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
        f'viewBox="0 0 {WIDTH} {height}" font-family="sans-serif">\n'
        + "\n".join([box(0, 0, WIDTH, height, 'fill="#ffffff"'), *parts])
        + "\n</svg>\n"
    )


_SAYS: Final = (
    "The true way of {who}, in the colour of the zone in which Shopbell saw her; grey and dashed where it "
    "did not. Areas have the colours of their zones, circles are scanners."
)
_TIMES: Final = (
    "Visits. Upper bar: where she truly was. Lower bar: what Shopbell saw. "
    "Nothing: in the street, or not seen."
)


def _scale(site: Site) -> float:
    """Return pixels to a metre, so that all levels fit side by side."""
    wide_m = sum(level.width_m for level in site.levels)
    room = WIDTH - MARGIN * (len(site.levels) + 1)
    return min(room / wide_m, FLOOR / max(level.depth_m for level in site.levels))


def _floors(site: Site, followed: Lived, colours: Mapping[str, str], scale: float) -> Iterator[str]:
    left = float(MARGIN)
    for level in site.levels:
        sheet = Sheet(left, 82, scale)
        yield from plan(site, level, colours, sheet)
        yield from track(level, followed.outing.itinerary, followed.seen, colours, sheet)
        yield from scanners(site, level, colours, sheet)
        left += level.width_m * scale + MARGIN


def _legend(colours: Mapping[str, str], names: Mapping[str, str], top: float) -> Iterator[str]:
    left = float(MARGIN)
    for zone, colour in colours.items():
        yield box(left, top - 11, 14, 14, f'fill="{colour}"')
        yield word(left + 19, top, names[zone], 13)
        left += 36 + 7.6 * len(names[zone])
