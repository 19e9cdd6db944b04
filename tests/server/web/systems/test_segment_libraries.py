"""Segment's own libraries, unchanged, pointed here."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
import uvicorn
from segment.analytics.client import Client  # type: ignore[import-untyped]  # it has no types

from shopbell_server.usecases.staff.api_keys import make_key
from tests.server.web.shop import NOON, Shop
from tests.server.web.systems.test_tracking import ADA, told

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def serving(shop: Shop) -> Iterator[str]:
    """Serve the shop on a port of its own; give where."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        config = uvicorn.Config(shop.app(), log_config=None, lifespan="off")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(10)
    assert not thread.is_alive()


@pytest.mark.parametrize("gzip", [False, True])
def test_analytics_python_says_what_is_ready(gzip: bool) -> None:  # noqa: FBT001
    shop = Shop()
    shop.clock.ms = time.time_ns() // 1_000_000
    shop.welcome(profile=ADA)
    _, secret = make_key(
        shop.database, shop.entropy, NOON, name="shop", system="channel", by="root"
    )
    failed: list[Exception] = []
    with serving(shop) as url:
        client = Client(secret, host=url, gzip=gzip, on_error=lambda error, _: failed.append(error))
        client.identify(user_id=ADA, anonymous_id="b-1", traits={"loyalty_tier": "Gold"})
        client.track(
            user_id=ADA,
            event="Order Ready for Pickup",
            properties={"order_id": "1042", "products": [{"name": "Lamp"}]},
        )
        client.track(anonymous_id="b-1", event="Product Added to Wishlist", properties={"sku": 7})
        client.page(user_id=ADA, name="Home")
        client.group(user_id=ADA, group_id="g")
        client.alias(previous_id="b-2", user_id=ADA)
        client.screen(user_id=ADA, name="Home")
        client.flush()
        client.join()
    assert failed == []
    assert {(each.kind.value, each.key) for each in told(shop)} == {
        ("tier", "loyalty_tier"),
        ("pickup", "1042"),
        ("wish", "7"),
    }


def test_analytics_python_is_told_what_is_wrong() -> None:
    failed: list[Exception] = []
    with serving(Shop()) as url:
        client = Client(
            "sbw_unknown", host=url, on_error=lambda error, _: failed.append(error), max_retries=0
        )
        client.track(user_id=ADA, event="Order Completed", properties={"order_id": "1"})
        client.flush()
        client.join()
    (error,) = failed
    assert str(error).startswith("[Segment] unauthorized: This needs a write key")
