"""`/v1/sinks`: what waits, what was given up, and what operators do about it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from shopbell_server.core.ids import Millis
from tests.server.db.rows import fact
from tests.server.web.conftest import HOST
from tests.server.web.shop import SECOND, Shop

if TYPE_CHECKING:
    import httpx2

LETTERS = "/v1/sinks/cdp/dead-letters"


@pytest.fixture
def shop() -> Shop:
    """Return a shop with two dead letters of one guest."""
    return with_dead_letters(Shop())


def with_dead_letters(shop: Shop, *names: str) -> Shop:
    guest = shop.welcome("Noor")
    now_ms = shop.clock.now_ms()
    with shop.database.begin() as work:
        for name in names or ("f1", "f2"):
            letter = replace(fact(name, recorded_ms=Millis(now_ms)), person=guest.person)
            work.outgoing.add([letter], ["cdp"], now_ms)
            work.outgoing.give_up("cdp", letter.fact, now_ms, "HTTP 400")
            now_ms = Millis(now_ms + SECOND)
        work.commit()
    return shop


@pytest.fixture
def operator(shop: Shop, client: httpx2.AsyncClient) -> httpx2.AsyncClient:
    client.cookies.set("__Host-shopbell", shop.employ("olga", role="operator").secret)
    client.headers["Origin"] = HOST
    return client


async def test_sinks_and_their_dead_letters_are_listed(operator: httpx2.AsyncClient) -> None:
    (sink,) = (await operator.get("/v1/sinks")).json()["sinks"]
    assert (sink["name"], sink["configured"], sink["dead_letters"]) == ("cdp", True, 2)
    listed = (await operator.get(LETTERS)).json()["dead_letters"]
    assert [each["id"] for each in listed] == ["f2", "f1"]
    assert listed[0]["reason"] == "HTTP 400"
    assert listed[0]["given_up"].startswith("2026-11-21T12:00:01")
    assert (await operator.get("/v1/sinks/nobodys/dead-letters")).status_code == 404


async def test_one_is_looked_at(operator: httpx2.AsyncClient) -> None:
    seen = (await operator.get(f"{LETTERS}/f1")).json()
    assert seen["event"]["id"] == "f1"
    assert (await operator.get(f"{LETTERS}/f3")).status_code == 404


async def test_one_and_then_the_rest_are_sent_again_once(operator: httpx2.AsyncClient) -> None:
    key = {"Idempotency-Key": "again"}
    for _ in range(2):
        answer = await operator.post(f"{LETTERS}/f1/replay", headers=key)
        assert (answer.status_code, answer.json()) == (200, {"count": 1})
    assert (await operator.post(f"{LETTERS}/f1/replay")).status_code == 404
    assert (await operator.post(f"{LETTERS}/replay")).json() == {"count": 1}
    assert (await operator.post(f"{LETTERS}/replay")).json() == {"count": 0}
    assert (await operator.post("/v1/sinks/nobodys/dead-letters/replay")).status_code == 404


async def test_one_is_thrown_away_for_a_reason_of_the_list(operator: httpx2.AsyncClient) -> None:
    wrong = await operator.post(f"{LETTERS}/f1/discard", json={"reason": "because Noor said so"})
    assert wrong.status_code == 422
    done = await operator.post(f"{LETTERS}/f1/discard", json={"reason": "never_taken"})
    assert done.json() == {"count": 1}
    listed = (await operator.get(LETTERS)).json()["dead_letters"]
    assert [each["id"] for each in listed] == ["f2"]


async def test_a_page_of_somebody_else_sends_nothing_again(operator: httpx2.AsyncClient) -> None:
    answer = await operator.post(f"{LETTERS}/replay", headers={"Origin": "https://evil.example"})
    assert answer.status_code == 403
