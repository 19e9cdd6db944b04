"""Segment's tracking API, as its libraries see it."""

from __future__ import annotations

import base64
import gzip
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import httpx2
import pytest

from shopbell_server.core.channels.facts import Kind
from shopbell_server.core.consent.ledger import Purpose
from shopbell_server.core.ids import ProfileId
from shopbell_server.usecases.staff.api_keys import make_key
from shopbell_server.usecases.staff.channel_facts import told_of
from shopbell_server.web.http.door import TRACKING_PATHS
from tests.server.web.shop import NOON, Shop
from tests.server.web.staff.test_present import signed_in

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from shopbell_server.core.access.api_keys import System
    from shopbell_server.core.channels.facts import ChannelFact

ADA: Final = "ada"

ORDER: Final = {"order_id": "1042", "store_id": "ams-01", "products": [{"name": "Lamp"}]}


def key(shop: Shop, system: System = "channel") -> dict[str, str]:
    _, secret = make_key(
        shop.database, shop.entropy, NOON, name="webshop", system=system, by="root"
    )
    return basic(secret)


def basic(secret: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{secret}:".encode()).decode()}


def track(event: str = "Order Ready for Pickup", message: str = "m-1", **more: Any) -> Any:
    return {
        "type": "track",
        "event": event,
        "messageId": message,
        "userId": ADA,
        "properties": ORDER,
        **more,
    }


async def send(
    client: httpx2.AsyncClient, headers: Mapping[str, str], *events: Any
) -> httpx2.Response:
    return await client.post("/v1/batch", json={"batch": list(events)}, headers=dict(headers))


def told(shop: Shop, profile: str = ADA) -> Sequence[ChannelFact]:
    with shop.database.read() as work:
        return told_of(work, [ProfileId(profile)]).get(ProfileId(profile), ())


async def test_a_batch_says_what_is_ready_for_her(shop: Shop, client: httpx2.AsyncClient) -> None:
    shop.welcome(profile=ADA)
    answer = await send(client, key(shop), track(), track("Product Viewed", "m-2"))
    assert (answer.status_code, answer.json()) == (200, {"success": True})
    (fact,) = told(shop)
    assert (fact.kind, fact.key, fact.state) == (Kind.PICKUP, "1042", "ready")
    assert fact.word("product") == "Lamp"


async def test_each_message_counts_once_for_ever(shop: Shop, client: httpx2.AsyncClient) -> None:
    shop.welcome(profile=ADA)
    headers = key(shop)
    await send(client, headers, track(), track())
    before = told(shop)
    shop.clock.forward(60_000)
    await send(client, headers, track("Order Cancelled"))
    assert told(shop) == before


async def test_what_is_late_undoes_nothing(shop: Shop, client: httpx2.AsyncClient) -> None:
    shop.welcome(profile=ADA)
    shop.clock.forward(3_600_000)
    headers = key(shop)
    await send(client, headers, track("Order Picked Up", timestamp="2026-11-21T12:40:00Z"))
    await send(client, headers, track(message="m-0", timestamp="2026-11-21T12:20:00Z"))
    (fact,) = told(shop)
    assert fact.state == "picked_up"


async def test_of_strangers_nothing_is_kept(shop: Shop, client: httpx2.AsyncClient) -> None:
    shop.welcome(profile=ADA)
    headers = key(shop)
    await send(client, headers, track(userId="eve"), track(message="m-2", userId=None))
    assert told(shop) == told(shop, "eve") == ()
    # Nor that it came: it counts if it is sent again when she is known.
    with shop.database.read() as work:
        assert work.channels.seen(work.channels.marks(["m-1", "m-2"])) == frozenset()


async def test_without_her_consent_nothing_is_kept(shop: Shop, client: httpx2.AsyncClient) -> None:
    shop.welcome(purposes=[Purpose.RECOGNISE_IN_STORE, Purpose.SHOW_TO_STAFF], profile=ADA)
    wish = track("Product Added to Wishlist", "m-2", properties={"product_id": "p"})
    before = track(message="m-3", timestamp="2026-11-20T12:00:00Z")
    headers = key(shop)
    await send(client, headers, wish, before)
    assert told(shop) == ()
    await send(client, headers, track())
    assert len(told(shop)) == 1


async def test_who_withdraws_leaves_nothing(shop: Shop, client: httpx2.AsyncClient) -> None:
    ada = shop.welcome(profile=ADA)
    await send(client, key(shop), track())
    shop.say(ada, Purpose.RECOGNISE_IN_STORE, given=False)
    assert told(shop) == ()


async def test_an_identify_links_a_browser(shop: Shop, client: httpx2.AsyncClient) -> None:
    shop.welcome(profile=ADA)
    headers = key(shop)
    asked = {"userId": ADA, "anonymousId": "browser-1", "traits": {"loyalty_tier": "Gold"}}
    assert (await client.post("/v1/identify", json=asked, headers=headers)).status_code == 200
    wish = {
        "anonymousId": "browser-1",
        "event": "Product Added to Wishlist",
        "properties": {"product_id": "p-1", "name": "Lamp"},
    }
    page = await client.post(
        "/v1/t",
        content=json.dumps(wish),
        headers={**key(shop, "browser"), "Content-Type": "text/plain;charset=UTF-8"},
    )
    assert page.status_code == 200
    assert page.headers["access-control-allow-origin"] == "*"
    assert [(each.kind, each.key) for each in told(shop)] == [
        (Kind.TIER, "loyalty_tier"),
        (Kind.WISH, "p-1"),
    ]


async def test_an_alias_links_what_she_was_before(shop: Shop, client: httpx2.AsyncClient) -> None:
    shop.welcome(profile=ADA)
    headers = key(shop)
    await client.post("/v1/alias", json={"userId": ADA, "previousId": "b"}, headers=headers)
    await send(client, headers, track(userId=None, anonymousId="b"))
    assert len(told(shop)) == 1


@pytest.mark.parametrize(
    "event",
    [
        track(),
        track(userId=None, anonymousId="a"),
        {"type": "identify", "anonymousId": "a"},
        {"type": "alias", "previousId": "a", "userId": ADA},
    ],
)
async def test_a_browser_speaks_of_nobody_by_name(
    shop: Shop, client: httpx2.AsyncClient, event: Any
) -> None:
    shop.welcome(profile=ADA)
    answer = await send(client, key(shop, "browser"), event)
    assert answer.status_code == 403
    assert answer.json()["success"] is False
    assert answer.json()["code"] == "not_for_browsers"
    assert told(shop) == ()


async def test_a_key_may_stand_in_the_body_or_be_a_bearer(
    shop: Shop, client: httpx2.AsyncClient
) -> None:
    shop.welcome(profile=ADA)
    _, secret = make_key(
        shop.database, shop.entropy, NOON, name="webshop", system="channel", by="root"
    )
    in_body = await client.post("/v1/track", json={**track(), "writeKey": secret})
    bearer = await client.post(
        "/v1/track", json=track(), headers={"Authorization": f"Bearer {secret}"}
    )
    assert (in_body.status_code, bearer.status_code) == (200, 200)


@pytest.mark.parametrize(
    "headers", [{}, basic("sbw_unknown"), basic(""), {"Authorization": "Basic %%%"}]
)
async def test_without_a_key_nobody_gets_in(
    client: httpx2.AsyncClient, headers: dict[str, str]
) -> None:
    answer = await send(client, headers, track())
    assert answer.status_code == 401
    assert answer.json()["code"] == "unauthorized"


async def test_other_keys_are_no_write_keys(shop: Shop, client: httpx2.AsyncClient) -> None:
    answer = await send(client, key(shop, "till"), track())
    assert (answer.status_code, answer.json()["code"]) == (403, "scope_needed")


async def packed(
    shop: Shop, client: httpx2.AsyncClient, body: bytes, encoding: str = "gzip"
) -> int:
    headers = {**key(shop), "Content-Type": "application/json", "Content-Encoding": encoding}
    return (await client.post("/v1/batch", content=body, headers=headers)).status_code


async def test_gzip_is_unpacked_and_bombs_are_not(shop: Shop, client: httpx2.AsyncClient) -> None:
    shop.welcome(profile=ADA)
    whole = gzip.compress(json.dumps({"batch": [track()]}).encode())
    assert await packed(shop, client, whole) == 200
    assert len(told(shop)) == 1
    assert await packed(shop, client, gzip.compress(b" " * 50_000_000)) == 413
    assert await packed(shop, client, whole[:-4]) == 400
    assert await packed(shop, client, b"no gzip") == 400
    assert await packed(shop, client, whole, "br") == 415


async def test_what_is_too_large_or_no_event_stops_no_other(
    shop: Shop, client: httpx2.AsyncClient
) -> None:
    shop.welcome(profile=ADA)
    headers = key(shop)
    large = track(message="m-9", properties={**ORDER, "more": "x" * 33_000})
    answer = await send(client, headers, large, "x", None, [[]], track())
    assert answer.status_code == 200
    assert len(told(shop)) == 1
    alone = await client.post("/v1/track", json=large, headers=headers)
    assert (alone.status_code, alone.json()["code"]) == (413, "too_large")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"batch": 1}', b"[" * 100_000, b"\xff"])
async def test_what_cannot_be_read_is_refused(
    shop: Shop, client: httpx2.AsyncClient, body: bytes
) -> None:
    assert await packed(shop, client, body, "identity") == 400


async def test_pages_of_other_sites_may_ask(client: httpx2.AsyncClient) -> None:
    for letter in "btiagps":
        answer = await client.options(f"/v1/{letter}", headers={"Origin": "https://shop.test"})
        assert answer.status_code == 204
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "Authorization" in answer.headers["access-control-allow-headers"]


def test_the_door_knows_the_paths(shop: Shop) -> None:
    paths = {
        path for each in shop.app().routes if (path := getattr(each, "path", "")) in TRACKING_PATHS
    }
    assert paths == TRACKING_PATHS


async def test_user_ids_may_be_identifiers_of_a_kind(
    shop: Shop, client: httpx2.AsyncClient
) -> None:
    shop.welcome(profile=ADA)
    named = {"id": "4711", "type": "crm"}
    asked = {"userId": ADA, "context": {"externalIds": [named]}}
    await client.post("/v1/identify", json=asked, headers=key(shop))
    shop.services = replace(shop.services, site=replace(shop.services.site, user_id="crm"))
    headers = key(shop)
    transport = httpx2.ASGITransport(app=shop.app())
    async with httpx2.AsyncClient(transport=transport, base_url="https://board.test") as other:
        await send(other, headers, track(userId="4711"), track(message="m-2", userId=ADA))
    (fact,) = told(shop)
    assert fact.said_by is not None


async def test_staff_see_why_she_may_want_help(shop: Shop, client: httpx2.AsyncClient) -> None:
    ada = shop.welcome(profile=ADA)
    shop.scan(ada)
    headers = key(shop)
    talk = track(
        "Support Ticket Opened", "m-2", properties={"ticket_id": "t", "topic": "complaint"}
    )
    await send(client, headers, track(), talk)
    cookies = signed_in(shop)
    board = await client.get("/v1/stores/ams-01/present", headers=cookies)
    (row,) = board.json()["rows"]
    assert (row["reason_kind"], row["reason"]) == ("pickup", "1042 · Lamp")
    assert row["ask_first"] is True
    assert row["reason_word"]
    shop.say(ada, Purpose.RECOGNISE_IN_STORE, given=False)
    board = await client.get("/v1/stores/ams-01/present", headers=cookies)
    assert board.json()["rows"] == []


async def test_she_sees_it_takes_it_along_and_takes_it_back(
    shop: Shop, client: httpx2.AsyncClient
) -> None:
    ada = shop.welcome(profile=ADA)
    await send(client, key(shop), track())
    me = (await client.get("/v1/me", headers=ada.bearer)).json()
    (said,) = me["channels"]
    assert (said["kind"], said["about"], said["words"]) == ("pickup", "1042", {"product": "Lamp"})
    fresh = {**ada.bearer, "Shopbell-Ticket": shop.ticket(ADA)}
    taken = (await client.get("/v1/me/export", headers=fresh)).json()
    (line,) = taken["exports"][0]["channels"]
    assert (line["kind"], line["state"], line["product"]) == ("pickup", "ready", "Lamp")
    gone = {**ada.bearer, "Shopbell-Ticket": shop.ticket(ADA)}
    answer = await client.delete("/v1/me", headers=gone)
    assert answer.status_code in {200, 202, 204}
    assert told(shop) == ()
