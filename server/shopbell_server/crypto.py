"""The ciphers that the rest is handed: blocks for the core, sealed bytes for what is kept.

Owns: AES, from the `cryptography` library.
Never: keys at rest, or what is decided with them.

One block under a secret key is a pseudo-random permutation, which FF1 builds on (NIST SP 800-38G). It
is not the ECB mode of encrypting data, although the library spells it so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

if TYPE_CHECKING:
    from shopbell_server.core.recognition.ff1 import Encrypt


def aes_block(key: bytes) -> Encrypt:
    """Return AES under `key` (16, 24 or 32 bytes) as a function of 16-byte blocks, each on its own.

    The function keeps one context of the library, so it belongs to one thread at a time.
    """
    encryptor = Cipher(algorithms.AES(key), modes.ECB()).encryptor()  # noqa: S305  (single blocks for FF1)
    return encryptor.update


NONCE_BYTES: Final = 12
"""What AES-GCM takes. Random ones are safe for 2**32 messages per key; ours seal one or two."""


def sealed(key: bytes, nonce: bytes, text: bytes, place: bytes | None = None) -> bytes:
    """Return `text` under AES-GCM (`key` of 16, 24 or 32 bytes), the nonce before it.

    `nonce` must be NONCE_BYTES of randomness that this key never had. What is sealed for a `place` opens
    in no other.
    """
    return nonce + AESGCM(key).encrypt(nonce, text, place)


def opened(key: bytes, box: bytes) -> bytes:
    """Return what `sealed` was given without a place.

    Raises `cryptography.exceptions.InvalidTag` for a wrong key or a changed box: it is not ours.
    """
    return AESGCM(key).decrypt(box[:NONCE_BYTES], box[NONCE_BYTES:], None)


def opened_in(key: bytes, box: bytes, place: bytes) -> bytes | None:
    """Return what `sealed` was given for `place`; None for a wrong key or place, or a changed box."""
    try:
        return AESGCM(key).decrypt(box[:NONCE_BYTES], box[NONCE_BYTES:], place)
    except (InvalidTag, ValueError):  # the latter: shorter than a nonce and a tag
        return None
