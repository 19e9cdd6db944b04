"""A database that is away is in the log once for each time that it goes, whoever asks meanwhile."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import httpx2
from structlog.testing import capture_logs

from shopbell_server.core.ids import Millis
from shopbell_server.ports.database import DatabaseBusyError, DatabaseLostError
from shopbell_server.ports.keys import KeysLostError
from shopbell_server.web.app import create_app
from shopbell_server.web.http.outages import QUIET_MS, Outages
from tests.server.web.conftest import HOST

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from shopbell_server.ports.boxes import Boxes
    from shopbell_server.ports.database import UnitOfWork
    from tests.server.web.shop import Shop

SECRET = "a-token-of-hers"


@dataclass
class Clock:
    at_ms: int = 1_000_000_000

    def now_ms(self) -> Millis:
        return Millis(self.at_ms)


@dataclass
class Away:
    """A database that fails every request."""

    boxes: Boxes
    error: Exception

    def begin(self) -> UnitOfWork:
        raise self.error

    def read(self) -> UnitOfWork:
        raise self.error


@asynccontextmanager
async def asking(shop: Shop, database: Away) -> AsyncIterator[httpx2.AsyncClient]:
    app = create_app(replace(shop.services, database=database))
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url=HOST) as client:
        yield client


async def ask(client: httpx2.AsyncClient, times: int) -> None:
    for _ in range(times):
        asked = await client.get("/v1/app/tokens", headers={"Authorization": f"Bearer {SECRET}"})
        assert asked.status_code == 503


async def test_requests_that_find_it_away_are_one_line_that_names_nobody(shop: Shop) -> None:
    database = Away(shop.database.boxes, DatabaseLostError("PostgreSQL does not answer"))
    async with asking(shop, database) as client:
        with capture_logs() as said:
            await ask(client, 3)
    (line,) = said
    assert (line["event"], line["log_level"]) == ("database_lost", "error")
    assert line["error"] == "PostgreSQL does not answer"
    assert SECRET not in str(line)


async def test_one_that_is_only_busy_is_no_outage(shop: Shop) -> None:
    async with asking(shop, Away(shop.database.boxes, DatabaseBusyError("busy"))) as client:
        with capture_logs() as said:
            await ask(client, 2)
    assert said == []


def test_an_outage_lasts_until_nobody_finds_it_away_for_a_while() -> None:
    clock = Clock()
    outages = Outages(clock)
    with capture_logs() as said:
        for _ in range(5):
            outages.note(DatabaseLostError("away"))
            clock.at_ms += QUIET_MS
        assert len(said) == 1, "it never was back"
        clock.at_ms += 1
        outages.note(DatabaseLostError("away"))
        assert len(said) == 2
        clock.at_ms -= 3 * QUIET_MS  # the clock was set
        outages.note(DatabaseLostError("away"))
        assert len(said) == 3


def test_the_store_of_keys_has_outages_of_its_own() -> None:
    outages = Outages(Clock())
    with capture_logs() as said:
        for error in (DatabaseLostError("away"), KeysLostError("keys away")) * 2:
            outages.note(error)
    assert [each["error"] for each in said] == ["away", "keys away"]
