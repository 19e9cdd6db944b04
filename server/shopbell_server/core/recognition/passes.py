"""The pass: a code that changes every 30 s, shown on a phone and read by a camera.

Owns: the codes (RFC 6238 TOTP), their text, and whether one is right for the time it was scanned.
Never: whether a code was used before, whose card it is, or where secrets lie.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass, field
from typing import Final, Literal

from shopbell_server.core.ids import CardRef, Millis

STEP_S: Final = 30
"""RFC 6238, and what Google Wallet's rotating barcodes use."""

DIGITS: Final = 8
"""One chance in 10**8 per guess, and a guess must be held up to a camera."""

LATE_STEPS: Final = 1
"""Accepted before and after the step of the scan: 30 s for clocks and for getting to the scanner."""

AHEAD_S: Final = 600
"""Her page holds the passes of ten minutes: so long it works without a network, in a cellar or a lift.
Whoever takes such a page from her phone has ten minutes, and no secret."""

SECRET_BYTES: Final = 20
"""Of a new secret: the length of a SHA-1, as RFC 4226 advises."""

_BASE32: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's: without I, L, O and U, so that a reference can be read aloud and typed."""

# ASCII only: \d and str.isdigit would take the digits of every script.
_TEXT: Final = re.compile(r"SB1\.([0-9A-HJKMNP-TV-Z]{13})\.([0-9]{1,11})\.([0-9]{8})", re.ASCII)

_REF: Final = re.compile(r"[0-9A-HJKMNP-TV-Z]{13}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class PassCode:
    """A pass as it is read: well formed, not yet verified."""

    card: CardRef
    unix: int
    totp: str = field(repr=False)  # so that no traceback shows a code


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """The code is right. It counts once: the first scan of (card, step) is the one."""

    step: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The code is not right, and why: `stale` asks her to refresh it."""

    reason: Literal["wrong", "stale", "from_the_future"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A pass as it is to be shown for STEP_S from `from_ms` on."""

    from_ms: Millis
    text: str = field(repr=False)


def parse(text: str) -> PassCode | None:
    """Return the pass in `text`; None for anything that is not exactly one of ours."""
    found = _TEXT.fullmatch(text)
    if found is None:
        return None
    card, unix, totp = found.groups()
    return PassCode(card=CardRef(card), unix=int(unix), totp=totp)


def named_card(text: str) -> CardRef | None:
    """Return the card that a till read or somebody typed; None for what is no card of ours.

    A whole pass counts for its reference alone: its code is for one scanner and half a minute.
    """
    code = parse(text)
    if code is not None:
        return code.card
    typed = text.strip().upper()
    return CardRef(typed) if _REF.fullmatch(typed) else None


def verify(code: PassCode, secret: bytes, scanned_ms: Millis) -> Accepted | Refused:
    """Return whether `code` is of its card's `secret` and was scanned in its time.

    The time is judged after the code: who does not know the secret learns nothing about clocks.
    """
    step = code.unix // STEP_S
    if not hmac.compare_digest(totp(secret, code.unix), code.totp):
        return Refused(reason="wrong")
    late = scanned_ms // (STEP_S * 1000) - step
    if late > LATE_STEPS:
        return Refused(reason="stale")
    if late < -LATE_STEPS:
        return Refused(reason="from_the_future")
    return Accepted(step=step)


def pass_text(card: CardRef, secret: bytes, unix: int) -> str:
    """Return what a phone shows at `unix` seconds: 37 characters, so that the QR code stays small."""
    return pattern(card, str(unix), totp(secret, unix))


def ahead(card: CardRef, secret: bytes, now_ms: Millis) -> tuple[Shown, ...]:
    """Return the passes of AHEAD_S from `now_ms` on, the one that is shown now first."""
    first = now_ms // (STEP_S * 1000)
    return tuple(
        Shown(from_ms=Millis(step * STEP_S * 1000), text=pass_text(card, secret, step * STEP_S))
        for step in range(first, first + AHEAD_S // STEP_S + 1)
    )


def pattern(card: CardRef, unix: str, code: str) -> str:
    """Return the text of a pass with `unix` and `code` in their places: values, or names of them."""
    return f"SB1.{card}.{unix}.{code}"


def totp(secret: bytes, unix: int) -> str:
    """Return the code of `secret` at `unix` seconds (RFC 6238, SHA-1, 8 digits)."""
    mac = hmac.digest(secret, (unix // STEP_S).to_bytes(8), hashlib.sha1)
    start = mac[-1] & 0x0F
    number = int.from_bytes(mac[start : start + 4]) & 0x7FFF_FFFF
    return f"{number % 10**DIGITS:0{DIGITS}d}"


def card_ref(random_bits: int) -> CardRef:
    """Return the name of a new card from 64 random bits; different bits give different names."""
    if not 0 <= random_bits < 2**64:
        raise ValueError("a card reference is made of 64 bits")
    bits = random_bits << 1  # 13 characters hold 65; the last bit stays zero, as in RFC 4648
    return CardRef("".join(_BASE32[bits >> shift & 31] for shift in range(60, -1, -5)))
