"""A disk of a program's own, in a mount namespace that ends with it, and what fills it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.faults.daemon import Daemon

NO_NAMESPACE: Final = 77
"""How the shell ends that could not mount it."""


def needs_namespaces(daemon: Daemon) -> None:
    """Skip the test if this machine let `daemon` have none."""
    if daemon.ends == [NO_NAMESPACE] or "unshare:" in daemon.log:
        pytest.skip("no user namespaces here: run as root, or allow them")


def fill(path: Path) -> None:
    """Write until the disk takes no byte more."""
    with path.open("wb", buffering=0) as file:
        for size in (65_536, 512, 1):
            try:
                while True:
                    file.write(b"\0" * size)
            except OSError:
                continue
