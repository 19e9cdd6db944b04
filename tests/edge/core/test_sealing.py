from __future__ import annotations

from base64 import b64decode

from shopbell_edge.core.codes import LONGEST_NUMBER
from shopbell_edge.core.sealing import seal_number


def test_what_is_sealed_and_to_what_it_is_bound() -> None:
    asked = []

    def seal(plaintext: bytes, info: bytes, aad: bytes) -> bytes:
        asked.append((plaintext, info, aad))
        return b"\xff\xfe"

    assert b64decode(seal_number("2912345678901", "acme", "ams01-door", seal)) == b"\xff\xfe"
    assert asked == [(b"2912345678901", b"shopbell/number/1", b"acme/ams01-door")]


def test_the_longest_number_fits_the_wire() -> None:
    sealed = seal_number("1" * LONGEST_NUMBER, "acme", "door", lambda text, *_: bytes(48) + text)
    assert len(sealed) <= 120
