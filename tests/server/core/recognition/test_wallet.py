from __future__ import annotations

import hashlib
import hmac
import re

from hypothesis import given
from hypothesis import strategies as st

from shopbell_server.core.identity.people import Card
from shopbell_server.core.ids import CardRef, Millis, PersonId
from shopbell_server.core.recognition.passes import Accepted, parse, verify
from shopbell_server.core.recognition.wallet import RotatingBarcode, rotating_barcode

SECRET = b"12345678901234567890"
CARD = Card(ref=CardRef("K7Q2M9X4TR3WA"), person=PersonId("ada"), secret=SECRET)

times = st.integers(min_value=1_700_000_000_000, max_value=4_000_000_000_000)


def as_google_draws(barcode: RotatingBarcode, at_ms: int) -> str:
    """Fill the pattern as Google's reference describes it, without a word of ours."""
    counter = at_ms // barcode.period_ms
    mac = hmac.new(bytes.fromhex(barcode.key), counter.to_bytes(8, "big"), hashlib.sha1).digest()
    offset = mac[19] % 16
    number = int.from_bytes(mac[offset : offset + 4], "big") % 2**31
    code = str(number)[-barcode.digits :].zfill(barcode.digits)
    values = {"totp_timestamp_seconds": str(at_ms // 1000), "totp_value_0": code}
    return re.sub(r"\{(\w+)\}", lambda found: values[found[1]], barcode.value_pattern)


def test_it_says_what_google_wallet_must_know() -> None:
    assert rotating_barcode(CARD) == RotatingBarcode(
        value_pattern="SB1.K7Q2M9X4TR3WA.{totp_timestamp_seconds}.{totp_value_0}",
        period_ms=30_000,
        key="3132333435363738393031323334353637383930",
        digits=8,
        alternate_text="K7Q2M9X4TR3WA",
    )


@given(secret=st.binary(min_size=20, max_size=20), at_ms=times, late_ms=st.integers(0, 30_000))
def test_what_google_draws_is_accepted(secret: bytes, at_ms: int, late_ms: int) -> None:
    card = Card(ref=CARD.ref, person=CARD.person, secret=secret)
    code = parse(as_google_draws(rotating_barcode(card), at_ms))
    assert code is not None
    assert code.card == card.ref
    assert verify(code, secret, Millis(at_ms + late_ms)) == Accepted(step=at_ms // 30_000)


@given(at_ms=times)
def test_a_wallet_that_says_when_its_step_began_is_accepted_as_well(at_ms: int) -> None:
    # "At which the code was generated" may be read as the beginning of its step.
    start_ms = at_ms // 30_000 * 30_000
    code = parse(as_google_draws(rotating_barcode(CARD), start_ms))
    assert code is not None
    assert verify(code, SECRET, Millis(at_ms)) == Accepted(step=at_ms // 30_000)


def test_no_traceback_shows_the_secret() -> None:
    assert SECRET.hex() not in repr(rotating_barcode(CARD))
