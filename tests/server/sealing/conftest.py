"""Every store of keys there is: what a test asks of one it asks of all."""

from __future__ import annotations

from contextlib import ExitStack
from itertools import count
from typing import TYPE_CHECKING

import pytest

from shopbell_server.core.ids import TenantId
from shopbell_server.db import key_store
from shopbell_server.db.key_store import SqlKeys
from shopbell_server.vault import VaultKeys
from tests.fakes.keys import MemoryKeys
from tests.rigs.openbao import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from shopbell_server.ports.keys import KeyStore

    Opened = Callable[[str], KeyStore]

_runs = count(1)


@pytest.fixture(params=["memory", "sqlite", "postgresql", "openbao"])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Opened]:
    """Give what opens the one store of the test for a tenant, as another process would."""
    with ExitStack() as stack:
        yield _Stores(request, tmp_path, stack).open


class _Stores:
    def __init__(self, request: pytest.FixtureRequest, folder: Path, stack: ExitStack) -> None:
        self._request = request
        self._stack = stack
        self._kind: str = request.param
        self._memory: dict[str, MemoryKeys] = {}
        self._run = next(_runs)
        self._url = f"sqlite:///{folder}/keys.db"
        if self._kind == "postgresql":
            self._url = request.getfixturevalue("empty_postgres_url")
        if self._kind in {"sqlite", "postgresql"}:
            key_store.prepare(self._url)

    def open(self, tenant: str = "acme") -> KeyStore:
        if self._kind == "memory":
            return self._memory.setdefault(tenant, MemoryKeys())
        store: SqlKeys | VaultKeys
        if self._kind == "openbao":
            server = self._request.getfixturevalue("openbao")
            store = VaultKeys(
                url=server.url, tenant=TenantId(f"{tenant}-{self._run}"), token=lambda: ROOT
            )
        else:
            store = SqlKeys(self._url, TenantId(tenant))
        self._stack.callback(store.close)
        return store


@pytest.fixture
def store(opened: Opened) -> KeyStore:
    """Open the store for a tenant."""
    return opened("acme")
