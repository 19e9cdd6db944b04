"""A store of keys in memory, held to the tests of the real ones."""

from __future__ import annotations

import secrets
import time
from threading import Lock
from typing import TYPE_CHECKING

from shopbell_server.core.ids import TenantId
from shopbell_server.ports.keys import KeysLostError
from shopbell_server.sealing.boxes import SealedBoxes
from shopbell_server.sealing.remembered import RememberedKeys
from shopbell_server.system import SystemEntropy

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from shopbell_server.core.keeping.owners import Owner
    from shopbell_server.ports.keys import KeyStore


class MemoryKeys:
    """Keys of one tenant, gone when the test is."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._keys: dict[Owner, bytes] = {}
        self.asked = 0
        """How often it was asked for keys."""
        self.away = False
        """Whether it does not answer."""

    def known(self, owners: Collection[Owner]) -> Mapping[Owner, bytes]:
        self._answer()
        with self._lock:
            self.asked += 1
            return {each: self._keys[each] for each in owners if each in self._keys}

    def made(self, owners: Collection[Owner]) -> Mapping[Owner, bytes]:
        self._answer()
        with self._lock:
            self.asked += 1
            return {each: self._keys.setdefault(each, secrets.token_bytes(32)) for each in owners}

    def destroy(self, owners: Collection[Owner]) -> None:
        self._answer()
        with self._lock:
            for each in owners:
                self._keys.pop(each, None)

    def close(self) -> None:
        """Keep them: whoever opens the store again finds them."""

    def _answer(self) -> None:
        if self.away:
            raise KeysLostError("the store of keys does not answer")


def boxes_of(store: KeyStore, tenant: str = "acme") -> SealedBoxes:
    """Return the real boxes over a store of keys."""
    keys = RememberedKeys(store, time.monotonic)
    return SealedBoxes(keys, TenantId(tenant), SystemEntropy())


def boxes_at(url: str, tenant: str = "acme") -> SealedBoxes:
    """Return the boxes of whoever opens the database at `url` in this process: the same keys for all."""
    return boxes_of(_stores.setdefault((url, tenant), MemoryKeys()), tenant)


_stores: dict[tuple[str, str], MemoryKeys] = {}
