"""A person's other phones are told of a new one, and of nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shopbell_server.core.consent.ledger import Purpose
from tests.server.web.phones.test_phones import consent, ticket
from tests.server.web.shop import MINUTE, NOON, Shop

if TYPE_CHECKING:
    import httpx2

    from tests.server.web.shop import Guest

DAY = 24 * 60 * MINUTE
HOUR = "2026-11-21T12:00:00Z"


async def told(client: httpx2.AsyncClient, guest: Guest, where: str = "consents") -> list[Any]:
    answer = await client.get(f"/v1/app/{where}", headers=dict(guest.bearer))
    assert answer.status_code == 200
    found: list[Any] = answer.json()["notices"]
    return found


async def test_the_others_are_told_of_a_new_phone_and_the_new_one_of_nothing(
    shop: Shop, client: httpx2.AsyncClient
) -> None:
    first = shop.welcome("Noor", profile="home")
    stranger = shop.welcome("Mia", profile="elsewhere")
    shop.clock.forward(59 * MINUTE)
    second = shop.welcome("Bas", profile="home")
    for where in ("consents", "tokens"):
        (notice,) = await told(client, first, where)
        assert notice.pop("notice_id")
        assert notice == {"kind": "device_added", "at": HOUR, "phone": "android"}
        assert await told(client, second, where) == []
        assert await told(client, stranger, where) == []


async def test_over_http_the_model_is_a_class(shop: Shop, client: httpx2.AsyncClient) -> None:
    first = shop.welcome("Noor", profile="p-1")
    body = {
        "ticket": await ticket(client),
        "phone_model": "iPhone15,2 of Bas",
        "consents": [consent()],
    }
    assert (await client.post("/v1/app/enrolments", json=body)).status_code == 201
    answer = await client.get("/v1/app/consents", headers=dict(first.bearer))
    assert answer.json()["notices"][0]["phone"] == "iphone"
    assert "Bas" not in answer.text


async def test_what_was_shown_does_not_come_again(shop: Shop, client: httpx2.AsyncClient) -> None:
    first = shop.welcome("Noor", profile="home")
    second = shop.welcome("Bas", profile="home")
    third = shop.welcome("Mia", profile="home")
    assert [len(await told(client, each)) for each in (first, second, third)] == [2, 1, 0]
    one, other = await told(client, first)
    path = f"/v1/app/notices/{one['notice_id']}"
    for _ in range(2):
        assert (await client.delete(path, headers=dict(first.bearer))).status_code == 204
    assert await told(client, first) == [other]
    not_hers = await client.delete(path, headers=dict(second.bearer))
    nowhere = await client.delete("/v1/app/notices/none", headers=dict(second.bearer))
    assert (not_hers.status_code, not_hers.content) == (404, nowhere.content)


async def test_a_notice_waits_for_a_month(shop: Shop, client: httpx2.AsyncClient) -> None:
    first = shop.welcome("Noor", profile="home")
    shop.welcome("Bas", profile="home")
    shop.clock.ms = NOON + 30 * DAY - 1
    assert len(await told(client, first)) == 1
    shop.clock.forward(1)
    assert await told(client, first) == []


async def test_who_left_is_told_nothing_and_who_withdrew_is(
    shop: Shop, client: httpx2.AsyncClient
) -> None:
    gone, withdrew = shop.welcome("Noor", profile="home"), shop.welcome("Bas", profile="home")
    left = await client.delete(f"/v1/app/enrolments/{gone.person}", headers=dict(gone.bearer))
    assert left.status_code == 204
    shop.say(withdrew, Purpose.RECOGNISE_IN_STORE, given=False)
    shop.welcome("Mia", profile="home")
    assert len(await told(client, withdrew)) == 1
    with shop.database.read() as work:
        # Of the second phone it was told while it had not left.
        assert len(work.notices.of(gone.person, shop.clock.now_ms())) == 1
