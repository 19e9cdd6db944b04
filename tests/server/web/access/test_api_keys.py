"""Keys of other systems over HTTP: what each opens, and that a revoked one opens nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import REGISTRY

from shopbell_server.core.access.api_keys import DAY_MS
from shopbell_server.core.audit.chain import What
from shopbell_server.usecases.staff.api_keys import make_key, revoke_key
from tests.server.web.shop import NOON, Shop

if TYPE_CHECKING:
    import httpx2

    from shopbell_server.core.access.api_keys import System

WHY = {"reason": "unauthorized"}

RECEIPT = {
    "receipt_id": "r-1",
    "store": "ams-01",
    "till": "t-1",
    "at": "2026-11-21T12:00:00Z",
    "lines": [],
    "total": 1,
}


def a_key(shop: Shop, system: System) -> tuple[str, dict[str, str]]:
    key, secret = make_key(
        shop.database, shop.entropy, shop.clock.now_ms(), name="acme", by="olga", system=system
    )
    return key.id, {"Authorization": f"Bearer {secret}"}


async def ask_for_a_ticket(client: httpx2.AsyncClient, key: dict[str, str]) -> httpx2.Response:
    return await client.post("/v1/app/tickets", json={"profile_id": "p-1"}, headers=key)


async def test_a_tills_key_sends_receipts_and_makes_no_tickets(
    shop: Shop, client: httpx2.AsyncClient
) -> None:
    _, till = a_key(shop, "till")
    sent = await client.post("/v1/pos/receipts", json=RECEIPT, headers=till)
    assert sent.status_code == 201
    refused = await ask_for_a_ticket(client, till)
    assert refused.status_code == 403
    assert refused.json()["type"] == "urn:shopbell:problem:scope-needed"
    assert "`tickets`" in refused.json()["detail"]
    assert "--kind app" in refused.json()["detail"]


async def test_an_apps_key_makes_tickets_and_sends_no_receipts(
    shop: Shop, client: httpx2.AsyncClient
) -> None:
    _, app = a_key(shop, "app")
    assert (await ask_for_a_ticket(client, app)).status_code == 201
    refused = await client.post("/v1/pos/receipts", json=RECEIPT, headers=app)
    assert refused.status_code == 403
    assert "`receipts`" in refused.json()["detail"]


async def test_a_revoked_key_opens_nothing_from_the_next_request_on(
    shop: Shop, client: httpx2.AsyncClient
) -> None:
    name, app = a_key(shop, "app")
    assert (await ask_for_a_ticket(client, app)).status_code == 201
    assert revoke_key(shop.database, shop.clock.now_ms(), name, "olga") is not None
    answer = await ask_for_a_ticket(client, app)
    unknown = await ask_for_a_ticket(client, {"Authorization": "Bearer sbk_nobodys"})
    assert (answer.status_code, answer.content) == (401, unknown.content)


def test_revoking_twice_keeps_the_first_end_and_an_unknown_one_is_none(shop: Shop) -> None:
    name, _ = a_key(shop, "app")
    first = revoke_key(shop.database, shop.clock.now_ms(), name, "olga")
    shop.clock.forward(1000)
    assert revoke_key(shop.database, shop.clock.now_ms(), name, "olga") == first
    assert revoke_key(shop.database, shop.clock.now_ms(), "ffffffffffff", "olga") is None


async def test_the_day_of_use_is_known_and_no_more(shop: Shop, client: httpx2.AsyncClient) -> None:
    name, app = a_key(shop, "app")
    for _ in range(2):
        await ask_for_a_ticket(client, app)
    with shop.database.read() as work:
        used = {key.id: key.used_ms for key in work.registry.api_keys()}
    assert used[name] == NOON - NOON % DAY_MS


async def test_what_is_refused_is_counted_by_why_and_names_nobody(
    client: httpx2.AsyncClient,
) -> None:
    def counted() -> float:
        return REGISTRY.get_sample_value("shopbell_http_refused_total", WHY) or 0.0

    before = counted()
    await ask_for_a_ticket(client, {"Authorization": "Bearer sbk_nobodys"})
    assert counted() == before + 1


def test_who_made_and_ended_a_key_is_on_record(shop: Shop) -> None:
    name, _ = a_key(shop, "till")
    for _ in range(2):
        revoke_key(shop.database, shop.clock.now_ms(), name, "otto")
    with shop.database.read() as work:
        acts = [each.act for each in work.audit.records(0) if each.act.about == name]
    assert [(each.what, each.actor.name, each.why) for each in acts] == [
        (What.KEY_CREATED, "olga", "receipts"),
        (What.KEY_REVOKED, "otto", "receipts"),
    ]


async def test_a_ticket_is_on_record_and_so_is_who_used_it(
    client: httpx2.AsyncClient, shop: Shop
) -> None:
    _, key = a_key(shop, "app")
    asked = await ask_for_a_ticket(client, key)
    body = {"ticket": asked.json()["ticket"], "phone_model": "x", "consents": []}
    answer = await client.post("/v1/app/enrolments", json=body)
    assert answer.status_code == 201
    with shop.database.read() as work:
        acts = [each.act for each in work.audit.records(0)]
    (issued,) = (each for each in acts if each.what == What.TICKET_ISSUED)
    (used,) = (each for each in acts if each.what == What.ENROLLED)
    assert (issued.actor.kind, issued.actor.name) == ("system", "acme")
    assert issued.actor.credential
    assert issued.person is None
    assert issued.about == used.about != ""
    assert used.person == answer.json()["enrolment_id"]
