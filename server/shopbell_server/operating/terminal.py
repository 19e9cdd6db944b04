"""What commands print for people: tables, moments, and what came from elsewhere.

Owns: how it looks on a terminal.
Never: what is worth printing.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def print_table(lines: Sequence[tuple[str, ...]]) -> None:
    """Print `lines`, the first of which is the heading, in columns as wide as what is in them."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        print("  ".join(cells).rstrip())


def moment(at_ms: int) -> str:
    """Return a moment to the second, in UTC."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def printable(text: str) -> str:
    """Escape what comes from the wire: it may hold what a terminal takes for a command."""
    return text if text.isprintable() else repr(text)
