"""Keys that were asked for a moment ago.

Owns: how many are remembered, and for how long.
Never: a key that this process destroyed.
"""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from shopbell_server.core.keeping.owners import Owner
    from shopbell_server.ports.keys import KeyStore

KEPT_S: Final = 300.0
"""How long a key that another process destroyed may go on opening boxes here. A board asks for the same few
people again and again for as long as they are in the store; five minutes spare nearly all of it, and
erasure has a day."""

FRESH_S: Final = 1.0
"""How old a key may be that seals. Several columns of one row, and of one unit of work, ask for it once; what
a process seals within a second after another one destroyed the key is lost, and was to be."""

MOST: Final = 20_000
"""Keys, 200 bytes each with their names: 4 MB. Beyond it all are forgotten, and asked for again."""


class RememberedKeys:
    """A `KeyStore` before another one."""

    def __init__(
        self, store: KeyStore, monotonic_s: Callable[[], float], *, most: int = MOST
    ) -> None:
        self._store = store
        self._monotonic_s = monotonic_s
        self._most = most
        self._lock = Lock()
        self._keys: dict[Owner, tuple[bytes, float]] = {}
        self._forgotten = 0
        """How often keys were forgotten. What was asked for before that may be of a key that is gone."""

    def known(self, owners: Collection[Owner]) -> Mapping[Owner, bytes]:
        """Return the keys of those that have one, from memory where they are remembered."""
        now_s = self._monotonic_s()
        found, asked, forgotten = self._recalled(owners, now_s - KEPT_S)
        if asked:
            found |= self._remembered(self._store.known(asked), now_s, forgotten)
        return found

    def made(self, owners: Collection[Owner]) -> Mapping[Owner, bytes]:
        """Return the keys of all, as the store had them FRESH_S ago at most, made where there was none."""
        now_s = self._monotonic_s()
        found, asked, forgotten = self._recalled(owners, now_s - FRESH_S)
        if asked:
            found |= self._remembered(self._store.made(asked), now_s, forgotten)
        return found

    def destroy(self, owners: Collection[Owner]) -> None:
        """Destroy them, and forget them, whoever asks for them meanwhile."""
        try:
            self._store.destroy(owners)
        finally:
            self.forget(owners)

    def forget(self, owners: Collection[Owner]) -> None:
        """Ask the store for them the next time."""
        with self._lock:
            self._forgotten += 1
            for owner in owners:
                self._keys.pop(owner, None)

    def close(self) -> None:
        """Forget all, and close the store."""
        with self._lock:
            self._keys.clear()
        self._store.close()

    def _recalled(
        self, owners: Collection[Owner], since_s: float
    ) -> tuple[dict[Owner, bytes], list[Owner], int]:
        """Return keys asked for after `since_s`, whose have to be asked for now, and `_forgotten`."""
        found: dict[Owner, bytes] = {}
        asked: list[Owner] = []
        with self._lock:
            for owner in owners:
                known = self._keys.get(owner)
                if known is None or known[1] <= since_s:
                    asked.append(owner)
                else:
                    found[owner] = known[0]
            return found, asked, self._forgotten

    def _remembered(
        self, keys: Mapping[Owner, bytes], now_s: float, forgotten: int
    ) -> Mapping[Owner, bytes]:
        """Return `keys`; remember them unless something was forgotten since they were asked for."""
        with self._lock:
            if self._forgotten != forgotten:
                return keys
            if len(self._keys) + len(keys) > self._most:
                self._keys.clear()
            if len(keys) <= self._most:
                self._keys |= {owner: (key, now_s) for owner, key in keys.items()}
        return keys
