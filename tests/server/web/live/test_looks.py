"""Nobody sees a customer before it is written down that he does, once for each visit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from shopbell_server.core.access.credentials import fingerprint
from shopbell_server.core.audit.chain import What
from shopbell_server.core.ids import VisitId
from shopbell_server.ports.database import DatabaseBusyError, DatabaseLostError
from shopbell_server.usecases.staff.looks import Look, SeenBy, looks_at
from shopbell_server.web.live.audience import LiveEndedError
from shopbell_server.web.live.looks import SESSIONS, Looks
from tests.fakes.server import MemoryDatabase
from tests.rigs.waiting import until
from tests.server.web.shop import AMS, NOON, SetClock, Shop
from tests.server.web.staff.test_present import PRESENT, signed_in
from tests.server.web.stage import (
    ANNA,
    CALM,
    QUICK,
    SESSION,
    VIEW,
    Book,
    Door,
    Stage,
    heard,
    heard_until,
    looking,
    serving,
)

if TYPE_CHECKING:
    import asyncio

    import httpx2

    from shopbell_server.core.audit.chain import Record
VISIT = frozenset({VisitId("v")})


def records(shop: Shop, what: What) -> list[Record]:
    with shop.database.read() as work:
        return [each for each in work.audit.records(0) if each.act.what == what]


async def test_the_board_is_written_down_once(shop: Shop, client: httpx2.AsyncClient) -> None:
    guest = shop.welcome()
    shop.hear(guest)
    cookie = signed_in(shop)
    for _ in range(3):
        assert len((await client.get(PRESENT, headers=cookie)).json()["rows"]) == 1
    (record,) = records(shop, What.BOARD_READ)
    assert (record.act.person, record.act.store, record.act.actor.name) == (
        guest.person,
        AMS,
        "advisor-nl",
    )
    with shop.database.read() as work:
        assert looks_at(work, guest.person) == (
            SeenBy(at_ms=NOON, role="advisor", store=AMS, purpose="serve_in_store"),
        )


async def test_visits_are_written_down_by_page_and_one_by_one(
    shop: Shop, client: httpx2.AsyncClient
) -> None:
    for name in ("Noor", "Anna"):
        shop.hear(shop.welcome(name))
    cookie = signed_in(shop)
    (visit, _) = (await client.get("/v1/visits", headers=cookie)).json()["visits"]
    assert len(records(shop, What.VISIT_READ)) == 2
    await client.get(f"/v1/visits/{visit['id']}", headers=cookie)
    assert len(records(shop, What.VISIT_READ)) == 2
    cookie = signed_in(shop, "manager")
    await client.get(f"/v1/visits/{visit['id']}", headers=cookie)
    assert [each.act.about for each in records(shop, What.VISIT_READ)[2:]] == [visit["id"]]


async def test_who_sees_nobody_is_not_written_down(shop: Shop, client: httpx2.AsyncClient) -> None:
    shop.hear(shop.welcome())
    cookie = signed_in(shop, "operator")
    assert (await client.get(PRESENT, headers=cookie)).json()["rows"] == []
    assert records(shop, What.BOARD_READ) == []


async def test_a_stream_writes_down_who_is_there_and_who_comes(stage: Stage, door: Door) -> None:
    book = Book()
    stage.rows["v1"] = b"1"
    async with serving(stage, door, CALM, book=book) as live:
        events = await looking(live)
        assert {each.visit for each in book.written} == {"v1"}
        assert b"snapshot" in await heard(events)
        stage.rows["v2"] = b"2"
        live.changed(VIEW.store, [ANNA])
        await heard_until(events, b"changed")
        assert [each.visit for each in book.written] == ["v1", "v2"]
        stage.rows["v2"] = b"3"
        live.changed(VIEW.store, [ANNA])
        await heard_until(events, b"3")
        assert len(book.written) == 2
        events.close()


async def test_who_comes_back_is_written_down_for_whom_she_missed(stage: Stage, door: Door) -> None:
    book = Book()
    door.knows = {**door.knows, b"another": door.knows[SESSION]}
    async with serving(stage, door, CALM, book=book) as live:
        first = await looking(live)
        await heard(first)
        for rows in ({"v1": b"1"}, {}):
            stage.rows = dict(rows)
            live.changed(VIEW.store, [ANNA])
            await heard(first)
        again = await live.look(VIEW, b"another", "e-0")
        assert [each.visit for each in book.written if each.session == b"another"] == ["v1"]
        first.close()
        again.close()


@pytest.mark.parametrize("error", [DatabaseBusyError(), DatabaseLostError()])
async def test_what_cannot_be_written_down_is_not_shown(
    stage: Stage, door: Door, error: Exception
) -> None:
    book = Book()
    async with serving(stage, door, QUICK, book=book) as live:
        events = await looking(live)
        await heard(events)
        book.error = error
        stage.rows["v1"] = b"secret"
        read = stage.read
        await until("read", lambda: stage.read > read + 5)
        book.error = None
        assert b"secret" in await heard_until(events, b"secret")
        assert [each.visit for each in book.written] == ["v1"]
        book.error = error
        with pytest.raises(LiveEndedError):
            await live.look(VIEW, b"another", None)
        events.close()


async def test_whose_session_is_over_sees_nobody(stage: Stage, door: Door) -> None:
    book = Book()
    async with serving(stage, door, CALM, book=book) as live:
        events = await looking(live)
        await heard(events)
        book.over = frozenset({SESSION})
        stage.rows["v1"] = b"secret"
        live.changed(VIEW.store, [ANNA])
        with pytest.raises(StopAsyncIteration):
            await heard(events)
        ended = await live.look(VIEW, SESSION, None)
        with pytest.raises(StopAsyncIteration):
            await heard(ended)
        assert book.written == []
        ended.close()
        events.close()


async def test_a_real_stream_is_written_down(
    shop: Shop, client: httpx2.AsyncClient, running: asyncio.Event
) -> None:
    del running, client
    guest = shop.welcome()
    shop.hear(guest)
    session = shop.employ()
    stream = await shop.live.look(VIEW._replace(store=AMS), fingerprint(session.secret), None)
    assert len(records(shop, What.BOARD_READ)) == 1
    stream.close()


def test_only_so_many_sessions_are_remembered() -> None:
    looks = Looks(MemoryDatabase(), SetClock())
    assert SESSIONS > 500
    assert looks.write([]) == frozenset()
    one = Look(session=SESSION, what=What.BOARD_READ, visit=VisitId("v"), person=ANNA, store=AMS)
    assert looks.write([one]) == {SESSION}
    assert looks.unwritten(SESSION, What.BOARD_READ, VISIT) == VISIT
