from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from shopbell_server.core.consent.ledger import Purpose
from shopbell_server.core.facts import VisitEnded
from shopbell_server.core.ids import Millis, PersonId, ReceiptId
from shopbell_server.usecases.visits.recompute import Terms
from shopbell_server.usecases.visits.sweep import sweep
from tests.server.web.phones.test_phones import BACKEND, consent, ticket
from tests.server.web.shop import AMS, MINUTE, NOON, Guest, Shop
from tests.server.web.staff.test_present import signed_in

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx2

PATH = "/v1/pos/receipts"


def receipt(card: str | None = None, **more: Any) -> dict[str, Any]:
    return {
        "receipt_id": "r-1",
        "store": AMS,
        "till": "till-1",
        "at": "2026-11-21T13:00:00+01:00",
        **({} if card is None else {"card": card}),
        "lines": [{"sku": "4711", "quantity": 2, "amount": "9.95", "discounts": [{"any": 1}]}],
        "total": 19.9,
        **more,
    }


async def send(
    client: httpx2.AsyncClient, body: Mapping[str, Any], headers: Mapping[str, str] = BACKEND
) -> httpx2.Response:
    return await client.post(PATH, json=body, headers=dict(headers))


async def guest_with_card(client: httpx2.AsyncClient) -> tuple[Guest, str]:
    body = {
        "ticket": await ticket(client, first_name="Noor"),
        "consents": [consent(each.value) for each in Purpose],
    }
    out = (await client.post("/v1/app/enrolments", json=body)).json()
    return Guest(PersonId(out["enrolment_id"]), out["device_token"]), out["card_ref"]


def kept(shop: Shop, name: str = "r-1") -> PersonId | None:
    with shop.database.read() as work:
        found = work.receipts.recall(ReceiptId(name))
    assert found is not None
    return found.person


async def test_a_receipt_converts_the_visit_of_her_whose_card_it_names(
    shop: Shop, client: httpx2.AsyncClient
) -> None:
    noor, card = await guest_with_card(client)
    shop.scan(noor)
    answer = await send(client, receipt(card))
    assert answer.status_code == 201
    assert answer.json() == {"receipt_id": "r-1", "joined": True}
    (visit,) = (await client.get("/v1/visits", headers=signed_in(shop))).json()["visits"]
    assert visit["converted"] is True
    sweep(
        shop.database,
        shop.entropy,
        Terms(rules=shop.rules, sinks=("cdp",)),
        Millis(NOON + 46 * MINUTE),
    )
    with shop.database.begin() as work:
        told = []
        while claimed := work.outgoing.claim("cdp", Millis(NOON + 46 * MINUTE), MINUTE, 9):
            for each in claimed:
                told.append(each.fact)
                work.outgoing.delivered("cdp", each.fact.fact, Millis(NOON))
    (ended,) = [fact for fact in told if isinstance(fact, VisitEnded)]
    assert ended.account.converted


async def test_a_receipt_may_come_before_its_visit(shop: Shop, client: httpx2.AsyncClient) -> None:
    noor, card = await guest_with_card(client)
    assert (await send(client, receipt(card))).json()["joined"] is False
    shop.scan(noor)
    (visit,) = (await client.get("/v1/visits", headers=signed_in(shop))).json()["visits"]
    assert visit["converted"] is True


async def test_the_same_receipt_gets_the_same_answer(
    shop: Shop, client: httpx2.AsyncClient
) -> None:
    noor, card = await guest_with_card(client)
    first = await send(client, receipt(card))
    shop.scan(noor)
    shop.clock.forward(400 * 24 * 60 * MINUTE)
    again = await send(client, receipt(card))
    assert (again.status_code, again.content) == (201, first.content)


@pytest.mark.parametrize(
    "other",
    [
        {"total": 20},
        {"till": "till-2"},
        {"at": "2026-11-21T13:00:01+01:00"},
        {"lines": []},
        {"card": "K7Q2M9X4TR3WA"},
    ],
)
async def test_another_receipt_of_the_same_name_is_a_conflict(
    client: httpx2.AsyncClient, other: dict[str, Any]
) -> None:
    assert (await send(client, receipt())).status_code == 201
    answer = await send(client, receipt(**other))
    assert answer.status_code == 409
    assert answer.json()["type"] == "urn:shopbell:problem:receipt-differs"


async def test_without_her_consent_the_receipt_is_nobodys(
    shop: Shop, client: httpx2.AsyncClient
) -> None:
    noor, card = await guest_with_card(client)
    shop.say(noor, Purpose.RECOGNISE_IN_STORE, given=False)
    answer = await send(client, receipt(card))
    assert answer.json() == {"receipt_id": "r-1", "joined": False}
    assert kept(shop) is None


async def test_a_receipt_without_a_card_is_nobodys(shop: Shop, client: httpx2.AsyncClient) -> None:
    assert (await send(client, receipt(card=None))).json()["joined"] is False
    assert kept(shop) is None


async def test_what_is_paid_back_is_no_purchase(shop: Shop, client: httpx2.AsyncClient) -> None:
    noor, card = await guest_with_card(client)
    shop.scan(noor)
    answer = await send(client, receipt(card, total="-19.90"))
    assert (answer.status_code, answer.json()["joined"]) == (201, False)
    free = await send(client, receipt(card, receipt_id="r-2", total=0))
    assert free.json()["joined"] is True


async def test_a_receipt_may_have_an_idempotency_key_too(client: httpx2.AsyncClient) -> None:
    named = {**BACKEND, "Idempotency-Key": "k-1"}
    first = await send(client, receipt(), named)
    again = await send(client, receipt(), named)
    other = await send(client, receipt(receipt_id="r-2"), named)
    assert (first.status_code, again.content) == (201, first.content)
    assert other.status_code == 409
    assert other.json()["type"] == "urn:shopbell:problem:key-reused"


async def test_a_receipt_needs_an_api_key(shop: Shop, client: httpx2.AsyncClient) -> None:
    for headers in ({}, {"Authorization": "Bearer nonsense"}, shop.welcome().bearer):
        answer = await send(client, receipt(), headers)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"


async def test_a_store_must_be_known(client: httpx2.AsyncClient) -> None:
    answer = await send(client, receipt(store="nowhere"))
    assert answer.status_code == 422
    assert [each["field"] for each in answer.json()["errors"]] == ["store"]
    assert "nowhere" not in answer.text


async def test_a_time_must_not_lie_ahead(client: httpx2.AsyncClient) -> None:
    answer = await send(client, receipt(at="2026-11-21T12:05:00.001Z"))
    assert answer.status_code == 422
    (fault,) = answer.json()["errors"]
    assert (fault["field"], fault["allowed"]) == (
        "at",
        "at most 5 minutes ahead: set the till's clock",
    )


@pytest.mark.parametrize(
    "at",
    [
        "2026-11-21T13:00:00",
        "2026-11-21",
        "1795262400",
        1_795_262_401,
        None,
        "2026-02-30T13:00:00Z",
        "2026-11-21T13:00:00Z ",
    ],
)
async def test_a_time_is_written_out_with_its_zone(client: httpx2.AsyncClient, at: object) -> None:
    answer = await send(client, receipt(at=at))
    assert answer.status_code == 422
    assert [each["field"] for each in answer.json()["errors"]] == ["at"]


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("receipt_id", ""),
        ("receipt_id", "x" * 129),
        ("store", 7),
        ("till", "a\u202eb"),
        ("card", ""),
        ("card", "x" * 129),
        ("lines", None),
        ("lines", [{}] * 2_001),
        ("lines[0].amount", [{"amount": "much"}]),
        ("lines[0].sku", [{"sku": "a\u0000"}]),
        ("total", None),
        ("total", 10**10),
        ("total", "NaN"),
    ],
)
async def test_what_is_wrong_is_named(client: httpx2.AsyncClient, field: str, wrong: Any) -> None:
    answer = await send(client, receipt(**{field.partition("[")[0]: wrong}))
    assert answer.status_code == 422
    assert [each["field"] for each in answer.json()["errors"]] == [field]


async def test_everything_that_is_missing_is_named_at_once(client: httpx2.AsyncClient) -> None:
    answer = await send(client, {})
    assert answer.status_code == 422
    missing = {each["field"] for each in answer.json()["errors"]}
    assert missing == {"receipt_id", "store", "till", "at", "lines", "total"}


async def test_a_receipt_that_is_too_large_is_refused(client: httpx2.AsyncClient) -> None:
    answer = await send(client, receipt(note="x" * 512 * 1024))
    assert answer.status_code == 413


async def test_nothing_of_the_pass_the_articles_or_the_sum_is_kept(
    shop: Shop, client: httpx2.AsyncClient
) -> None:
    noor, card = await guest_with_card(client)
    shop.scan(noor)
    text = f"SB1.{card}.1795262400.12345678"
    body = receipt(text, lines=[{"sku": "article-77", "amount": 8_765}], total=8_765)
    assert (await send(client, body)).json()["joined"] is True
    with shop.database.read() as work:
        found = repr(work.receipts.recall(ReceiptId("r-1")))
    for secret in (card, "12345678", "article-77", "8765"):
        assert secret not in found


async def test_the_openapi_document_tells_of_receipts(client: httpx2.AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()
    told = document["paths"][PATH]["post"]
    assert {"201", "401", "409", "413", "422", "429"} <= told["responses"].keys()
    wanted = document["components"]["schemas"]["TillReceiptIn"]
    assert set(wanted["required"]) == {"receipt_id", "store", "till", "at", "lines", "total"}
    assert wanted["properties"]["at"]["format"] == "date-time"
