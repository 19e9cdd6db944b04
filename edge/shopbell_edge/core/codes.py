"""What a code that somebody held up is: a pass, a loyalty number, or none of our business.

Owns: the syntax of pass codes, and which of a reader's barcodes are loyalty numbers of this retailer.
Never: opens, follows or keeps a text; says who it is (the server does); knows a secret.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shopbell_wire.messages import Clock

MOST_CHARACTERS: Final = 512
"""The wire's limit for a string; the longest code of ours has 40."""

LEAD: Final = "SB1."
"""What a pass code begins with."""

PASS_STEP_S: Final = 30
"""A pass shows a new code every 30 s (RFC 6238's own default)."""

STALE_AFTER_S: Final = 90
"""The server accepts a step either way; what is three steps old cannot pass."""

_PASS: Final = re.compile(r"SB1\.([0-9A-Z]{13})\.([1-9][0-9]{9})\.[0-9]{8}", re.ASCII)
"""Card reference (the letters of every base32 there is: the server knows which it issued), unix seconds
(10 digits until the year 2286), TOTP."""

_PRINTABLE: Final = re.compile(r"[\x20-\x7e]+", re.ASCII)
_ALPHANUMERIC: Final = re.compile(r"[0-9A-Za-z]+", re.ASCII)
_DIGITS: Final = re.compile(r"[0-9]+", re.ASCII)

Symbology = Literal["EAN-13", "EAN-8", "UPC-A", "Code 128", "DataBar"]

GTIN_DIGITS: Final = {"EAN-13": 13, "EAN-8": 8, "UPC-A": 12}
"""Symbologies whose last digit checks the others: their length."""

LONGEST_NUMBER: Final = 40
"""Sealed and in base64 it has 120 characters: 32 of key, 40, 16 of tag, times 4/3."""


class Why(StrEnum):
    """Why a code is not one of ours; a counter's label, never the text itself."""

    EMPTY = "empty"
    TOO_LONG = "too_long"
    CHARSET = "charset"
    NOT_OURS = "not_ours"
    MALFORMED_PASS = "malformed_pass"  # noqa: S105  a reason
    CHECK_DIGIT = "check_digit"
    ZEROS = "zeros"
    CUT = "cut"
    """Of a handheld scanner: half a code, or what came after one."""
    NO_IDENTIFIER = "no_identifier"
    """Of a handheld scanner that should say the symbology and does not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PassCode:
    """A pass code in the right form, `text`. Whether it is true, only the server can tell.

    `card_ref` and `step` (number of the 30 s period) say which showing of which pass it is.
    """

    text: str
    card_ref: str
    step: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StalePass:
    """A pass code too old for the server: a picture, or a phone with a wrong clock ("please refresh")."""

    age_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LoyaltyNumber:
    """A number that may be a customer's: a claim, no proof. It leaves the edge sealed (`sealing`)."""

    symbology: Symbology
    number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownCode:
    """None of our business: to be counted by `why`, not kept, never opened."""

    why: Why


Read = PassCode | StalePass | LoyaltyNumber | UnknownCode


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberRule:
    """Loyalty numbers: `symbology`, the retailer's `prefix`, and how many characters in all.

    Raises ValueError, saying what is wrong and what is allowed.
    """

    symbology: Symbology
    prefix: str
    length: int

    def __post_init__(self) -> None:
        wanted = GTIN_DIGITS.get(self.symbology)
        if wanted is not None and self.length != wanted:
            raise ValueError(f"length is {self.length}; {self.symbology} has {wanted} digits")
        allowed, called = (_DIGITS, "digits") if wanted else (_ALPHANUMERIC, "letters and digits")
        if not allowed.fullmatch(self.prefix):
            # An empty prefix would send every chocolate bar to the server.
            raise ValueError(f"prefix is {self.prefix!r}; write one or more {called}")
        if not len(self.prefix) < self.length <= LONGEST_NUMBER:
            raise ValueError(
                f"length is {self.length}; write more than the {len(self.prefix)} characters of the prefix, "
                f"at most {LONGEST_NUMBER}"
            )


def read(symbology: str, text: str, rules: Sequence[NumberRule], clock: Clock) -> Read:
    """Return what `text` is, read as `symbology` (as any library writes it) when `clock` said the time.

    Never raises. A pass is judged stale by a synchronized clock only.
    """
    refused = _refused(text)
    if refused is not None:
        return UnknownCode(why=refused)
    if text.startswith(LEAD):
        return _pass(text, clock)
    return _number(_plain(symbology), text, rules)


def _refused(text: str) -> Why | None:
    if not text:
        return Why.EMPTY
    if len(text) > MOST_CHARACTERS:
        return Why.TOO_LONG
    return None if _PRINTABLE.fullmatch(text) else Why.CHARSET


def _pass(text: str, clock: Clock) -> PassCode | StalePass | UnknownCode:
    match = _PASS.fullmatch(text)
    if match is None:
        return UnknownCode(why=Why.MALFORMED_PASS)
    shown_s = int(match[2])
    age_s = clock.wall_ms // 1000 - shown_s
    if clock.state == "synced" and age_s > STALE_AFTER_S:
        return StalePass(age_s=age_s)
    return PassCode(text=text, card_ref=match[1], step=shown_s // PASS_STEP_S)


def is_gtin(text: str) -> bool:
    """Return whether `text` is digits of which the last checks the others."""
    return _DIGITS.fullmatch(text) is not None and _checks(text)


def _number(plain: str, text: str, rules: Sequence[NumberRule]) -> LoyaltyNumber | UnknownCode:
    for rule in rules:
        number = _as(rule.symbology, plain, text)
        if number is None or len(number) != rule.length:
            continue
        if not number.startswith(rule.prefix):
            continue
        why = _flaw(rule.symbology, number)
        if why is not None:
            return UnknownCode(why=why)
        return LoyaltyNumber(symbology=rule.symbology, number=number)
    return UnknownCode(why=Why.NOT_OURS)


def _as(wanted: Symbology, plain: str, text: str) -> str | None:
    """Return `text`, read as `plain`, the way `wanted` writes it; None if it is no such code.

    A UPC-A is the same bars as an EAN-13 with a 0 in front, and which of the two is told differs between
    decoders, and between the settings of a scanner.
    """
    name = _plain(wanted)
    if name == plain:
        return text
    if (name, plain) == ("upca", "ean13") and text.startswith("0"):
        return text[1:]
    if (name, plain) == ("ean13", "upca"):
        return f"0{text}"
    return None


def _flaw(symbology: Symbology, text: str) -> Why | None:
    """Return what is wrong with a number of the right prefix and length."""
    if not text.strip("0"):
        return Why.ZEROS
    if symbology not in GTIN_DIGITS:
        return None if _ALPHANUMERIC.fullmatch(text) else Why.CHARSET
    if not _DIGITS.fullmatch(text):
        return Why.CHARSET
    return None if _checks(text) else Why.CHECK_DIGIT


def _checks(digits: str) -> bool:
    """Return whether the check digit makes the weighted sum a multiple of ten (GS1, modulo 10)."""
    return (
        sum(int(digit) * (3 if at % 2 else 1) for at, digit in enumerate(reversed(digits))) % 10
        == 0
    )


def _plain(symbology: str) -> str:
    """Return the name without what libraries differ in: `EAN-13`, `EAN13`, `ean_13`."""
    return "".join(character for character in symbology if character.isalnum()).lower()
