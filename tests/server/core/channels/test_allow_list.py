from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from shopbell_server.core.channels.allow_list import ALLOWED, browser_may_say, facts_of
from shopbell_server.core.channels.facts import Kind
from shopbell_server.core.channels.tracked import Dropped
from shopbell_server.core.ids import LinkId
from tests.server.core.channels.saying import ADA, NOW, said

if TYPE_CHECKING:
    from shopbell_server.core.channels.facts import ChannelFact
    from shopbell_server.core.channels.tracked import Tracked

MARK = b"m" * 16


def read(event: Tracked) -> tuple[ChannelFact, ...] | Dropped:
    return facts_of(event, now_ms=NOW, profile=ADA, said_by=LinkId("l-1"), mark=MARK)


def one(event: Tracked) -> ChannelFact:
    found = read(event)
    assert isinstance(found, tuple)
    (fact,) = found
    return fact


IDS = {
    "order_id": 1042,
    "return_id": "r",
    "reservation_id": "v",
    "appointment_id": "a",
    "ticket_id": "t",
    "product_id": "p",
}


@pytest.mark.parametrize("name", ALLOWED)
def test_every_event_of_the_list_is_kept_and_none_without_its_id(name: str) -> None:
    assert isinstance(read(said(event=name.title(), properties=IDS)), tuple)
    assert read(said(event=name, properties={"name": "Lamp"})) is Dropped.INCOMPLETE


def test_an_order_keeps_its_number_store_and_first_product() -> None:
    products = [{"name": "Espresso machine", "price": 900}, {"name": "Cups"}]
    found = one(
        said(properties={"order_id": 1042, "store_id": "ams-01", "products": products, "total": 9})
    )
    assert (found.profile, found.kind, found.key, found.state) == (
        ADA,
        Kind.ORDER,
        "1042",
        "completed",
    )
    assert (found.store, found.words) == ("ams-01", (("product", "Espresso machine"),))
    assert (found.mark, found.said_by) == (MARK, "l-1")


@pytest.mark.parametrize("products", [[], "Lamp", ["Lamp"], [{"name": 4}]])
def test_products_that_say_nothing_are_no_words(products: object) -> None:
    assert one(said(properties={"order_id": "1", "products": products})).words == ()


def test_a_cancelled_order_is_not_to_be_picked_up() -> None:
    found = read(said(event="Order Cancelled", properties={"order_id": "1"}))
    assert isinstance(found, tuple)
    assert [(each.kind, each.state) for each in found] == [
        (Kind.ORDER, "cancelled"),
        (Kind.PICKUP, "cancelled"),
    ]


def test_a_mood_is_one_of_three_words() -> None:
    for mood, kept in (("Negative", "negative"), ("furious", None), (3, None)):
        asked = {"ticket_id": "t", "topic": "Delivery", "mood": mood, "body": "…"}
        found = one(said(event="support ticket  opened", properties=asked))
        assert found.word("mood") == kept
        assert found.word("topic") == "Delivery"


def test_traits_that_are_not_on_the_list_are_dropped() -> None:
    traits = {"loyalty_tier": "Gold", "preferred_advisor": None, "email": "ada@example.org"}
    found = read(said("identify", None, traits=traits))
    assert isinstance(found, tuple)
    assert [(each.key, each.state, each.words) for each in found] == [
        ("loyalty_tier", "set", (("value", "Gold"),)),
        ("preferred_advisor", "cleared", ()),
    ]
    assert read(said("identify", None)) == ()
    assert read(said("identify", None, timestamp="2024-01-01", traits=traits)) is Dropped.TIME


def test_what_is_not_on_the_list_is_dropped() -> None:
    assert read(said(event="Product Viewed", properties=IDS)) is Dropped.NOT_ON_THE_LIST


@pytest.mark.parametrize(
    "more", [{"timestamp": "2026-01-01"}, {"properties": {**IDS, "starts_at": "2029-01-01"}}]
)
def test_what_is_older_than_it_is_kept_or_due_in_years_is_dropped(more: dict[str, Any]) -> None:
    booked = said("track", "Appointment Booked", **{"properties": IDS, **more})
    assert read(booked) is Dropped.TIME


def test_a_browser_says_what_nobody_is_named_in() -> None:
    def anonymous(call: str = "track", event: str = "Product Viewed", **more: object) -> Tracked:
        return said(call, event, userId=None, anonymousId="a", **more)  # type: ignore[arg-type]

    assert browser_may_say(anonymous())
    assert browser_may_say(anonymous("page"))
    assert browser_may_say(anonymous(event="Product Added to Wishlist"))
    assert not browser_may_say(anonymous(event="Order Completed"))
    assert not browser_may_say(anonymous("identify"))
    assert not browser_may_say(said(event="Product Viewed"))
    named = {"externalIds": [{"id": "1", "type": "crm"}]}
    assert not browser_may_say(anonymous(context=named))
