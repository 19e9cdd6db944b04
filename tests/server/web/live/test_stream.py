from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from shopbell_server.core.access.credentials import credential_id, fingerprint
from shopbell_server.core.access.staff_session import SESSION_MS
from shopbell_server.core.consent.ledger import Purpose
from shopbell_server.core.ids import StoreId
from shopbell_server.usecases.staff.sign_in import sign_out
from shopbell_server.usecases.staff.staff_sessions import revoke_session
from shopbell_server.web.live.audience import Room
from shopbell_server.web.live.channel import QUEUED, REMEMBERED
from shopbell_server.web.live.rows import View
from shopbell_server.web.live.streams import EventStream
from tests.server.web.shop import AMS, MINUTE, UTR, Shop
from tests.server.web.staff.test_present import signed_in
from tests.server.web.streams import LIMIT_S, Stream

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import Message

PATH = f"/v1/stores/{AMS}/stream"


@pytest.fixture
def headers(shop: Shop) -> dict[str, str]:
    return signed_in(shop)


def look(shop: Shop, headers: Mapping[str, str], last: str | None = None) -> Stream:
    more = {} if last is None else {"Last-Event-ID": last}
    return Stream(shop.app(), PATH, {**headers, **more})


@pytest.mark.usefixtures("running")
async def test_a_stream_begins_with_everybody(shop: Shop, headers: dict[str, str]) -> None:
    shop.scan(shop.welcome("Noor"))
    async with look(shop, headers) as stream:
        assert stream.status == 200
        assert stream.headers["content-type"].startswith("text/event-stream")
        assert stream.headers["cache-control"] == "no-store"
        event = await stream.event()
    assert (event.name, event.id) == ("snapshot", "e1-0")
    assert event.data["store"]["name"] == "Kalverstraat"
    assert event.data["at"] == "2026-11-21T12:00:00.000Z"
    assert [row["first_name"] for row in event.data["rows"]] == ["Noor"]


@pytest.mark.usefixtures("running")
async def test_who_comes_in_is_told(shop: Shop, headers: dict[str, str]) -> None:
    async with look(shop, headers) as stream:
        await stream.until("snapshot")
        shop.scan(shop.welcome("Noor"))
        event = await stream.until("changed")
    assert event.id == "e1-1"
    assert event.data["first_name"] == "Noor"
    assert event.data["recognised"] == "ingecheckt met haar pas, 13:00, Entree: zeker"


@pytest.mark.usefixtures("running")
async def test_who_goes_by_herself_changes_and_is_gone(shop: Shop, headers: dict[str, str]) -> None:
    shop.hear(shop.welcome())
    async with look(shop, headers) as stream:
        (row,) = (await stream.until("snapshot")).data["rows"]
        shop.clock.forward(3 * MINUTE)
        assert (await stream.until("changed")).data["place"] == "left_maybe"
        shop.clock.forward(7 * MINUTE)
        assert (await stream.until("gone")).data == {"visit": row["visit"]}


@pytest.mark.parametrize("purpose", [Purpose.RECOGNISE_IN_STORE, Purpose.SHOW_TO_STAFF])
@pytest.mark.usefixtures("running")
async def test_who_withdraws_is_gone(shop: Shop, headers: dict[str, str], purpose: Purpose) -> None:
    guest = shop.welcome()
    shop.scan(guest)
    async with look(shop, headers) as stream:
        (row,) = (await stream.until("snapshot")).data["rows"]
        shop.say(guest, purpose, given=False)
        assert (await stream.until("gone")).data == {"visit": row["visit"]}


@pytest.mark.usefixtures("running")
async def test_a_name_goes_when_its_purpose_does(shop: Shop, headers: dict[str, str]) -> None:
    guest = shop.welcome("Noor")
    shop.scan(guest)
    async with look(shop, headers) as stream:
        await stream.until("snapshot")
        shop.say(guest, Purpose.GREET_BY_NAME, given=False)
        assert (await stream.until("changed")).data["first_name"] is None


@pytest.mark.usefixtures("running")
async def test_a_consent_that_runs_out_shows_without_being_told(
    shop: Shop, headers: dict[str, str]
) -> None:
    guest = shop.welcome()
    shop.clock.forward(364 * 24 * 60 * MINUTE + 23 * 60 * MINUTE + 59 * MINUTE)
    headers = signed_in(shop, language="en")
    shop.hear(guest)
    async with look(shop, headers) as stream:
        assert (await stream.until("snapshot")).data["rows"]
        shop.clock.forward(MINUTE)
        await stream.until("gone")


@pytest.mark.usefixtures("running")
async def test_a_heartbeat_says_what_time_it_is(shop: Shop, headers: dict[str, str]) -> None:
    async with look(shop, headers) as stream:
        first = await stream.until("heartbeat")
        shop.clock.forward(MINUTE)
        second = await stream.until("heartbeat")
        while second.data == first.data:
            second = await stream.until("heartbeat")
    assert first.data == {"at": "2026-11-21T12:00:00.000Z"}
    assert second.data == {"at": "2026-11-21T12:01:00.000Z"}
    assert first.id == second.id == "e1-0"


@pytest.mark.usefixtures("running")
async def test_who_comes_back_is_told_what_she_missed(shop: Shop, headers: dict[str, str]) -> None:
    async with look(shop, headers) as watching, look(shop, headers) as leaving:
        await watching.until("snapshot")
        await leaving.until("snapshot")
        shop.scan(shop.welcome("Noor"))
        last = await leaving.until("changed")
        await leaving.__aexit__(None, None, None)
        shop.scan(shop.welcome("Ravi"))
        await watching.until("changed")
        await watching.until("changed")
        async with look(shop, headers, last.id) as back:
            event = await back.event()
    assert event.name == "changed"
    assert event.data["first_name"] == "Ravi"


@pytest.mark.usefixtures("running")
async def test_who_missed_nothing_is_told_nothing_again(
    shop: Shop, headers: dict[str, str]
) -> None:
    shop.scan(shop.welcome())
    async with look(shop, headers) as stream:
        last = await stream.until("snapshot")
    async with look(shop, headers, last.id) as back:
        assert (await back.event()).name == "heartbeat"


@pytest.mark.parametrize("last", ["e0-3", "e1-99", "e1-x", "nonsense", ""])
@pytest.mark.usefixtures("running")
async def test_an_id_that_means_nothing_here_brings_a_snapshot(
    shop: Shop, headers: dict[str, str], last: str
) -> None:
    async with look(shop, headers, last) as stream:
        assert (await stream.event()).name == "snapshot"


@pytest.mark.usefixtures("running")
async def test_who_missed_more_than_is_remembered_gets_a_snapshot(
    shop: Shop, headers: dict[str, str]
) -> None:
    guest = shop.welcome()
    async with look(shop, headers) as watching:
        first = await watching.until("snapshot")
        shop.scan(guest)
        seen = await watching.until("changed")
        for _ in range(REMEMBERED):
            purpose = Purpose.SHOW_TO_STAFF
            shop.say(guest, purpose, given=seen.name == "gone")
            seen = await watching.until("changed" if seen.name == "gone" else "gone")
        async with look(shop, headers, first.id) as back:
            assert (await back.event()).name == "snapshot"


@pytest.mark.usefixtures("running")
async def test_a_slow_tablet_gets_a_snapshot_instead_of_a_backlog(
    shop: Shop, headers: dict[str, str]
) -> None:
    guest = shop.welcome("Noor")
    async with look(shop, headers) as watching, look(shop, headers) as slow:
        await watching.until("snapshot")
        await slow.until("snapshot")
        slow.stall()
        shop.scan(guest)
        seen = await watching.until("changed")
        for _ in range(QUEUED + 1):
            shop.say(guest, Purpose.SHOW_TO_STAFF, given=seen.name == "gone")
            seen = await watching.until("changed" if seen.name == "gone" else "gone")
        slow.flow()
        event = await slow.until("snapshot")
    assert event.id == seen.id
    assert len(event.data["rows"]) == (0 if seen.name == "gone" else 1)


async def test_streams_end_when_the_server_stops(
    shop: Shop, headers: dict[str, str], running: asyncio.Event
) -> None:
    async with look(shop, headers) as stream:
        await stream.until("snapshot")
        running.set()
        await stream.end()
        assert stream.ended
    async with look(shop, headers) as late:
        assert late.status == 503


async def test_a_stream_before_the_start_is_told_to_come_back(
    shop: Shop, headers: dict[str, str]
) -> None:
    async with look(shop, headers) as stream:
        assert stream.status == 503
        assert stream.headers["retry-after"] == "2"


@pytest.mark.usefixtures("running")
async def test_only_staff_of_the_store_look(shop: Shop, headers: dict[str, str]) -> None:
    async with Stream(shop.app(), PATH, {}) as stream:
        assert stream.status == 401
    async with Stream(shop.app(), f"/v1/stores/{UTR}/stream", headers) as stream:
        assert stream.status == 404


@pytest.mark.usefixtures("running")
async def test_a_store_that_is_gone_has_no_stream(shop: Shop) -> None:
    secret = shop.employ("kim", StoreId("closed-01")).secret
    headers = {"Cookie": f"__Host-shopbell={secret}"}
    async with Stream(shop.app(), "/v1/stores/closed-01/stream", headers) as stream:
        assert stream.status == 404


@pytest.mark.usefixtures("running")
async def test_everybody_with_one_view_gets_the_same_bytes_once(
    shop: Shop, headers: dict[str, str]
) -> None:
    other = signed_in(shop, "manager")
    async with look(shop, headers) as one, look(shop, headers) as two, look(shop, other) as three:
        for stream in (one, two, three):
            await stream.until("snapshot")
        shop.scan(shop.welcome())
        events = [await stream.until("changed") for stream in (one, two, three)]
    assert events[0] == events[1]
    assert events[0].data == events[2].data


@pytest.mark.usefixtures("running")
async def test_a_stream_ends_when_its_session_is_signed_out(shop: Shop) -> None:
    secret = shop.employ("kim").secret
    async with look(shop, {"Cookie": f"__Host-shopbell={secret}"}) as stream:
        await stream.until("snapshot")
        sign_out(shop.database, secret)
        await stream.end()
        assert stream.ended


@pytest.mark.usefixtures("running")
async def test_a_stream_of_a_stolen_tablet_ends_when_its_session_is_revoked(shop: Shop) -> None:
    secret = shop.employ("kim").secret
    cookie = {"Cookie": f"__Host-shopbell={secret}"}
    async with look(shop, cookie) as stream:
        await stream.until("snapshot")
        session = credential_id(fingerprint(secret))
        assert revoke_session(shop.database, shop.clock.now_ms(), session, "olga") == "kim"
        await stream.end()
        assert stream.ended
    async with look(shop, cookie) as again:
        assert again.status == 401


@pytest.mark.usefixtures("running")
async def test_a_stream_ends_when_its_session_has_expired(
    shop: Shop, headers: dict[str, str]
) -> None:
    async with look(shop, headers) as stream:
        await stream.until("snapshot")
        shop.clock.forward(SESSION_MS)
        await stream.end()
        assert stream.ended


@pytest.mark.parametrize(("room", "status"), [(Room(in_session=1), 429), (Room(in_all=1), 503)])
async def test_one_stream_too_many_is_told_when_to_come_back(room: Room, status: int) -> None:
    shop = Shop(room=room)
    headers = signed_in(shop)
    stopping = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(shop.live.run(stopping))
        await asyncio.sleep(0)
        async with look(shop, headers) as first:
            await first.until("snapshot")
            async with look(shop, headers) as second:
                assert second.status == status
                assert second.headers["retry-after"] == "20"
                assert second.headers["content-type"] == "application/problem+json"
        async with look(shop, headers) as third:
            assert third.status == 200
        stopping.set()


async def test_who_takes_nothing_is_cut_off(shop: Shop, running: asyncio.Event) -> None:
    view = View(AMS, "advisor", "nl")
    secret = shop.employ("kim").secret
    stream = await shop.live.look(view, fingerprint(secret), None)
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)
        if message["type"] == "http.response.body":
            await running.wait()

    async def receive() -> Message:
        await running.wait()
        return {"type": "http.disconnect"}

    async with asyncio.timeout(LIMIT_S):
        await EventStream(stream, slow_s=0.02)({"type": "http"}, receive, send)
    assert [message.get("more_body") for message in sent] == [None, True]
    assert stream not in stream.channel.streams
