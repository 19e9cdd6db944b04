"""Somebody withdraws while she is in the store: server, board and edge are done with her.

How soon, `make bench` measures.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from shopbell_wire import codec
from shopbell_wire.messages import Presence
from tests.e2e import watching
from tests.e2e.air import advertising
from tests.e2e.people import Phone
from tests.rigs.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.browser import Board
    from tests.e2e.conftest import FakeAir
    from tests.e2e.people import App, Customer
    from tests.e2e.shop import Shop
    from tests.e2e.watching import Traffic

pytestmark = pytest.mark.timeout(180)  # a broker, a server, an edge and a browser start first

MANY = 4
"""Reports of another customer, while of the one who withdrew there is none."""


async def test_who_withdraws_is_stored_shown_and_reported_no_more(
    shop: Shop, app: App, board: Board, air: FakeAir
) -> None:
    await shop.start_edge("door", "hci0")
    await air.bluez.scanning()
    noor, eva = await app.enrol("Noor"), await app.enrol("Eva")
    phones = (
        Phone(customer=noor, frame="service-data", address="C0:FF:EE:55:00:01"),
        Phone(customer=eva, frame="service-data", address="C0:FF:EE:55:00:02"),
    )
    async with watching.overhearing(shop) as traffic, advertising(air, *phones):
        await board.shows("two guests", lambda rows: len(rows) == 2)
        await app.withdraw(noor)
        await board.shows("one guest", lambda rows: [row.name for row in rows] == ["Eva"])
        await until("the edge is told", lambda: hers(noor) & set(named(traffic)) != set())
        told = len(traffic.messages)
        await until("the other is reported", lambda: len(reports(traffic, told, eva)) >= MANY)
        # What was on its way when the answer was is all that there may be.
        assert len(reports(traffic, told, noor)) <= 1
        assert set(named(traffic)) & hers(eva) == set()
    ledger = watching.tables(shop)["consent_entries"]
    (withdrawn,) = (
        row["at_ms"]
        for row in ledger
        if row["person"] == noor.person and row["change"] == "withdrawn"
    )
    kept = watching.tables(shop)["intervals"]
    assert all(row["last_ms"] <= withdrawn for row in kept if row["person"] == noor.person)
    assert any(row["person"] == eva.person for row in kept)
    await shop.stop_edge("door")


def hers(customer: Customer) -> set[str]:
    """Return the tokens of a customer's phone of this time."""
    now_s = time.time()
    near = (customer.token(now_s + off_s) for off_s in (0, 900))
    return {str(each["id64"]) for each in near}


def named(traffic: Traffic) -> Iterator[str]:
    """Yield the tokens that the server has said mean nobody."""
    for topic, payload in list(traffic.messages):
        if topic.endswith("/down/ack"):
            nobody = codec.decode_ack(payload).nobody
            yield from nobody if isinstance(nobody, tuple) else ()


def reports(traffic: Traffic, since: int, customer: Customer) -> list[Presence]:
    """Return what the edge said of a customer, from a message on."""
    return [
        event
        for topic, payload in traffic.messages[since:]
        if "/up/live" in topic or "/up/backlog" in topic
        for _, event in codec.decode_batch(payload).events
        if isinstance(event, Presence) and event.token in hers(customer)
    ]
