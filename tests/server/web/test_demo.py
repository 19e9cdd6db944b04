from __future__ import annotations

import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import httpx2
import pytest

from shopbell_server.web.app import create_app
from shopbell_server.web.assets import STATIC
from shopbell_server.web.demo import EVENTS, FLOOR, MOST_EVENT_BYTES, demo_routes

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.server.web.shop import Shop

EVENT = {"type": "shopbell.visit.started.v1", "text": "Zoë"}


@asynccontextmanager
async def _visitor(
    shop: Shop, folder: Path, *, signed_in: bool = True
) -> AsyncIterator[httpx2.AsyncClient]:
    app = create_app(shop.services, more=[demo_routes(folder)])
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="https://board.test") as client:
        if signed_in:
            client.cookies.set("__Host-shopbell", shop.employ("demo", language="en").secret)
        yield client


def _line(number: int, padding: int = 0) -> bytes:
    return json.dumps({**EVENT, "number": number, "padding": "x" * padding}).encode() + b"\n"


async def test_a_shop_without_a_demo_has_no_such_page(client: httpx2.AsyncClient) -> None:
    assert (await client.get("/demo")).status_code == 404
    assert (await client.get("/demo/state")).status_code == 404


async def test_strangers_are_led_to_the_door_and_back(shop: Shop, tmp_path: Path) -> None:
    async with _visitor(shop, tmp_path, signed_in=False) as client:
        page = await client.get("/demo")
        assert (page.status_code, page.headers["location"]) == (303, "/login?next=/demo")
        assert (await client.get("/demo/state")).status_code == 401
        form = await client.get("/login?next=/demo")
        assert (
            'action="/login?next=%2Fdemo"' in form.text or 'action="/login?next=/demo"' in form.text
        )


@pytest.mark.parametrize("elsewhere", ["https://evil.example", "//evil.example", "/me"])
async def test_signing_in_leads_nowhere_else(elsewhere: str, shop: Shop, tmp_path: Path) -> None:
    async with _visitor(shop, tmp_path) as client:
        answer = await client.get("/login", params={"next": elsewhere})
        assert answer.status_code == 422
        assert "location" not in answer.headers


async def test_a_page_has_the_four_panes_and_no_inline_script(shop: Shop, tmp_path: Path) -> None:
    async with _visitor(shop, tmp_path) as client:
        page = await client.get("/demo")
    for part in ('id="phone"', 'id="floor"', 'id="rows"', 'id="events"'):
        assert part in page.text
    assert "style=" not in page.text
    assert "onclick" not in page.text


async def test_before_anything_is_simulated_there_is_nothing(shop: Shop, tmp_path: Path) -> None:
    async with _visitor(shop, tmp_path) as client:
        assert (await client.get("/demo/state")).json() == {
            "floor": None,
            "events": [],
            "position": 0,
        }


async def test_events_are_told_once_and_whole(shop: Shop, tmp_path: Path) -> None:
    (tmp_path / FLOOR).write_text('{"people": []}')
    async with _visitor(shop, tmp_path) as client:
        (tmp_path / EVENTS).write_bytes(_line(1) + _line(2) + _line(3)[:9])
        first = (await client.get("/demo/state")).json()
        assert first["floor"] == {"people": []}
        assert [event["number"] for event in first["events"]] == [1, 2]
        (tmp_path / EVENTS).write_bytes(_line(1) + _line(2) + _line(3))
        after = {"after": first["position"]}
        second = (await client.get("/demo/state", params=after)).json()
        assert [event["number"] for event in second["events"]] == [3]
        third = (await client.get("/demo/state", params={"after": second["position"]})).json()
        assert third["events"] == []
        assert third["position"] == second["position"]


async def test_of_many_events_the_latest_are_told(shop: Shop, tmp_path: Path) -> None:
    lines = [_line(number, 1000) for number in range(200)]
    (tmp_path / EVENTS).write_bytes(b"".join(lines))
    async with _visitor(shop, tmp_path) as client:
        answer = await client.get("/demo/state")
    numbers = [event["number"] for event in answer.json()["events"]]
    assert numbers == list(range(numbers[0], 200))
    assert len(answer.content) < MOST_EVENT_BYTES + 1000


async def test_a_file_that_was_begun_anew_is_read_from_its_beginning(
    shop: Shop, tmp_path: Path
) -> None:
    (tmp_path / EVENTS).write_bytes(_line(9))
    async with _visitor(shop, tmp_path) as client:
        state = (await client.get("/demo/state", params={"after": 10**6})).json()
    assert [event["number"] for event in state["events"]] == [9]


@pytest.mark.parametrize("floor", [b"", b'{"half": ', b"\xff\xfe", b"[" * 100_000])
async def test_what_is_no_json_is_not_passed_on(floor: bytes, shop: Shop, tmp_path: Path) -> None:
    (tmp_path / FLOOR).write_bytes(floor)
    (tmp_path / EVENTS).write_bytes(b"{oops}\n" + _line(1))
    async with _visitor(shop, tmp_path) as client:
        state = (await client.get("/demo/state")).json()
    assert state["floor"] is None
    assert [event["number"] for event in state["events"]] == [1]


@pytest.mark.parametrize("after", ["-1", "x", "1e3", str(2**60)])
async def test_a_position_is_a_number(after: str, shop: Shop, tmp_path: Path) -> None:
    async with _visitor(shop, tmp_path) as client:
        assert (await client.get("/demo/state", params={"after": after})).status_code == 422


def test_scripts_make_no_markup_of_text() -> None:
    for file in (STATIC / "demo").glob("*.js"):
        text = file.read_text()
        for way in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
            assert way not in text, file.name
