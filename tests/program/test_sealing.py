from __future__ import annotations

from base64 import b64decode

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.bindings._rust import openssl
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from shopbell_edge.core.sealing import INFO, seal_number
from shopbell_program.hpke import Sealer

SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_128_GCM)


def test_the_vector_of_the_rfc() -> None:
    """RFC 9180, A.1.1: base mode, sequence number 0."""
    public = "3948cfe0ad1ddb695d780e59077195da6c56506b027329794ab02bca80815c4d"
    ephemeral = "52c4a758a802cd8b936eceea314432798d5baf2d7e9235dc084ab1b9cfa2f736"
    sealed = Sealer(bytes.fromhex(public)).seal_with(
        X25519PrivateKey.from_private_bytes(bytes.fromhex(ephemeral)),
        b"Beauty is truth, truth beauty",
        b"Ode on a Grecian Urn",
        b"Count-0",
    )
    assert sealed[:32].hex() == "37fda3567bdbd628e88668c3c8d7e97d1d1253b6d4ea6d44c150f741f1bf4431"
    assert sealed[32:].hex() == (
        "f938558b5d72f1a23810b4be2ab4f84331acc02fc97babc53a52ae8218a355a96d8770ac83d07bea87e13c512a"
    )


def test_the_library_opens_what_we_sealed() -> None:
    private = X25519PrivateKey.generate()
    sealer = Sealer(private.public_key().public_bytes_raw())
    assert SUITE.decrypt(sealer.seal(b"29", b"info", b""), private, b"info") == b"29"


def test_a_number_is_opened_only_under_the_edge_that_read_it() -> None:
    private = X25519PrivateKey.generate()
    sealer = Sealer(private.public_key().public_bytes_raw())
    sealed = b64decode(seal_number("2912345678901", "acme", "door", sealer.seal))
    open_with = openssl.hpke._decrypt_with_aad  # noqa: SLF001  not promised, but the best witness there is
    assert open_with(SUITE, sealed, private, INFO, b"acme/door") == b"2912345678901"
    with pytest.raises(InvalidTag):
        open_with(SUITE, sealed, private, INFO, b"acme/till")


def test_the_same_number_is_never_sealed_to_the_same_bytes() -> None:
    sealer = Sealer(X25519PrivateKey.generate().public_key().public_bytes_raw())
    assert sealer.seal(b"29", INFO, b"") != sealer.seal(b"29", INFO, b"")


def test_a_key_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="has 31 bytes; an X25519 key has 32"):
        Sealer(bytes(31))


def test_a_key_that_would_keep_nothing_secret_is_refused_before_a_number_is_shown() -> None:
    with pytest.raises(ValueError, match="no key that can be sealed to"):
        Sealer(bytes(32))
