"""Ids of fobs and cards, which never change and which anybody can hear.

Owns: the mark under which such an id is known here.
Never: the id itself, which is nowhere kept, or whether its wearer may be known (`acceptance`).

A store's air is full of such ids, and who has one of them can follow its wearer wherever it is heard. So a
database must not be a list of them: it holds marks, which nobody can make or try out without the key.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NewType

if TYPE_CHECKING:
    from shopbell_server.core.ids import Millis, PersonId, TenantId

IdMark = NewType("IdMark", bytes)
"""32 bytes that stand for an id, the same ones for the same id while the key is the same."""

MarkOf = Callable[[str], IdMark]
"""An id in hexadecimal, as the wire has it, to its mark."""

KEY_BYTES: Final = 32
"""As long as the hash. Of an iBeacon's 20 bytes a retailer's fobs share 16 and number the rest: who had the
database and no key to guess would try all four thousand million in half an hour."""

DIGITS: Final = frozenset({32, 40})
"""Of an Eddystone-UID; of an iBeacon or an AltBeacon."""

MOST: Final = 5
"""Ids of one person: a fob for the keys and one for the bag, a card, an old app, and one to spare. Without a
bound one phone could take all of a retailer's, and nobody else could register theirs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FixedId:
    """One that belongs to `person` since `registered_ms`. `name` is what it is called to her."""

    mark: IdMark = field(repr=False)
    name: str
    person: PersonId
    registered_ms: Millis


def marker(key: bytes, tenant: TenantId) -> MarkOf:
    """Return what makes marks for `tenant`. Raises ValueError for a key that is too short."""
    if len(key) < KEY_BYTES:
        raise ValueError(f"the key has at least {KEY_BYTES} bytes, not {len(key)}")
    label = f"shopbell/v1/fixed-id/{tenant}\n".encode()

    def mark(digits: str) -> IdMark:
        return IdMark(hmac.digest(key, label + bytes.fromhex(digits), "sha256"))

    return mark
