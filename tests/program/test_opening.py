from __future__ import annotations

from base64 import b64decode, b64encode

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from shopbell_edge.core.sealing import seal_number
from shopbell_program.hpke import Opener, Sealer
from shopbell_server.core.recognition.loyalty_numbers import INFO, opened

KEY = bytes(range(32))
PUBLIC = X25519PrivateKey.from_private_bytes(KEY).public_key().public_bytes_raw()
OPENER = Opener(KEY)
SEALER = Sealer(PUBLIC)


def test_the_vector_of_the_rfc() -> None:
    """RFC 9180, A.1.1: base mode, sequence number 0."""
    private = "4612c550263fc8ad58375df3f557aac531d26850903e55a9f23f21d8534e8ac8"
    encapsulated = "37fda3567bdbd628e88668c3c8d7e97d1d1253b6d4ea6d44c150f741f1bf4431"
    ciphertext = (
        "f938558b5d72f1a23810b4be2ab4f84331acc02fc97babc53a52ae8218a355a96d8770ac83d07bea87e13c512a"
    )
    plain = Opener(bytes.fromhex(private)).open(
        bytes.fromhex(encapsulated + ciphertext), b"Ode on a Grecian Urn", b"Count-0"
    )
    assert plain == b"Beauty is truth, truth beauty"


@given(st.binary(max_size=60), st.binary(max_size=20), st.binary(max_size=20))
def test_what_an_edge_seals_is_opened(plain: bytes, info: bytes, aad: bytes) -> None:
    sealed = SEALER.seal(plain, info, aad)
    assert OPENER.open(sealed, info, aad) == plain
    assert OPENER.open(sealed, info + b"x", aad) is None
    assert OPENER.open(sealed, info, aad + b"x") is None


@given(st.integers(0, 60), st.integers(1, 255))
def test_one_changed_byte_is_found(place: int, change: int) -> None:
    sealed = bytearray(SEALER.seal(b"2912345678901", INFO, b""))
    sealed[place] ^= change
    # The topmost bit of a public key says nothing (RFC 7748): the context still binds it.
    assert OPENER.open(bytes(sealed), INFO, b"") is None


@given(st.binary(max_size=80))
def test_anything_else_is_nothing(sealed: bytes) -> None:
    assert OPENER.open(sealed, INFO, b"") is None


def test_a_public_key_that_keeps_nothing_secret_opens_nothing() -> None:
    assert OPENER.open(bytes(80), INFO, b"") is None


def test_another_server_opens_nothing() -> None:
    assert Opener(bytes(31) + b"\x09").open(SEALER.seal(b"29", INFO, b""), INFO, b"") is None


def test_a_key_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="has 32 bytes, not 31"):
        Opener(bytes(31))


def test_a_number_is_opened_only_under_the_edge_that_read_it() -> None:
    sealed = seal_number("2912345678901", "acme", "door", SEALER.seal)
    assert opened(sealed, "acme", "door", OPENER.open) == "2912345678901"
    assert opened(sealed, "acme", "till", OPENER.open) is None
    assert opened(sealed, "other", "door", OPENER.open) is None
    assert opened(b64encode(b64decode(sealed)[:-1]).decode(), "acme", "door", OPENER.open) is None
