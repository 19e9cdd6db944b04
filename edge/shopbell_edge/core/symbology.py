"""In which symbology a handheld scanner read a line: what it says itself, else what the text looks like.

Owns: AIM identifiers (ISO/IEC 15424), and the guess where there is none.
Never: decides whose code it is (`core.codes`).

The guess is harmless: a loyalty number is a claim in any symbology, and a pass is known by its form. It
errs in one case, a Code 128 of 8, 12 or 13 digits that happen to have a right check digit; who prints
loyalty numbers like that sets the scanner to send AIM identifiers.
"""

from __future__ import annotations

import re
from typing import Final, Literal

from shopbell_edge.core.codes import GTIN_DIGITS, LEAD, UnknownCode, Why, is_gtin

Identifiers = Literal["optional", "required"]
"""Whether a line may come without an identifier. `required` notices a scanner that lost its settings."""

_IDENTIFIED: Final = re.compile(r"\]([A-Za-z])([0-9A-Za-z])(.*)", re.ASCII | re.DOTALL)
"""`]`, the symbology's letter, a modifier. No code of ours begins with `]`."""

_EAN_13: Final = "EAN-13"
_EAN: Final = {"4": "EAN-8"}
"""`]E4`; all other modifiers say 13 digits, or 12, or one of them with an add-on."""

_LETTERS: Final = {
    "A": "Code 39",
    "C": "Code 128",
    "F": "Codabar",
    "G": "Code 93",
    "I": "ITF",
    "L": "PDF417",
    "Q": "QR Code",
    "d": "Data Matrix",
    "e": "DataBar",
    "z": "Aztec",
}
"""By the names that the camera's decoder gives them."""

_OTHER: Final = "other"


def identified(line: str, identifiers: Identifiers) -> tuple[str, str] | UnknownCode:
    """Return the symbology of `line` and its text without the identifier.

    Without one: `SB1.` is a pass and passes are QR codes; 13, 8 or 12 digits with a right check digit are
    EAN-13, EAN-8, UPC-A; everything else is Code 128. Where one is `required` its absence is the reason.
    """
    match = _IDENTIFIED.fullmatch(line)
    if match is None:
        if identifiers == "required":
            return UnknownCode(why=Why.NO_IDENTIFIER)
        return _by_shape(line), line
    letter, modifier, text = match.groups()
    if letter == "E":
        return _EAN.get(modifier) or _thirteen_or_twelve(text), text
    return _LETTERS.get(letter, _OTHER), text


def _by_shape(text: str) -> str:
    if text.startswith(LEAD):
        return "QR Code"
    for symbology, digits in GTIN_DIGITS.items():
        if len(text) == digits and is_gtin(text):
            return symbology
    return "Code 128"


def _thirteen_or_twelve(text: str) -> str:
    """Return which it is: `]E0` stands before both, for a UPC-A is an EAN-13 that begins with 0."""
    return "UPC-A" if len(text) == GTIN_DIGITS["UPC-A"] else _EAN_13
