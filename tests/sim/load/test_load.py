"""A load against the real server and a real broker: nothing of it is lost, whatever happens to them."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from shopbell_sim.load import running
from shopbell_sim.load.folder import LoadFolder
from tests.rigs.waiting import until

if TYPE_CHECKING:
    from shopbell_sim.load.summary import Summary
    from tests.sim.load.conftest import Place


def in_database(place: Place) -> tuple[int, int]:
    """Return how many batches the server has, and how many people it saw."""
    with closing(sqlite3.connect(place.folder / "shop.db")) as connection:
        ((batches,),) = connection.execute("SELECT count(*) FROM batches")
        ((people,),) = connection.execute("SELECT count(DISTINCT person) FROM intervals")
    return batches, people


def assert_whole(summary: Summary) -> None:
    assert summary.good, summary
    assert summary.acknowledged == summary.events > 0


async def test_all_of_it_is_taken_in_and_everybody_is_known(place: Place) -> None:
    summary = await running.run(place.load(duration_s=3.0))
    assert_whole(summary)
    batches, people = in_database(place)
    assert batches == summary.batches
    assert people >= summary.customers
    assert (summary.edges, summary.connections, summary.sent_again) == (6, 6, 0)
    assert 0 < summary.p50_ms <= summary.p99_ms <= summary.most_ms

    # Who was enrolled is known to the next load, which asks the server for nothing. It shares connections.
    LoadFolder(path=place.folder / "load").api_key.unlink()
    again = await running.run(place.load(duration_s=1.0, connections=2))
    assert_whole(again)
    assert again.connections == 2
    assert in_database(place)[0] == batches + again.batches


async def test_a_server_that_goes_away_and_comes_back_gets_all_of_it(place: Place) -> None:
    going = asyncio.ensure_future(running.run(place.load(duration_s=5.0)))
    await until("it is under way", lambda: in_database(place)[0] > 0)
    await place.server.stop()
    await place.start()
    summary = await going
    assert_whole(summary)
    assert in_database(place)[0] == summary.batches


@pytest.mark.faults
async def test_a_broker_that_is_killed_and_comes_back_loses_nothing(place: Place) -> None:
    going = asyncio.ensure_future(running.run(place.load(duration_s=6.0)))
    await until("it is under way", lambda: in_database(place)[0] > 0)
    place.broker.restart()
    summary = await going
    assert_whole(summary)
    assert summary.lines_lost == summary.connections
    assert in_database(place)[0] == summary.batches


async def test_people_of_another_database_are_named_as_unknown(place: Place) -> None:
    await running.run(place.load(duration_s=1.0))
    folder = LoadFolder(path=place.folder / "load")
    folder.write_people(
        replace(each, id32=tuple(map(other, each.id32)), id64=tuple(map(other, each.id64)))
        for each in folder.read_people()
    )
    summary = await running.run(place.load(duration_s=1.0))
    assert summary.nobody > 0
    assert not summary.good


def other(token: str) -> str:
    """Return a token of the same shape that this server never gave."""
    return f"{int(token, 16) ^ 0x5555:0{len(token)}x}"
