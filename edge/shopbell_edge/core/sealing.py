"""How a loyalty number leaves the edge: closed to everyone but the server.

Owns: what is sealed and to what it is bound.
Never: a cipher or a key. The sealing itself is handed in (`shopbell_program.hpke`).

A hash would not do: there are so few numbers that all of them can be tried.
"""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

INFO: Final = b"shopbell/number/1"
"""What the sealed bytes are: no other message under the server's key can be taken for a number."""


def seal_number(
    number: str, tenant: str, edge: str, seal: Callable[[bytes, bytes, bytes], bytes]
) -> str:
    """Return `number` as the wire's `sealed`, in base64, bound to the edge that read it.

    `seal(plaintext, info, aad)` is HPKE to the server's public key (RFC 9180, X25519, HKDF-SHA256,
    AES-128-GCM): the encapsulated key, then the ciphertext. The server opens it with the same `info`
    and the tenant and edge of the topic, so that no edge can pass on what another one read.
    """
    return b64encode(seal(number.encode(), INFO, f"{tenant}/{edge}".encode())).decode()
