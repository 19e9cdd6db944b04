"""HPKE: what an edge seals to the server's public key, only the server can open.

Owns: RFC 9180 single shots in base mode: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-128-GCM, from the
primitives of `cryptography`.
Never: what is sealed, and to what it is bound; the cores of both programs say that.

`cryptography`'s own `hpke.Suite` takes no additional data, which binds a number to the edge that read it; the
tests hold this module to the RFC's vector and to that class where they overlap.
"""

from __future__ import annotations

from hashlib import sha256
from hmac import digest
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES: Final = 32
"""An X25519 key, private or public."""

_TAG_BYTES: Final = 16

_KEM: Final = b"KEM" + (0x0020).to_bytes(2, "big")
"""suite_id of DHKEM(X25519, HKDF-SHA256)."""

_HPKE: Final = b"HPKE" + b"".join(number.to_bytes(2, "big") for number in (0x0020, 0x0001, 0x0001))
"""suite_id of that with HKDF-SHA256 and AES-128-GCM."""

_BASE_MODE: Final = b"\x00"


class Sealer:
    """Seals to one public key: 32 bytes, as `X25519PublicKey.public_bytes_raw` gives them.

    Raises ValueError for a key of another length, or one that nothing can be sealed to.
    """

    def __init__(self, public_key: bytes) -> None:
        if len(public_key) != KEY_BYTES:
            raise ValueError(
                f"the server's public key has {len(public_key)} bytes; an X25519 key has {KEY_BYTES}"
            )
        self._public_bytes = public_key
        self._public = X25519PublicKey.from_public_bytes(public_key)
        try:
            X25519PrivateKey.generate().exchange(self._public)
        except ValueError:
            # One of the few keys whose shared secret is zero: found out now, not when a card is shown.
            raise ValueError("the server's public key is no key that can be sealed to") from None

    def seal(self, plaintext: bytes, info: bytes, aad: bytes) -> bytes:
        """Return the encapsulated key (32 bytes) and the ciphertext (16 bytes longer than the text)."""
        return self.seal_with(X25519PrivateKey.generate(), plaintext, info, aad)

    def seal_with(
        self, ephemeral: X25519PrivateKey, plaintext: bytes, info: bytes, aad: bytes
    ) -> bytes:
        """Do what `seal` does, with a key of the caller's that must never be used again (for vectors)."""
        encapsulated = ephemeral.public_key().public_bytes_raw()
        shared = _decapsulable_secret(
            ephemeral.exchange(self._public), encapsulated + self._public_bytes
        )
        key, nonce = _key_schedule(shared, info)
        return encapsulated + AESGCM(key).encrypt(nonce, plaintext, aad)


class Opener:
    """Opens what was sealed to the public half of one private key (KEY_BYTES; ValueError otherwise)."""

    def __init__(self, private_key: bytes) -> None:
        if len(private_key) != KEY_BYTES:
            raise ValueError(f"an X25519 key has {KEY_BYTES} bytes, not {len(private_key)}")
        self._private = X25519PrivateKey.from_private_bytes(private_key)
        self._public_bytes = self._private.public_key().public_bytes_raw()

    def open(self, sealed: bytes, info: bytes, aad: bytes) -> bytes | None:
        """Return what is in `sealed` (encapsulated key, then ciphertext); None if that cannot be opened.

        Not sealed to this key, not for this `info` and `aad`, or changed on the way: all the same.
        """
        encapsulated, ciphertext = sealed[:KEY_BYTES], sealed[KEY_BYTES:]
        if len(ciphertext) < _TAG_BYTES:
            return None
        try:
            exchanged = self._private.exchange(X25519PublicKey.from_public_bytes(encapsulated))
            shared = _decapsulable_secret(exchanged, encapsulated + self._public_bytes)
            key, nonce = _key_schedule(shared, info)
            return AESGCM(key).decrypt(nonce, ciphertext, aad)
        except (InvalidTag, ValueError):  # ValueError: a public key that gives a secret of zero
            return None


def _decapsulable_secret(exchanged: bytes, kem_context: bytes) -> bytes:
    """ExtractAndExpand of RFC 9180, 4.1."""
    secret = _extract(b"", b"eae_prk", exchanged, _KEM)
    return _expand(secret, b"shared_secret", kem_context, 32, _KEM)


def _key_schedule(shared: bytes, info: bytes) -> tuple[bytes, bytes]:
    """Return key and first nonce of RFC 9180, 5.1, in base mode (no pre-shared key)."""
    context = (
        _BASE_MODE
        + _extract(b"", b"psk_id_hash", b"", _HPKE)
        + _extract(b"", b"info_hash", info, _HPKE)
    )
    secret = _extract(shared, b"secret", b"", _HPKE)
    return _expand(secret, b"key", context, 16, _HPKE), _expand(
        secret, b"base_nonce", context, 12, _HPKE
    )


def _extract(salt: bytes, label: bytes, material: bytes, suite: bytes) -> bytes:
    """LabeledExtract of RFC 9180, 4."""
    return digest(salt, b"HPKE-v1" + suite + label + material, sha256)


def _expand(key: bytes, label: bytes, info: bytes, size_bytes: int, suite: bytes) -> bytes:
    """LabeledExpand of RFC 9180, 4, for at most one block of SHA-256."""
    labeled = size_bytes.to_bytes(2, "big") + b"HPKE-v1" + suite + label + info
    return digest(key, labeled + b"\x01", sha256)[:size_bytes]
