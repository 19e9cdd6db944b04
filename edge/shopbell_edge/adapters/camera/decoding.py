"""Codes in an image, by zxing-cpp.

Owns: which formats are looked for, and the second look at a still that showed nothing.
Never: keeps an image, or judges what a code says (`core.codes`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import cv2
import zxingcpp

from shopbell_edge.core.codes import GTIN_DIGITS
from shopbell_edge.ports import Code

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cv2.typing import MatLike

    from shopbell_edge.core.codes import Symbology

PASSES: Final = zxingcpp.BarcodeFormat.QRCode
"""All that the live loop looks for in most frames: 1.9 ms in the median, with every format 25 (measured)."""

RETAIL: Final[dict[Symbology, zxingcpp.BarcodeFormat]] = {
    "EAN-13": zxingcpp.BarcodeFormat.EAN13,
    "EAN-8": zxingcpp.BarcodeFormat.EAN8,
    "UPC-A": zxingcpp.BarcodeFormat.UPCA,
    "Code 128": zxingcpp.BarcodeFormat.Code128,
    "DataBar": zxingcpp.BarcodeFormat.DataBar,  # omnidirectional, stacked, limited and expanded
}
"""What loyalty numbers are printed in."""

_CONTRAST: Final = 3.0
"""Clip limit of the local equalization: enough for a code in the shade, too little to make noise one."""

_TILES: Final = (8, 8)
"""Of the local equalization: on 1280 x 720 a tile is the size of a small pass."""

_ENLARGED: Final = 2.0
"""A blurred module of 3 pixels becomes one of 6, which the binarizer can tell from its neighbours."""

_MOST_ENLARGED: Final = 3_000_000
"""Pixels of an image that is enlarged: a full HD frame. What is larger has modules enough."""

_MOST_EVENED: Final = 12_000_000
"""Pixels of an image that is looked at a second time: a phone's usual photograph. What is larger is shrunk
to it first, or 48 megapixels would take twice the time."""


_GRAIN: Final = 3
"""Side of the median, in pixels: a sensor's noise is finer than a module."""

_SHARPENED: Final = 1.5
_SOFT: Final = (7, 7)
"""How much is added of what a picture has beyond its blurred self, and the side of that blur: as wide as
the motion that it undoes."""


def formats(retail: Iterable[Symbology]) -> tuple[zxingcpp.BarcodeFormat, ...]:
    """Return what to look for: passes, and barcodes of these symbologies."""
    return (PASSES, *(RETAIL[each] for each in retail))


def in_frame(grey: MatLike, wanted: tuple[zxingcpp.BarcodeFormat, ...] = (PASSES,)) -> list[Code]:
    """Return the codes of the `wanted` formats in a frame, in grey."""
    return [
        _code(str(each.format), each.text)
        for each in zxingcpp.read_barcodes(
            grey,
            formats=zxingcpp.BarcodeFormats(wanted),
            text_mode=zxingcpp.TextMode.Plain,
        )
    ]


def view(grey: MatLike, number: int) -> MatLike:
    """Return the picture to search in frame `number` of a live camera.

    Who holds a phone gives us many frames. As it comes, smoothed and sharpened in turns, three frames read
    what one way alone misses: of passes tilted, blurred, moved, noisy and dark all at once 95 % instead of
    88 %, at the price of one (8 000 frames of `tests/bench/camera.py`).
    """
    match number % 3:
        case 0:
            return grey
        case 1:
            return cv2.medianBlur(grey, _GRAIN)
        case _:
            return cv2.addWeighted(grey, 1 + _SHARPENED, cv2.blur(grey, _SOFT), -_SHARPENED, 0)


def in_still(grey: MatLike, wanted: tuple[zxingcpp.BarcodeFormat, ...]) -> list[Code]:
    """Return the codes in an image of which there is no next frame: if there is none, look harder."""
    found = in_frame(grey, wanted)
    if found:
        return found
    if grey.size > _MOST_EVENED:
        share = (_MOST_EVENED / grey.size) ** 0.5
        grey = cv2.resize(grey, None, fx=share, fy=share, interpolation=cv2.INTER_AREA)
    evened = cv2.createCLAHE(_CONTRAST, _TILES).apply(grey)
    found = in_frame(evened, wanted)
    if found or evened.size > _MOST_ENLARGED:
        return found
    enlarged = cv2.resize(evened, None, fx=_ENLARGED, fy=_ENLARGED, interpolation=cv2.INTER_CUBIC)
    return in_frame(enlarged, wanted)


def _code(format_: str, text: str) -> Code:
    """Return the code as our rules name it."""
    if format_.startswith("DataBar"):
        return Code(format="DataBar", text=text)  # which of its shapes, only the printer chooses
    if format_ == "UPC-A":
        # zxing-cpp 3.1 writes it as the EAN-13 that has the same bars, with a 0 in front.
        return Code(format=format_, text=text[-GTIN_DIGITS["UPC-A"] :])
    return Code(format=format_, text=text)
