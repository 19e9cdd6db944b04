"""The pass as it is shown: QR codes as SVG, ready drawn for the next ten minutes.

Owns: how a code is drawn.
Never: which codes (`core.recognition.passes`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import segno

from shopbell_server.core.recognition.passes import STEP_S, ahead

if TYPE_CHECKING:
    from shopbell_server.core.identity.people import Card
    from shopbell_server.core.ids import Millis

BORDER: Final = 4
"""Modules of white around it, as ISO/IEC 18004 wants: on a dark page nothing else is white."""

MASK: Final = 6
"""The same for all. To try all eight and take the least conspicuous is four fifths of the time of drawing,
and makes a pass no easier to read: of 200, blurred and noisy in three ways, zxing-cpp read 51, 4 and 32 %
with the mask that segno chose and 56, 5 and 38 % with this one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """A code to be shown from `from_ms` on, for STEP_S."""

    from_ms: Millis
    svg: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnPass:
    """What the page shows by itself for ten minutes, and the reference that a till may type."""

    now_ms: Millis
    step_ms: int
    codes: tuple[Drawn, ...]
    reference: str


def drawn_pass(card: Card, now_ms: Millis) -> DrawnPass:
    """Return the pass of `card` from `now_ms` on: 21 codes of about 1 KB, drawn in 30 ms."""
    return DrawnPass(
        now_ms=now_ms,
        step_ms=STEP_S * 1000,
        codes=tuple(
            Drawn(from_ms=each.from_ms, svg=drawn(each.text))
            for each in ahead(card.ref, card.secret, now_ms)
        ),
        reference=" ".join((card.ref[:4], card.ref[4:8], card.ref[8:])),
    )


def drawn(text: str) -> str:
    """Return `text` as a QR code: 25 by 25 modules for a pass, black on white whatever the page's colours."""
    code = segno.make_qr(text, error="m", boost_error=False, mask=MASK)
    return code.svg_inline(
        border=BORDER, omitsize=True, light="#fff", svgclass=None, lineclass=None
    )
