from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING

import pytest

from shopbell_program.commands import CommandError
from shopbell_sim.adapters.tls_door import TlsDoor, certificate

if TYPE_CHECKING:
    from pathlib import Path


async def _shout(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    line = await reader.readline()
    writer.write(line.upper())
    writer.close()


async def test_what_is_said_outside_is_heard_inside_and_back(tmp_path: Path) -> None:
    tls = certificate(tmp_path, "127.0.0.1")
    inside = await asyncio.start_server(_shout, "127.0.0.1", 0)
    async with inside, TlsDoor("127.0.0.1", 0, tls, inside.sockets[0].getsockname()[1]) as port:
        trusting = ssl.create_default_context(cafile=tmp_path / "lan.pem")
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=trusting)
        writer.write(b"hello\n")
        assert await asyncio.wait_for(reader.readline(), 10) == b"HELLO\n"
        writer.close()


def test_the_key_is_for_its_owner_alone(tmp_path: Path) -> None:
    certificate(tmp_path, "192.0.2.7")
    assert (tmp_path / "lan.pem").stat().st_mode & 0o077 == 0


async def test_a_port_in_use_is_said(tmp_path: Path) -> None:
    tls = certificate(tmp_path, "127.0.0.1")
    other = await asyncio.start_server(_shout, "127.0.0.1", 0)
    async with other:
        port = other.sockets[0].getsockname()[1]
        with pytest.raises(CommandError, match=f"port {port}"):
            async with TlsDoor("127.0.0.1", port, tls, 1):
                pass
