"""A floor: where its receivers hang, and which zones it has.

Owns: these values, and what makes them none.
Never: cells (`grid`), so that what stores and checks plans needs no numpy.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """Where one receiver hangs, in metres from the floor's origin."""

    name: str
    x_m: float
    y_m: float
    z_m: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """A zone: a rectangle with its sides along the axes."""

    name: str
    left_m: float
    bottom_m: float
    right_m: float
    top_m: float

    def __post_init__(self) -> None:
        if not (self.left_m < self.right_m and self.bottom_m < self.top_m):
            raise ValueError(
                f"zone {self.name}: rectangle {self.left_m:g}, {self.bottom_m:g}, {self.right_m:g}, "
                f"{self.top_m:g} is empty; write left, bottom, right, top in metres"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Floor:
    """One floor: its extent, receivers and zones, in the order in which all arrays have them."""

    extent: Area
    receivers: tuple[Receiver, ...]
    zones: tuple[Area, ...]

    def __post_init__(self) -> None:
        if not self.receivers:
            raise ValueError("a floor without receivers hears nobody; name at least one")
        if not self.zones:
            raise ValueError("a floor without zones has no answer to give; name at least one")
