"""Identifiers as a page shows them: enough to know one's own again, too little to use it.

Owns: which characters stay.
"""

from __future__ import annotations

from typing import Final

DOT: Final = "•"
SHOWN: Final = 4
"""As a receipt shows of a card."""
LEAST: Final = 10
"""Of a shorter one nothing is shown: four of eight digits would leave ten thousand to try."""


def masked(identifier: str) -> str:
    """Return four dots and its last four characters; dots alone for a short one. Its length is not told."""
    return DOT * SHOWN + (identifier[-SHOWN:] if len(identifier) >= LEAST else "")
