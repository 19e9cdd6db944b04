"""Shapes that shops are made of: places, zones, walls; what lies inside, what crosses.

Owns: plane geometry in metres, x to the right and y towards the street.
Never: shops (`site`, and `core.floor` for the running one), people or signals.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class Point(NamedTuple):
    """A place, in metres."""

    x: float
    y: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """An area with a name for staff; `outline` goes round it once."""

    id: str
    name: str
    outline: tuple[Point, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wall:
    """What stands between: a line that takes `loss_db` of every signal through it."""

    a: Point
    b: Point
    loss_db: float


def rectangle(left: float, top: float, right: float, bottom: float) -> tuple[Point, ...]:
    """Return the corners of a rectangle, once round."""
    return (Point(left, top), Point(right, top), Point(right, bottom), Point(left, bottom))


def inside(outline: tuple[Point, ...], at: Point) -> bool:
    """Return whether `at` lies within `outline` (crossings of a ray are odd)."""
    odd = False
    for a, b in zip(outline, (*outline[1:], outline[0]), strict=True):
        if (a.y > at.y) != (b.y > at.y) and at.x < (b.x - a.x) * (at.y - a.y) / (b.y - a.y) + a.x:
            odd = not odd
    return odd


def crosses(a: Point, b: Point, c: Point, d: Point) -> bool:
    """Return whether the lines a-b and c-d cross within both of them."""
    return _side(a, b, c) * _side(a, b, d) < 0 and _side(c, d, a) * _side(c, d, b) < 0


def _side(a: Point, b: Point, c: Point) -> float:
    return (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x)
