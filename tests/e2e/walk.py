"""Phones come to a shop and go again, and everything on the way says so: the walk of several tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tests.e2e.air import advertising
from tests.e2e.browser import chromium, looking
from tests.e2e.people import ALL, NAMELESS, App, Phone

if TYPE_CHECKING:
    from tests.e2e.air import Air
    from tests.e2e.browser import Row
    from tests.e2e.shop import Shop

STARTED: Final = "shopbell.visit.started.v1"
ENDED: Final = "shopbell.visit.ended.v1"
RECOGNIZED: Final = "shopbell.customer.recognized.v1"


async def through_the_chain(shop: Shop, air: Air) -> None:
    """Let three customers come and go; each sends one of the three frames."""
    async with App(shop) as app, chromium() as browser, looking(browser, shop) as board:
        eva = await app.enrol("Eva", ALL)
        noor = await app.enrol("Noor", ALL)
        jan = await app.enrol("Jan", NAMELESS)
        await board.page.evaluate("window.neverReloaded = true")
        phones = (
            Phone(customer=eva, frame="ibeacon", address="C0:FF:EE:00:00:01"),
            Phone(customer=noor, frame="service-data", address="C0:FF:EE:00:00:02"),
            Phone(customer=jan, frame="service-uuid", address="C0:FF:EE:00:00:03"),
        )
        async with advertising(air, *phones):
            rows = await board.shows("three guests", lambda rows: len(rows) == 3)
            by_evidence = {row.evidence: row for row in rows}
            # An iBeacon is a hint: who allows her name is not called by it.
            hint = by_evidence["hint"]
            assert (hint.name, hint.word) == (None, "maybe")
            assert hint.how.startswith("her phone is nearby, ")
            assert hint.how.endswith(", Entrance: maybe")
            signal = by_evidence["signal"]
            assert (signal.name, signal.word) == ("Noor", "nearby")
            assert signal.how.endswith(", Entrance: probably")
            # Whatever the evidence, nobody is called by a name who does not want to be.
            fresh = by_evidence["fresh"]
            assert (fresh.name, fresh.word) == (None, "nearby")
            assert fresh.how.endswith(", Entrance: almost certain")
            assert len({row.handle for row in rows}) == 3
            assert {row.zone for row in rows} == {"Entrance"}
            assert {row.place for row in rows} == {"here"}
            for customer, evidence in ((eva, "hint"), (noor, "signal"), (jan, "fresh")):
                recognized = await shop.hears(RECOGNIZED, customer.crm)
                assert recognized["data"]["evidence"] == evidence
                started = await shop.hears(STARTED, customer.crm)
                assert started["data"]["event"] == "Store Visit Started"
                assert started["data"]["store"] == "ams01"
        await shop.forward(10)  # "left?" comes after 9 s in the rules of the demo
        await board.shows("three who may have left", _all_may_have_left)
        await shop.forward(30)  # off the board after 30 s
        await board.shows("nobody", lambda rows: not rows)
        assert shop.told(ENDED) == []
        await shop.forward(90)  # ended after 90 s
        for customer in (eva, noor, jan):
            started = await shop.hears(STARTED, customer.crm)
            ended = await shop.hears(ENDED, customer.crm)
            assert ended["data"]["visit"] == started["data"]["visit"]
            assert ended["data"]["duration_known"] is True
            assert ended["data"]["duration_s"] >= 6
            assert [zone["zone"] for zone in ended["data"]["zones"]] == ["entrance"]
        assert await board.page.evaluate("window.neverReloaded") is True
    assert shop.receiver.refused == []


def _all_may_have_left(rows: list[Row]) -> bool:
    return len(rows) == 3 and {row.place for row in rows} == {"left_maybe"}
