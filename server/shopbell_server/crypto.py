"""The block cipher that the core is handed.

Owns: AES on one block, from the `cryptography` library.
Never: modes, keys at rest, or anything that the core decides with it.

One block under a secret key is a pseudo-random permutation, which FF1 builds on (NIST SP 800-38G). It
is not the ECB mode of encrypting data, although the library spells it so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

if TYPE_CHECKING:
    from shopbell_server.core.ff1 import Encrypt


def aes_block(key: bytes) -> Encrypt:
    """Return AES under `key` (16, 24 or 32 bytes) as a function of one 16-byte block.

    The function keeps one context of the library, so it belongs to one thread at a time.
    """
    encryptor = Cipher(algorithms.AES(key), modes.ECB()).encryptor()  # noqa: S305  (single blocks for FF1)
    return encryptor.update
