"""Values under the keys of their owners: AES-256-GCM, tied to their places.

Owns: sealing and opening many at once, and marks.
Never: a key at rest (`ports.keys`), or which columns are sealed (`db`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from prometheus_client import Counter

from shopbell_server.core.keeping import boxes
from shopbell_server.core.keeping.owners import INDEX
from shopbell_server.crypto import NONCE_BYTES, opened_in, sealed

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from shopbell_server.core.ids import TenantId
    from shopbell_server.core.keeping.owners import Owner
    from shopbell_server.ports.boxes import Content
    from shopbell_server.ports.world import Entropy
    from shopbell_server.sealing.remembered import RememberedKeys

_BROKEN: Final = Counter(
    "shopbell_boxes_broken",
    "Sealed values that did not open although their key is there: changed, moved, or of another key.",
)


class SealedBoxes:
    """`Boxes` of one tenant."""

    def __init__(self, keys: RememberedKeys, tenant: TenantId, entropy: Entropy) -> None:
        self._keys = keys
        self._tenant = tenant
        self._entropy = entropy

    def seal(self, column: str, values: Sequence[Content]) -> list[bytes]:
        """Return a box for each value. Keys that are missing are made, and kept before this returns."""
        if not values:
            return []
        keys = self._keys.made({each.owner for each in values})
        return [
            boxes.FORM
            + sealed(
                keys[owner],
                self._entropy.token(NONCE_BYTES),
                value,
                boxes.place(self._tenant, column, row),
            )
            for owner, row, value in values
        ]

    def open(self, column: str, contents: Sequence[Content]) -> list[bytes | None]:
        """Return the value in each box; None where the key was destroyed, or the box is not of its place.

        A box that does not open under a key that was remembered is tried again with the store's own:
        the same owner may have got another one meanwhile.
        """
        if not contents:
            return []
        values, doubtful = self._tried(column, contents)
        if doubtful:
            self._keys.forget({contents[at].owner for at in doubtful})
            again, broken = self._tried(column, [contents[at] for at in doubtful])
            for at, value in zip(doubtful, again, strict=True):
                values[at] = value
            _BROKEN.inc(len(broken))
        return values

    def marks(self, kind: str, values: Sequence[str]) -> list[bytes]:
        """Return by what each value of a `kind` is found: 32 bytes, the same for the same value."""
        if not values:
            return []
        key = self._keys.known([INDEX]).get(INDEX) or self._keys.made([INDEX])[INDEX]
        return [boxes.mark(key, kind, value) for value in values]

    def destroy(self, owners: Collection[Owner]) -> None:
        """Destroy the keys of `owners`; of INDEX nobody may, for nobody would be found again."""
        if INDEX in owners:
            raise ValueError("the tenant's own key is never destroyed")
        self._keys.destroy(owners)

    def ask(self) -> None:
        """Raise KeysLostError or DatabaseBusyError unless the store of the keys answers now."""
        self._keys.forget([INDEX])
        self._keys.known([INDEX])

    def close(self) -> None:
        """Forget all keys, and close their store."""
        self._keys.close()

    def _tried(
        self, column: str, contents: Sequence[Content]
    ) -> tuple[list[bytes | None], list[int]]:
        """Return what is in the boxes, and the numbers of those that do not open under their owner's key."""
        keys = self._keys.known({each.owner for each in contents})
        values: list[bytes | None] = []
        doubtful: list[int] = []
        for owner, row, box in contents:
            key = keys.get(owner)
            value = None if key is None else self._value(key, column, row, box)
            if value is None and key is not None:
                doubtful.append(len(values))
            values.append(value)
        return values, doubtful

    def _value(self, key: bytes, column: str, row: str, box: bytes) -> bytes | None:
        if not box.startswith(boxes.FORM):
            return None
        place = boxes.place(self._tenant, column, row)
        return opened_in(key, box[len(boxes.FORM) :], place)
