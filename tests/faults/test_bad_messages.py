"""The catalogue of bad input that may arrive over MQTT, through a real broker into a real server.

What the codec alone decides is in tests/wire; here is what becomes of it: an answer by name or none,
nothing stored, and whoever comes next is served.
"""

from __future__ import annotations

import gzip
import time
from itertools import count
from typing import TYPE_CHECKING, Any, Final

import httpx2
import pytest
import pytest_asyncio
from sqlalchemy import Row, Table, select

from shopbell_server.core.ids import Window
from shopbell_server.core.token_windows import WINDOW_S
from shopbell_server.db.engine import open_engine
from shopbell_server.db.tables import BATCHES, INTERVALS, QUARANTINED, STREAMS
from tests.faults.hand import HandEdge
from tests.faults.shop import open_shop
from tests.rigs.brokers import MosquittoBroker
from tests.rigs.postgres import as_superuser
from tests.rigs.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

    from tests.faults.crowd import Customer
    from tests.faults.shop import Shop

pytestmark = [pytest.mark.timeout(120), pytest.mark.asyncio(loop_scope="module")]

DAY_MS: Final = 86_400_000
END_OF_9999_MS: Final = 253_402_300_799_999

CUSTOMERS: Final = 20
"""More than there are tests: each has one to herself."""

_nobody_else = count()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Shop]:
    """One server for the module: it must live through all of it."""
    folder: Path = tmp_path_factory.mktemp("bad")
    with MosquittoBroker(folder / "mosquitto") as broker:
        database = f"sqlite:///{folder}/shop.db"
        async with open_shop(folder, broker, database, customers=CUSTOMERS, edges=()) as shop:
            yield shop
            await shop.server.stop()


@pytest_asyncio.fixture(loop_scope="module")
async def shop(shared: Shop) -> AsyncIterator[Shop]:
    """Give a test the server, which must live on without complaint."""
    yield shared
    assert shared.server.alive
    assert shared.server.ends == []
    assert "Traceback" not in shared.server.log


@pytest_asyncio.fixture(loop_scope="module")
async def edge(shop: Shop) -> AsyncIterator[HandEdge]:
    async with HandEdge(shop.broker, "door") as edge:
        yield edge


@pytest.fixture
def customer(shared: Shop) -> Customer:
    return shared.customers[next(_nobody_else)]


def rows(shop: Shop, table: Table) -> Sequence[Row[Any]]:
    engine = open_engine(as_superuser(shop.settings.database.url))
    try:
        with engine.connect() as connection:
            return connection.execute(select(table)).all()
    finally:
        engine.dispose()


def of_stream(shop: Shop, edge: HandEdge, table: Table) -> Sequence[Row[Any]]:
    return [row for row in rows(shop, table) if row.stream == edge.stream]


def stays(shop: Shop, customer: Customer) -> Sequence[Row[Any]]:
    return [row for row in rows(shop, INTERVALS) if row.person == customer.person]


def counted(shop: Shop, result: str) -> float:
    """Return how many batches the server's metrics say came to `result`."""
    page = httpx2.get(f"{shop.url}/metrics", trust_env=False).text
    name = f'shopbell_batches_total{{result="{result}"}} '
    return sum(
        float(line.removeprefix(name)) for line in page.splitlines() if line.startswith(name)
    )


def token_of(customer: Customer) -> str:
    return customer.tokens[Window(int(time.time()) // WINDOW_S)]


def renamed(payload: bytes, old: bytes, new: bytes) -> bytes:
    assert old in payload
    return payload.replace(old, new, 1)


async def test_rows_24_to_38_what_names_itself_is_refused_by_name_and_the_next_is_served(
    shop: Shop, edge: HandEdge, customer: Customer
) -> None:
    levels = b"[" * 10_000 + b"]" * 10_000
    bad = [
        (edge.batch(24).ljust(65_537), "too_big"),
        (renamed(edge.batch(25), b'"dropped": {}', b'"x": ' + levels), "too_deep"),
        (renamed(edge.batch(26), b'"v": 1', b'"v": 1, "v": 1'), "duplicate_key"),
        (renamed(edge.batch(27), b'"coverage": 1.0', b'"coverage": NaN'), "number"),
        (renamed(edge.batch(28), b'"err_ms": 100', b'"err_ms": 18446744073709551616'), "number"),
        (edge.batch(30, v=99), "version"),
        (renamed(edge.batch(38), b"listening", b"\xff"), "not_utf8"),
        (renamed(edge.batch(39), b"listening", b"\\u0000"), "nul"),
        (renamed(edge.batch(40), b"listening", b"\\ud800"), "surrogate"),
    ]
    for payload, _ in bad:
        edge.say(payload)
    await edge.is_told(refused=len(bad))
    assert [reason for _, _, reason in edge.refused()] == [reason for _, reason in bad]
    # Row 29: what a later version adds is ignored.
    edge.say(edge.batch(1, edge.presence(token_of(customer), surprise={"of": "tomorrow"})))
    await edge.is_told(committed=1)
    assert edge.committed() == [1]
    assert [row.seq for row in of_stream(shop, edge, BATCHES)] == [1]
    assert of_stream(shop, edge, QUARANTINED) == []
    assert len(stays(shop, customer)) == 1


async def test_rows_23_28_40_41_what_has_no_name_is_counted_and_the_next_is_served(
    shop: Shop, edge: HandEdge
) -> None:
    reasons = ("not_json", "not_utf8", "empty", "shape", "number")
    before = {reason: counted(shop, reason) for reason in reasons}
    bomb = gzip.compress(b"[" * 10_000_000)
    for payload in (b"hello", b"\xa1\x61v\x01", b"", bomb, edge.batch(-1), edge.batch(2**64)):
        edge.say(payload)
    edge.say(edge.batch(1))
    await edge.is_told(committed=1)
    assert edge.refused() == []
    more = {reason: counted(shop, reason) - before[reason] for reason in reasons}
    assert more == {"not_json": 1, "not_utf8": 2, "empty": 1, "shape": 1, "number": 1}
    assert "edge_alarm" in shop.server.log
    assert [row.seq for row in of_stream(shop, edge, BATCHES)] == [1]


async def test_row_31_a_batch_of_another_edge_is_quarantined_with_an_alarm(
    shop: Shop, edge: HandEdge, customer: Customer
) -> None:
    edge.say(edge.batch(1, edge.presence(token_of(customer)), edge="desk"))
    await edge.is_told(refused=1)
    assert edge.refused() == [(1, None, "wrong_edge")]
    assert [row.reason for row in of_stream(shop, edge, QUARANTINED)] == ["wrong_edge"]
    assert of_stream(shop, edge, BATCHES) == stays(shop, customer) == []
    assert "wrong_edge" in shop.server.log


async def test_row_32_events_at_times_that_cannot_be_are_refused_alone(
    shop: Shop, edge: HandEdge, customer: Customer
) -> None:
    token = token_of(customer)
    now_ms = time.time_ns() // 1_000_000
    wrong = [now_ms + DAY_MS, 0, END_OF_9999_MS]
    events = [edge.presence(token, first_ms=at_ms, last_ms=at_ms) for at_ms in wrong]
    edge.say(edge.batch(1, *events, edge.presence(token)))
    await edge.is_told(refused=3)
    assert edge.refused() == [(1, index, "implausible_time") for index in range(3)]
    assert len(stays(shop, customer)) == 1
    assert [row.seq for row in of_stream(shop, edge, BATCHES)] == [1]


async def test_rows_33_and_34_the_same_is_acknowledged_and_another_under_its_name_quarantined(
    shop: Shop, edge: HandEdge, customer: Customer
) -> None:
    before = counted(shop, "repeated")
    payload = edge.batch(1, edge.presence(token_of(customer)))
    for sends in (1, 2, 3):
        edge.say(payload)
        await edge.is_told(committed=sends)
    first = stays(shop, customer)
    other = edge.batch(1, edge.presence(token_of(customer), n=99))
    edge.say(other)
    await edge.is_told(refused=1)
    assert edge.refused() == [(1, None, "conflict")]
    (aside,) = of_stream(shop, edge, QUARANTINED)
    assert (aside.reason, bytes(aside.payload)) == ("conflict", other)
    assert len(first) == 1
    assert stays(shop, customer) == first
    assert len(of_stream(shop, edge, BATCHES)) == 1
    assert counted(shop, "repeated") - before == 2


async def test_rows_35_to_37_gaps_and_any_order_end_the_same_without_a_beginning(
    shop: Shop, edge: HandEdge, customer: Customer
) -> None:
    token = token_of(customer)
    first_ms = time.time_ns() // 1_000_000 - 10_000
    # No stream_started, one that never comes (4), and later ones before earlier ones.
    for sends, seq in enumerate((5, 3, 1, 2), start=1):
        event = edge.presence(token, first_ms=first_ms, last_ms=first_ms + seq * 1_000, n=seq)
        edge.say(edge.batch(seq, event))
        await edge.is_told(committed=sends)
    assert [row.ranges for row in of_stream(shop, edge, STREAMS)] == ["1-3,5"]
    (stay,) = stays(shop, customer)
    assert (stay.first_ms, stay.last_ms, stay.n) == (first_ms, first_ms + 5_000, 5)


async def test_row_39_what_a_broker_kept_of_somebody_is_no_news(shop: Shop, edge: HandEdge) -> None:
    await shop.server.stop()
    async with HandEdge(shop.broker, "desk") as before:
        before.say(before.batch(1), retain=True)
        shop.server.start()
        await shop.server.works()
        edge.say(edge.batch(1))
        await edge.is_told(committed=1)
        assert len(of_stream(shop, edge, BATCHES)) == 1
        assert of_stream(shop, before, BATCHES) == []
        assert before.answers() == []
        before.say(b"", retain=True)


async def test_row_42_somebody_who_left_before_she_came_was_here_for_a_moment(
    shop: Shop, edge: HandEdge, customer: Customer
) -> None:
    now_ms = time.time_ns() // 1_000_000
    token = token_of(customer)
    edge.say(
        edge.batch(1, edge.presence(token, phase="left", first_ms=now_ms, last_ms=now_ms - 5_000))
    )
    await edge.is_told(committed=1)
    (stay,) = stays(shop, customer)
    assert (stay.first_ms, stay.last_ms) == (now_ms - 5_000, now_ms - 5_000)


async def test_an_edge_that_nobody_registered_has_no_answer(shop: Shop, edge: HandEdge) -> None:
    before = counted(shop, "unknown_edge")
    async with HandEdge(shop.broker, "stranger") as stranger:
        stranger.say(stranger.batch(1))
        edge.say(edge.batch(1))
        await edge.is_told(committed=1)
        await until("it is counted", lambda: counted(shop, "unknown_edge") == before + 1)
        assert stranger.answers() == []
        assert of_stream(shop, stranger, BATCHES) == []
