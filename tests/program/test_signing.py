from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopbell_program.signing import KEY_BYTES, Signer, Verifier

# RFC 8032, 7.1, test 2.
SECRET = bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")
PUBLIC = bytes.fromhex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")
MESSAGE = bytes.fromhex("72")
SIGNATURE = bytes.fromhex(
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
    "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
)


def test_a_signature_is_that_of_the_standard() -> None:
    assert Signer(SECRET).sign(MESSAGE) == SIGNATURE
    assert Signer(SECRET).public_key == PUBLIC
    assert Verifier(PUBLIC).verify(SIGNATURE, MESSAGE)


def test_any_other_signature_or_message_is_not_the_retailers() -> None:
    verifier = Verifier(PUBLIC)
    assert not verifier.verify(SIGNATURE, b"\x73")
    assert not verifier.verify(bytes([SIGNATURE[0] ^ 1]) + SIGNATURE[1:], MESSAGE)
    assert not verifier.verify(b"", MESSAGE)
    assert not Verifier(Signer(bytes(KEY_BYTES)).public_key).verify(SIGNATURE, MESSAGE)


@pytest.mark.parametrize("kind", [Signer, Verifier])
def test_a_key_of_another_length_is_none(kind: type[Signer | Verifier]) -> None:
    with pytest.raises(ValueError, match="32"):
        kind(b"short")


P = 2**255 - 19
SMALL = [*(y.to_bytes(KEY_BYTES, "little") for y in (0, 1, P - 1, P, P + 1))] + [
    bytes.fromhex(eighth)
    for eighth in (
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    )
]


@pytest.mark.parametrize("sign", [0, 0x80])
@pytest.mark.parametrize("key", SMALL)
def test_a_key_under_which_anybody_can_sign_is_none(key: bytes, sign: int) -> None:
    with pytest.raises(ValueError, match="anybody could sign"):
        Verifier(key[:-1] + bytes([key[-1] | sign]))


@given(st.binary(min_size=KEY_BYTES, max_size=KEY_BYTES))
def test_everybody_elses_key_is_one(secret: bytes) -> None:
    Verifier(Signer(secret).public_key)
