from __future__ import annotations

import httpx2
import pytest

from tests.fakes.server import MemoryDatabase
from tests.server.web.conftest import HOST
from tests.server.web.phones.test_phones import BACKEND, consent, ticket
from tests.server.web.shop import KEY, MINUTE, Shop

NAMED = {**BACKEND, "Idempotency-Key": "k-1"}


async def test_the_same_write_asked_twice_gives_one_answer(
    shop: Shop, client: httpx2.AsyncClient
) -> None:
    body = {"ticket": await ticket(client), "consents": [consent()]}
    headers = {"Idempotency-Key": "enrol-1"}
    first = await client.post("/v1/app/enrolments", json=body, headers=headers)
    shop.clock.forward(MINUTE)
    again = await client.post("/v1/app/enrolments", json=body, headers=headers)
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert first.status_code == 201


async def test_a_key_with_another_body_is_a_conflict(client: httpx2.AsyncClient) -> None:
    first = await client.post("/v1/app/tickets", json={"profile_id": "p-1"}, headers=NAMED)
    other = await client.post("/v1/app/tickets", json={"profile_id": "p-2"}, headers=NAMED)
    assert (first.status_code, other.status_code) == (201, 409)
    assert other.json()["type"] == "urn:shopbell:problem:key-reused"


async def test_the_form_of_a_body_is_not_its_meaning(client: httpx2.AsyncClient) -> None:
    json = {**NAMED, "Content-Type": "application/json"}
    one = await client.post("/v1/app/tickets", content=b'{"profile_id":"p-1"}', headers=json)
    two = await client.post("/v1/app/tickets", content=b'{ "profile_id" : "p-1" }', headers=json)
    assert one.content == two.content


async def test_a_key_is_forgotten_after_a_day(shop: Shop, client: httpx2.AsyncClient) -> None:
    first = await client.post("/v1/app/tickets", json={"profile_id": "p-1"}, headers=NAMED)
    shop.clock.forward(24 * 60 * MINUTE)
    later = await client.post("/v1/app/tickets", json={"profile_id": "p-1"}, headers=NAMED)
    assert later.status_code == 201
    assert later.json() != first.json()


async def test_keys_of_different_callers_do_not_meet(
    shop: Shop, client: httpx2.AsyncClient
) -> None:
    noor, ravi = shop.welcome("Noor"), shop.welcome("Ravi")
    body = {"consents": [consent(state="withdrawn")]}
    for guest in (noor, ravi):
        answer = await client.put(
            "/v1/app/consents", json=body, headers={**guest.bearer, "Idempotency-Key": "same"}
        )
        assert answer.json()["receipt"]["enrolment_id"] == guest.person


async def test_leaving_may_be_named_too(shop: Shop, client: httpx2.AsyncClient) -> None:
    guest = shop.welcome()
    path = f"/v1/app/enrolments/{guest.person}"
    headers = {**guest.bearer, "Idempotency-Key": "bye"}
    for _ in range(2):
        assert (await client.delete(path, headers=headers)).status_code == 204


async def test_what_is_kept_cannot_be_read_without_the_credential() -> None:
    database = MemoryDatabase()
    transport = httpx2.ASGITransport(app=Shop(database=database).app())
    async with httpx2.AsyncClient(transport=transport, base_url=HOST) as client:
        answer = await client.post("/v1/app/tickets", json={"profile_id": "p-1"}, headers=NAMED)
    (kept,) = database._tables.answers.values()  # noqa: SLF001  (looking at what is stored is the test)
    assert answer.json()["ticket"].encode() not in kept.sealed
    assert KEY.encode() not in kept.sealed


@pytest.mark.parametrize("key", ["", "x" * 256])
async def test_a_key_has_a_length(client: httpx2.AsyncClient, key: str) -> None:
    answer = await client.post(
        "/v1/app/tickets", json={"profile_id": "p-1"}, headers={**BACKEND, "Idempotency-Key": key}
    )
    assert answer.status_code == 400
    assert answer.json()["type"] == "urn:shopbell:problem:invalid-key"
