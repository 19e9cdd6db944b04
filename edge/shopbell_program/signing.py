"""Ed25519: what the retailer signed, nobody else can have written.

Owns: the signature itself, by `cryptography`.
Never: where keys are kept, what is signed, or what follows from it; `shopbell_wire.orders` says that.
"""

from __future__ import annotations

from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

KEY_BYTES: Final = 32
"""An Ed25519 key, private or public."""


_BY_ANYBODY: Final = frozenset(
    bytes.fromhex(point)
    for point in (
        "00" * 32,
        "01" + "00" * 31,
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "ec" + "ff" * 30 + "7f",
        "ed" + "ff" * 30 + "7f",
        "ee" + "ff" * 30 + "7f",
    )
)
"""The points of small order, without sign, in each of their encodings. Under such a key, all zeros for one,
a constant signs every other message (tried: OpenSSL does not ask), and no private key has it."""


class Verifier:
    """Knows the retailer by its public key (KEY_BYTES; ValueError otherwise, and for what is nobody's)."""

    def __init__(self, public_key: bytes) -> None:
        unsigned = public_key[:-1] + bytes(last & 0x7F for last in public_key[-1:])
        if unsigned in _BY_ANYBODY:
            raise ValueError("the retailer's public key is no key: anybody could sign under it")
        self._key = Ed25519PublicKey.from_public_bytes(public_key)

    def verify(self, signature: bytes, message: bytes) -> bool:
        """Return whether the private half of the key signed these bytes."""
        try:
            self._key.verify(signature, message)
        except InvalidSignature:
            return False
        return True


class Signer:
    """Signs with a private key (KEY_BYTES; ValueError otherwise)."""

    def __init__(self, private_key: bytes) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(private_key)

    @property
    def public_key(self) -> bytes:
        """Return what a Verifier needs."""
        return self._key.public_key().public_bytes_raw()

    def sign(self, message: bytes) -> bytes:
        """Return the signature of `message`, 64 bytes."""
        return self._key.sign(message)
