"""The radio that hears what is written to a local socket."""

from __future__ import annotations

import asyncio
import socket
import stat
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

import pytest

from shopbell_edge.adapters.socket_radio import MAX_LINE, SocketRadio
from shopbell_edge.ports import RadioLostError
from tests.edge.adapters.listening import Listener, listening
from tests.rigs.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

LINE: Final = b'{"ad":"02011a","rssi":-61}\n'


@asynccontextmanager
async def written_to(
    path: Path,
) -> AsyncIterator[tuple[SocketRadio, Listener, asyncio.StreamWriter]]:
    radio = SocketRadio(path, scanner="sim0")
    async with listening(radio) as listener:
        await listener.is_hearing()
        _, writer = await asyncio.open_unix_connection(path)
        try:
            yield radio, listener, writer
        finally:
            writer.close()
            await writer.wait_closed()


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"hello",
        b"\xff\xfe",
        b"[]",
        b'{"rssi":-61}',
        b'{"ad":"02011a"}',
        b'{"ad":"02011","rssi":-61}',
        b'{"ad":"zz","rssi":-61}',
        b'{"ad":"02 01","rssi":-61}',
        b'{"ad":"","rssi":200}',
        b'{"ad":"","rssi":-61.5}',
        b'{"ad":"' + b"00" * 256 + b'","rssi":-61}',
        b'{"ad":"02011a","rssi":-61,"address":"C0:FF:EE:00:00:01"}',
        b" " * (MAX_LINE + 1),
        b"x" * (5 * MAX_LINE),
    ],
)
async def test_malformed_lines_are_counted_and_the_next_is_heard(
    tmp_path: Path, line: bytes
) -> None:
    async with written_to(tmp_path / "radio") as (radio, listener, writer):
        writer.write(line + b"\n" + LINE)
        await listener.hears(1)
        assert radio.malformed == 1


async def test_a_line_may_come_in_pieces(tmp_path: Path) -> None:
    async with written_to(tmp_path / "radio") as (_, listener, writer):
        for byte in LINE:
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0)
        (advert,) = await listener.hears(1)
    assert advert.rssi_dbm == -61


async def test_a_line_without_end_takes_no_memory(tmp_path: Path) -> None:
    async with written_to(tmp_path / "radio") as (radio, listener, writer):
        for _ in range(1000):
            writer.write(b"x" * MAX_LINE)
            await writer.drain()
        assert radio.malformed == 0
        writer.write(b"\n" + LINE)
        await listener.hears(1)
        assert radio.malformed == 1


async def test_several_may_write_at_once(tmp_path: Path) -> None:
    path = tmp_path / "radio"
    async with written_to(path) as (_, listener, one):
        _, two = await asyncio.open_unix_connection(path)
        one.write(LINE[:10])
        two.write(LINE)
        await listener.hears(1)
        one.write(LINE[10:])
        await listener.hears(2)
        two.close()
        await two.wait_closed()


async def test_only_this_user_may_write(tmp_path: Path) -> None:
    path = tmp_path / "radio"
    async with written_to(path):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_the_socket_goes_when_listening_ends(tmp_path: Path) -> None:
    path = tmp_path / "radio"
    async with written_to(path):
        pass
    assert not path.exists()


async def test_a_socket_left_behind_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "radio"
    with socket.socket(socket.AF_UNIX) as crashed:
        crashed.bind(str(path))
    async with written_to(path) as (_, listener, writer):
        writer.write(LINE)
        await listener.hears(1)


async def test_a_socket_in_use_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "radio"
    async with written_to(path) as (_, listener, writer):
        with pytest.raises(RadioLostError, match="another program listens there"):
            await SocketRadio(path, scanner="sim1").listen(print, print)
        writer.write(LINE)
        await listener.hears(1)


async def test_a_file_in_its_place_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "radio"
    path.write_text("precious")
    with pytest.raises(RadioLostError, match="not a socket"):
        await SocketRadio(path, scanner="sim0").listen(print, print)
    assert path.read_text() == "precious"


async def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(RadioLostError, match="nowhere"):
        await SocketRadio(tmp_path / "nowhere" / "radio", scanner="sim0").listen(print, print)


async def test_who_still_writes_when_it_ends_is_cut_off(tmp_path: Path) -> None:
    radio = SocketRadio(tmp_path / "radio", scanner="sim0")
    async with listening(radio) as listener:
        await listener.is_hearing()
        reader, writer = await asyncio.open_unix_connection(tmp_path / "radio")
        writer.write(LINE)
        await listener.hears(1)
    assert await asyncio.wait_for(reader.read(), 20) == b""
    writer.close()
    await until("closed", writer.is_closing)
