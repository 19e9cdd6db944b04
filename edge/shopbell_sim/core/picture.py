"""What the `/demo` page shows of the shop: everybody's place, and one phone from within.

Owns: the shape of the picture (`floor.json`).
Never: whole tokens: of what a phone sends, the parts that are secret are masked, here as everywhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from shopbell_sim.core.advert import Advert
    from shopbell_sim.core.floor import Floor
    from shopbell_sim.core.site.shapes import Point

_MASKED: Final = frozenset({"id", "id32", "id64", "mac32"})
_SHOWN_BYTES: Final = 1
"""Of a masked field: enough to see that it changes."""


class ZonePicture(Struct, frozen=True, kw_only=True):
    """A zone; `outline` as pairs of metres."""

    id: str
    name: str
    outline: tuple[tuple[float, float], ...]


class ScannerPicture(Struct, frozen=True, kw_only=True):
    """A scanner and how many advertisements it heard in the last second."""

    name: str
    zone: str
    x: float
    y: float
    per_s: int


class FloorPicture(Struct, frozen=True, kw_only=True):
    """What does not move. `shelves` are left, top, width, depth."""

    width_m: float
    depth_m: float
    street_m: float
    door: tuple[float, float]
    till: tuple[float, float]
    zones: tuple[ZonePicture, ...]
    shelves: tuple[tuple[float, float, float, float], ...]


class PersonPicture(Struct, frozen=True, kw_only=True):
    """Somebody, where she truly is. `state`: sending, silent (app closed), off (no consent)."""

    who: str
    name: str
    x: float
    y: float
    state: str
    doing: str


class FieldPicture(Struct, frozen=True, kw_only=True):
    """Some bytes of an advertisement, hexadecimal, masked where they are hers."""

    name: str
    hex: str


class FramePicture(Struct, frozen=True, kw_only=True):
    """One frame that the followed phone sends."""

    frame: str
    fields: tuple[FieldPicture, ...]


class LevelPicture(Struct, frozen=True, kw_only=True):
    """How strongly a scanner heard the followed phone last; None: not lately."""

    scanner: str
    rssi_dbm: int | None


class PhonePicture(Struct, frozen=True, kw_only=True):
    """The followed phone."""

    who: str
    name: str
    platform: str
    state: str
    doing: str
    zone: str | None
    interval_ms: float
    purposes: tuple[str, ...]
    frames: tuple[FramePicture, ...]
    levels: tuple[LevelPicture, ...]
    pass_rows: tuple[str, ...]
    """Her pass as rows of 0 and 1; empty before she has one."""
    pass_left_s: int


class Picture(Struct, frozen=True, kw_only=True):
    """The whole of `floor.json`."""

    at_ms: int
    floor: FloorPicture
    scanners: tuple[ScannerPicture, ...]
    people: tuple[PersonPicture, ...]
    strangers: tuple[tuple[float, float], ...]
    phone: PhonePicture | None


def floor_picture(floor: Floor) -> FloorPicture:
    """Return what does not move."""
    return FloorPicture(
        width_m=floor.width_m,
        depth_m=floor.depth_m,
        street_m=floor.street_m,
        door=place(floor.door),
        till=place(floor.till),
        zones=tuple(
            ZonePicture(
                id=zone.id, name=zone.name, outline=tuple(place(corner) for corner in zone.outline)
            )
            for zone in floor.zones
        ),
        shelves=tuple(
            (shelf.corner.x, shelf.corner.y, shelf.width_m, shelf.depth_m)
            for shelf in floor.shelves
        ),
    )


def frame_pictures(adverts: Iterable[Advert]) -> tuple[FramePicture, ...]:
    """Return frames field by field; of her tokens and macs the first byte alone is left."""
    return tuple(
        FramePicture(
            frame=each.frame,
            fields=tuple(
                FieldPicture(name=field.name, hex=_masked(field.name, field.value))
                for field in each.fields
            ),
        )
        for each in adverts
    )


def place(at: Point) -> tuple[float, float]:
    """Return a place to the centimetre."""
    return round(at.x, 2), round(at.y, 2)


def rows_of(modules: Sequence[Sequence[bool]]) -> tuple[str, ...]:
    """Return a code as rows of 0 and 1."""
    return tuple("".join("1" if dark else "0" for dark in row) for row in modules)


def _masked(name: str, value: bytes) -> str:
    if name not in _MASKED:
        return value.hex()
    return value[:_SHOWN_BYTES].hex() + "··" * (len(value) - _SHOWN_BYTES)
