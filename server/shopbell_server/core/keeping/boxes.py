"""What a sealed value looks like, and to which place it belongs.

Owns: the bytes of a box, the text that ties it to its place, and what a mark is made of.
Never: a cipher or a key of its own; they are arguments.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from shopbell_server.core.ids import TenantId

FORM: Final = b"\x01"
"""The first byte of every box: AES-256-GCM, a nonce of 12 bytes before it. Another way of sealing gets
another number, so that boxes of both can be told apart while one replaces the other."""


def place(tenant: TenantId, column: str, row: str) -> bytes:
    """Return the text that a box in `row` of `column` ("table.column") of a tenant is tied to.

    A box that is moved elsewhere does not open there. No two places have the same text: only `row` may
    hold a NUL.
    """
    return f"shopbell/v1/box\0{tenant}\0{column}\0{row}".encode()


def mark(index_key: bytes, kind: str, value: str) -> bytes:
    """Return by what a value of a kind can be found by whoever has the tenant's key, and read by nobody.

    It has 32 bytes. `kind` holds no NUL.
    """
    return hmac.digest(index_key, f"shopbell/v1/mark\0{kind}\0{value}".encode(), "sha256")
