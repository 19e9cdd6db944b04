from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from shopbell_edge.adapters.systemd import Systemd

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(params=["path", "abstract"])
def notify(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, socket.socket]]:
    """Make a notification socket as systemd does; give its address and its other end."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other:
        other.settimeout(5)
        if request.param == "path":
            address = str(tmp_path / "notify")
            other.bind(address)
        else:
            other.bind(b"")  # the kernel chooses an abstract name
            address = "@" + other.getsockname()[1:].decode()
        yield address, other


def test_each_state_is_one_datagram(notify: tuple[str, socket.socket]) -> None:
    address, other = notify
    with Systemd(address) as systemd:
        systemd.ready()
        systemd.alive()
        systemd.stopping()
    assert [other.recv(100) for _ in range(3)] == [b"READY=1", b"WATCHDOG=1", b"STOPPING=1"]


@pytest.mark.parametrize("address", [None, ""])
def test_where_nobody_supervises_nothing_is_said(address: str | None) -> None:
    with Systemd(address) as systemd:
        systemd.ready()
        systemd.alive()
        systemd.stopping()


def test_an_address_with_nobody_behind_it_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="NOTIFY_SOCKET: No such file"):
        Systemd(str(tmp_path / "nowhere"))
