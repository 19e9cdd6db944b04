"""What every OrderBook promises; then what the file does with bytes that are none of its own."""

from __future__ import annotations

import asyncio
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shopbell_edge.adapters.order_book import FileOrderBook
from shopbell_edge.core.obedience import Obeyed
from shopbell_edge.core.standing import Book, Document
from shopbell_wire.messages import OrderDone
from tests.fakes.orders import MemoryOrderBook

if TYPE_CHECKING:
    from pathlib import Path

FULL = Book(
    obeyed=Obeyed(config=7, command=9),
    proved=Document(number=5, payload=b"\x00\xff five"),
    trial=Document(number=7, payload=b"seven"),
    starts=2,
    owed=(OrderDone(order="command", number=9, result="failed", reason="why"),),
)


@pytest.fixture(params=["memory", "file"])
def keeper(request: pytest.FixtureRequest, tmp_path: Path) -> MemoryOrderBook | FileOrderBook:
    return MemoryOrderBook() if request.param == "memory" else FileOrderBook(tmp_path / "orders")


def kept(keeper: MemoryOrderBook | FileOrderBook) -> Book | Path:
    return keeper.kept[-1] if isinstance(keeper, MemoryOrderBook) else keeper.read()


async def test_the_last_book_is_what_is_kept(keeper: MemoryOrderBook | FileOrderBook) -> None:
    for book in (Book(), FULL, Book(obeyed=Obeyed(command=1)), FULL):
        await keeper.keep(book)
        assert kept(keeper) == book


async def test_a_book_that_cannot_be_kept_leaves_the_one_before(tmp_path: Path) -> None:
    keeper = FileOrderBook(tmp_path / "orders")
    await keeper.keep(FULL)
    (tmp_path / "orders.part").mkdir()
    with pytest.raises(OSError, match="directory"):
        await keeper.keep(Book())
    assert keeper.read() == FULL


async def test_whoever_is_cancelled_while_it_is_written_does_not_end_before_it_is(
    tmp_path: Path,
) -> None:
    keeper = FileOrderBook(tmp_path / "orders")
    for _ in range(20):
        keeping = asyncio.create_task(keeper.keep(FULL))
        await asyncio.sleep(0)
        keeping.cancel()
        await asyncio.wait([keeping])
        assert keeping.cancelled()
        assert keeper.read() == FULL
        keeper.write(Book())


def test_where_nothing_was_ordered_nothing_is_kept(tmp_path: Path) -> None:
    assert FileOrderBook(tmp_path / "orders").read() == Book()
    assert list(tmp_path.iterdir()) == []


def test_nobody_else_may_read_it(tmp_path: Path) -> None:
    FileOrderBook(tmp_path / "orders").write(FULL)
    assert (tmp_path / "orders").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["orders"]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0), st.integers(1, 255))
def test_a_byte_that_changed_sets_it_aside_and_is_never_another_number(
    tmp_path: Path, place: int, change: int
) -> None:
    path = tmp_path / "orders"
    keeper = FileOrderBook(path)
    keeper.write(FULL)
    raw = bytearray(path.read_bytes())
    raw[place % len(raw)] ^= change
    path.write_bytes(bytes(raw))
    assert keeper.read() == tmp_path / "orders.bad"
    assert (tmp_path / "orders.bad").read_bytes() == bytes(raw)
    assert keeper.read() == Book()


@pytest.mark.parametrize(
    "raw", [b"", b"\n", b"{}", b"x" * 2_000_000, b"0" * 64 + b"\n{}", b"\xff\xfe\n"]
)
def test_what_is_no_book_is_set_aside(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "orders").write_bytes(raw)
    assert FileOrderBook(tmp_path / "orders").read() == tmp_path / "orders.bad"


def test_a_book_of_a_newer_version_is_set_aside(tmp_path: Path) -> None:
    body = b'{"obeyed":"everything"}'
    (tmp_path / "orders").write_bytes(sha256(body).hexdigest().encode() + b"\n" + body)
    assert FileOrderBook(tmp_path / "orders").read() == tmp_path / "orders.bad"
