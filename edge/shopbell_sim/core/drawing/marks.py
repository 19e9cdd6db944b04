"""The few marks that pictures of a day are made of, as SVG.

Owns: how a line, a box, a dot and a word look.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Iterable

INK: Final = "#333333"
UNSEEN: Final = "#bbbbbb"


class Sheet(NamedTuple):
    """A part of the picture: metres from its corner at (`left`, `top`), `scale` pixels each."""

    left: float
    top: float
    scale: float

    def x(self, metres: float) -> float:
        """Return pixels from the left of the picture."""
        return self.left + metres * self.scale

    def y(self, metres: float) -> float:
        """Return pixels from its top."""
        return self.top + metres * self.scale

    def point(self, x: float, y: float) -> str:
        """Return a place as a point of a line."""
        return f"{self.x(x):.1f},{self.y(y):.1f}"


def box(left: float, top: float, width: float, height: float, style: str) -> str:
    """Return a rectangle; `style` are its attributes."""
    return (
        f'<rect x="{left:.1f}" y="{top:.1f}" width="{max(width, 0.5):.1f}" '
        f'height="{height:.1f}" {style}/>'
    )


def line(x1: float, y1: float, x2: float, y2: float, *, colour: str, width: float) -> str:
    """Return a straight line."""
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" '
        f'stroke="{colour}" stroke-width="{width:.1f}"/>'
    )


def way(points: Iterable[str], colour: str, *, dashed: bool) -> str:
    """Return a line through many points."""
    dashes = ' stroke-dasharray="4 4"' if dashed else ""
    return (
        f'<polyline points="{" ".join(points)}" fill="none" stroke="{colour}" stroke-width="3" '
        f'stroke-linejoin="round" stroke-opacity="0.9"{dashes}/>'
    )


def area(points: Iterable[str], colour: str) -> str:
    """Return a tinted area."""
    return f'<polygon points="{" ".join(points)}" fill="{colour}" fill-opacity="0.15"/>'


def dot(x: float, y: float, colour: str) -> str:
    """Return a scanner."""
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="6" fill="#ffffff" stroke="{colour}" stroke-width="3"/>'


def spot(x: float, y: float, radius: float, colour: str) -> str:
    """Return a place where somebody stood."""
    return (
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" fill="{colour}" fill-opacity="0.55"/>'
    )


def word(x: float, y: float, text: str, size: int, *, colour: str = "#222222") -> str:
    """Return text that begins at (x, y), legible on anything; what is not SVG's is escaped."""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{colour}" stroke="#ffffff" '
        f'stroke-width="3" stroke-linejoin="round" paint-order="stroke">{escape(text)}</text>'
    )
