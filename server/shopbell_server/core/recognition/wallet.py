"""The pass in Google Wallet, which makes its codes by itself.

Owns: the definition from which Google Wallet draws a pass of ours.
Never: the rest of the wallet's object (issuer, class, looks), which is the retailer's, or sending it there.

A `RotatingBarcode` of Google's Wallet API has a pattern and what fills it: `{totp_timestamp_seconds}` is the
Unix time at which the phone generated the code, `{totp_value_0}` the RFC 6238 code of that time under the
first key. Both are of one moment, so the step that the time lies in is the step of the code, which is all
that `passes.verify` asks. The phone's clock makes it; no network is needed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from shopbell_server.core.recognition.passes import DIGITS, STEP_S, pattern

if TYPE_CHECKING:
    from shopbell_server.core.identity.people import Card

KIND: Final = "QR_CODE"
ALGORITHM: Final = "TOTP_SHA1"
"""Google's names. SHA-1 is the only algorithm that it has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RotatingBarcode:
    """What the field `rotatingBarcode` of a wallet object says; the names there are Google's."""

    value_pattern: str
    period_ms: int
    key: str = field(repr=False)
    """The card's secret in base16, upper case."""
    digits: int
    alternate_text: str
    """Shown under the code: the reference of the card, which a till accepts typed."""


def rotating_barcode(card: Card) -> RotatingBarcode:
    """Return the definition of `card`'s pass. It holds the card's secret."""
    return RotatingBarcode(
        value_pattern=pattern(card.ref, "{totp_timestamp_seconds}", "{totp_value_0}"),
        period_ms=STEP_S * 1000,
        key=card.secret.hex().upper(),
        digits=DIGITS,
        alternate_text=card.ref,
    )
