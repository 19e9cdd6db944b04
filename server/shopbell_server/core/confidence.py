"""How sure it is that a visit was one.

Owns: the three words.
Never: what makes a visit worth which (`visits`), nor who may see it (`disclosure`).
"""

from __future__ import annotations

from enum import IntEnum


class Confidence(IntEnum):
    """Weakest first, so that the better of two is `max`."""

    LOW = 1
    """Less than a showing rule asks for: never reaches staff."""
    MEDIUM = 2
    """One scanner, and the showing rule is met."""
    HIGH = 3
    """A pass, or two scanners."""
