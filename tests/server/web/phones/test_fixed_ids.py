"""Fobs and cards over HTTP."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import httpx2
import pytest

from shopbell_server.core.ids import TenantId
from shopbell_server.core.recognition.fixed_ids import MOST, marker
from tests.server.web.conftest import HOST
from tests.server.web.phones.test_phones import consent

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.server.web.shop import Guest, Shop

FOB: Final = "c3a1f0de55774a108d3e91b2c4d6e8f000070001"
EDDYSTONE: Final = "7e11c0ffee0ddba11dad000000000001"
PATH: Final = "/v1/app/fixed-ids"


@pytest.fixture
async def phone(shop: Shop) -> AsyncIterator[httpx2.AsyncClient]:
    """Be an app at a retailer that recognises fobs."""
    shop.services = replace(shop.services, mark_of=marker(bytes(32), TenantId("acme")))
    transport = httpx2.ASGITransport(app=shop.app())
    async with httpx2.AsyncClient(transport=transport, base_url=HOST) as client:
        yield client


async def registers(
    client: httpx2.AsyncClient, guest: Guest, fob: Any = FOB, **more: str
) -> httpx2.Response:
    return await client.post(PATH, json={"id": fob}, headers={**guest.bearer, **more})


async def listed(client: httpx2.AsyncClient, guest: Guest) -> list[Any]:
    answer = await client.get(PATH, headers=guest.bearer)
    assert answer.status_code == 200
    found: list[Any] = answer.json()["fixed_ids"]
    return found


def kind_of(answer: httpx2.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].removeprefix("urn:shopbell:problem:")


async def test_she_registers_sees_and_gives_back(shop: Shop, phone: httpx2.AsyncClient) -> None:
    noor = shop.welcome("p-1")
    answer = await registers(phone, noor)
    assert answer.status_code == 201
    assert answer.json()["registered_at"] == "2026-11-21T12:00:00Z"
    again = await registers(phone, noor, FOB.upper())
    assert again.json() == answer.json()
    other = await registers(phone, noor, EDDYSTONE)
    assert await listed(phone, noor) == [answer.json(), other.json()]
    name = answer.json()["fixed_id"]
    gone = await phone.delete(f"{PATH}/{name}", headers=noor.bearer)
    assert (gone.status_code, gone.content) == (204, b"")
    assert await listed(phone, noor) == [other.json()]
    assert kind_of(await phone.delete(f"{PATH}/{name}", headers=noor.bearer)) == (404, "not-found")


async def test_no_answer_says_the_id(shop: Shop, phone: httpx2.AsyncClient) -> None:
    noor, bo = shop.welcome("p-1"), shop.welcome("p-2")
    answers = [
        await registers(phone, noor),
        await registers(phone, bo),
        await phone.get(PATH, headers=noor.bearer),
        await registers(phone, noor, FOB[:-1]),
    ]
    assert not [answer.text for answer in answers if FOB[:16] in answer.text]


async def test_somebody_elses_is_a_conflict_that_does_not_say_whose(
    shop: Shop, phone: httpx2.AsyncClient
) -> None:
    noor, bo = shop.welcome("p-1"), shop.welcome("p-2")
    hers = await registers(phone, noor)
    answer = await registers(phone, bo)
    assert kind_of(answer) == (409, "taken")
    assert "p-1" not in answer.text
    assert noor.person not in answer.text
    theirs = await phone.delete(f"{PATH}/{hers.json()['fixed_id']}", headers=bo.bearer)
    assert kind_of(theirs) == (404, "not-found")
    assert len(await listed(phone, noor)) == 1


@pytest.mark.parametrize("fob", ["", "c3a1", FOB + "00", FOB[:-1] + "g", "0" * 33, None, 5, [FOB]])
async def test_what_is_no_id_is_refused_without_repeating_it(
    shop: Shop, phone: httpx2.AsyncClient, fob: object
) -> None:
    answer = await registers(phone, shop.welcome("p-1"), fob)
    assert kind_of(answer) == (422, "invalid")
    assert answer.json()["errors"][0]["field"] == "id"
    assert not fob or str(fob) not in answer.text


async def test_one_request_asked_twice_is_one(shop: Shop, phone: httpx2.AsyncClient) -> None:
    noor = shop.welcome("p-1")
    once = {"Idempotency-Key": "k"}
    first = await registers(phone, noor, **once)
    await phone.delete(f"{PATH}/{first.json()['fixed_id']}", headers=noor.bearer)
    assert (await registers(phone, noor, **once)).content == first.content
    assert await listed(phone, noor) == []
    assert kind_of(await registers(phone, noor, EDDYSTONE, **once)) == (409, "key-reused")


async def test_nobody_has_more_than_she_can_carry(shop: Shop, phone: httpx2.AsyncClient) -> None:
    noor = shop.welcome("p-1")
    for number in range(MOST):
        assert (await registers(phone, noor, f"{number:040x}")).status_code == 201
    assert kind_of(await registers(phone, noor)) == (409, "too-many")


async def test_without_consent_there_is_none(shop: Shop, phone: httpx2.AsyncClient) -> None:
    noor = shop.welcome("p-1")
    await registers(phone, noor)
    off = {"consents": [consent("recognise_in_store", "withdrawn")]}
    answer = await phone.put("/v1/app/consents", json=off, headers=noor.bearer)
    assert answer.status_code == 200
    assert await listed(phone, noor) == []
    assert kind_of(await registers(phone, noor)) == (403, "no-consent")


async def test_who_left_is_not_let_in(shop: Shop, phone: httpx2.AsyncClient) -> None:
    noor, bo = shop.welcome("p-1"), shop.welcome("p-2")
    await registers(phone, noor)
    await phone.delete(f"/v1/app/enrolments/{noor.person}", headers=noor.bearer)
    assert kind_of(await phone.get(PATH, headers=noor.bearer)) == (401, "unauthorized")
    assert (await registers(phone, bo)).status_code == 201, "hers is nobody's now"


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_without_a_phones_credential_nobody_is_let_in(
    phone: httpx2.AsyncClient, method: str
) -> None:
    answer = await phone.request(method, PATH, json={"id": FOB})
    assert kind_of(answer) == (401, "unauthorized")


async def test_a_retailer_without_fobs_says_so(shop: Shop, client: httpx2.AsyncClient) -> None:
    noor = shop.welcome("p-1")
    assert kind_of(await registers(client, noor)) == (403, "not-offered")
    assert await listed(client, noor) == []
