"""Codes in an image, by zxing-cpp.

Owns: which formats are looked for, and the second look at a still that showed nothing.
Never: keeps an image, or judges what a code says (`core.codes`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import cv2
import zxingcpp

from shopbell_edge.ports import Code

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cv2.typing import MatLike

PASSES: Final = zxingcpp.BarcodeFormat.QRCode
"""All that the live loop looks for: 1.9 ms a frame in the median, 25 ms with every format (measured)."""

RETAIL: Final = (
    zxingcpp.BarcodeFormat.EAN13,
    zxingcpp.BarcodeFormat.EAN8,
    zxingcpp.BarcodeFormat.UPCA,
    zxingcpp.BarcodeFormat.Code128,
)
"""What loyalty numbers are printed in."""

_CONTRAST: Final = 3.0
"""Clip limit of the local equalization: enough for a code in the shade, too little to make noise one."""

_TILES: Final = (8, 8)
"""Of the local equalization: on 1280 x 720 a tile is the size of a small pass."""

_ENLARGED: Final = 2.0
"""A blurred module of 3 pixels becomes one of 6, which the binarizer can tell from its neighbours."""

_MOST_ENLARGED: Final = 12_000_000
"""Pixels of an image that is enlarged: a phone's usual photograph, which then takes 48 MB. What is larger has
modules enough, and would not fit into the memory of a small machine."""


def in_frame(image: MatLike, *, retail: bool) -> list[Code]:
    """Return the passes in a live frame (BGR or grey); with `retail` barcodes too, ten times as slowly."""
    if retail:
        return _read(image, (PASSES, *RETAIL))
    return _read(image, (PASSES,))


def in_still(image: MatLike) -> list[Code]:
    """Return the codes in an image of which there is no next frame: if there is none, look harder."""
    found = in_frame(image, retail=True)
    if found:
        return found
    grey = image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)  # noqa: PLR2004  # axes
    evened = cv2.createCLAHE(_CONTRAST, _TILES).apply(grey)
    found = in_frame(evened, retail=True)
    if found or evened.size > _MOST_ENLARGED:
        return found
    enlarged = cv2.resize(evened, None, fx=_ENLARGED, fy=_ENLARGED, interpolation=cv2.INTER_CUBIC)
    return in_frame(enlarged, retail=True)


def _read(image: MatLike, formats: Iterable[zxingcpp.BarcodeFormat]) -> list[Code]:
    return [
        Code(format=str(each.format), text=each.text)
        for each in zxingcpp.read_barcodes(
            image,
            formats=zxingcpp.BarcodeFormats(tuple(formats)),
            text_mode=zxingcpp.TextMode.Plain,
        )
    ]
