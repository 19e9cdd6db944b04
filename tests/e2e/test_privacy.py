"""Who did not consent leaves no trace, and who withdraws is gone."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pytest

from shopbell_edge.adapters.spool import reading
from shopbell_sim.core import advert
from tests.e2e import watching
from tests.e2e.air import advertising
from tests.e2e.browser import chromium, looking
from tests.e2e.people import ALL, App, Phone
from tests.e2e.shop import RETAILER
from tests.rigs.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.browser import Board
    from tests.e2e.conftest import FakeAir
    from tests.e2e.people import Customer
    from tests.e2e.shop import Shop

pytestmark = pytest.mark.timeout(180)  # a broker, a server, edges and a browser start first

STARTED: Final = "shopbell.visit.started.v1"
ENDED: Final = "shopbell.visit.ended.v1"

FOREIGN: Final = "2f234454-cf6d-4a0f-adf2-f4911ba9ffa6"
"""Somebody else's beacons."""

LEAVE_SOON: Final = "[presence]\ninactive_s = 20\nleave_s = 60"
"""1 s and 3 s, twenty times as fast as everything here."""

MAY_NAME_HER: Final = {"enrolments", "cards", "issued_windows", "consent_entries", "audit_records"}
"""Tables of who somebody is and what she said. All others are about where she was."""

MAY_BE_RECORDED: Final = {"enrolled", "consent.changed", "left"}
"""What she did herself. Anything else in the audit would say where she was, or that she was looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stranger:
    """Something that always sends the same."""

    address: str
    payload: bytes

    def ad(self) -> bytes:
        return self.payload


async def test_who_did_not_consent_leaves_no_trace(each_shop: Shop, air: FakeAir) -> None:
    shop = each_shop
    async with App(shop) as app, chromium() as browser, looking(browser, shop) as board:
        await shop.start_edge("door", "hci0", presence=LEAVE_SOON)
        await air.bluez.scanning()
        noor = await app.enrol("Noortje", ALL)
        gone = await app.enrol(
            "Wilhelmina", ("recognise_in_store", "show_to_staff", "greet_by_name")
        )
        await app.withdraw(gone)
        never = await app.enrol("Ursulina", ("show_to_staff", "greet_by_name"))
        assert await app.is_refused_tokens(never)
        unknown = secrets.token_hex(8)
        phones = (
            Phone(customer=noor, frame="service-data", address="C0:FF:EE:12:34:01"),
            Phone(customer=gone, frame="service-data", address="C0:FF:EE:12:34:02"),
            Phone(customer=gone, frame="ibeacon", address="C0:FF:EE:12:34:03"),
        )
        strangers = (
            Stranger(
                address="C0:FF:EE:12:34:04",
                payload=advert.foreign_ibeacon(FOREIGN, 4711, 815, -59).payload,
            ),
            Stranger(
                address="C0:FF:EE:12:34:05",
                payload=advert.service_data(RETAILER, unknown, -59).payload,
            ),
        )
        async with watching.overhearing(shop) as traffic:
            async with advertising(air, *phones, *strangers):
                rows = await board.shows("one guest", lambda rows: len(rows) == 1)
                assert [row.name for row in rows] == ["Noortje"]
                await shop.hears(STARTED, noor.crm)
            await shop.forward(130)
            await shop.hears(ENDED, noor.crm)
            sent = 4  # tokens: hers, two of the one who withdrew, and one that nobody has
            assert traffic.bytes.count(b'"phase":"entered"') == sent
            # Of those that mean nobody the edge was told to say no more, and does not: she alone left.
            await until("she left", lambda: traffic.bytes.count(b'"phase":"left"') == 1)
            spool = shop.folder / "door.spool.db"
            await until("an empty spool", lambda: _is_empty(spool))
            page = await board.page.content()
            tables = watching.tables(shop)
            everything = {
                "traffic": traffic.bytes,
                "webhook": b"\n".join(each.body for each in shop.receiver.received),
                "board": page.encode(),
                "tables": repr(tables).encode(),
            }
            await shop.stop_edge("door")
        everything |= watching.files(shop)
        addresses = [
            spelling
            for each in (*phones, *strangers)
            for spelling in watching.spellings(each.address)
        ]
        assert watching.traces([*addresses, FOREIGN, FOREIGN.replace("-", "")], everything) == []
        names = [gone.name, never.name]
        told = {
            name: hay
            for name, hay in everything.items()
            # The retailer knows its customers by name, and so does the database that serves it.
            if name != "tables" and not name.startswith("shop.db")
        }
        assert watching.traces(names, told) == []
        not_staff = {name: hay for name, hay in told.items() if name != "board"}
        assert watching.traces([noor.name], not_staff) == []
        # An edge knows nobody, so tokens travel; nobody keeps one that means nothing, or once it is read.
        kept = {
            name: hay
            for name, hay in everything.items()
            if name != "traffic" and not name.startswith(("broker/", "mosquitto/"))
        }
        tokens = [*_tokens(noor), *_tokens(gone), unknown]
        assert watching.traces(tokens, kept) == []
        assert watching.traces([unknown], {"traffic": traffic.bytes}) != []
        for person in (gone.person, never.person):
            assert watching.rows_of(shop, person) <= MAY_NAME_HER
            assert {"enrolled"} <= watching.recorded_of(shop, person) <= MAY_BE_RECORDED
        assert shop.told(STARTED) == shop.told(STARTED, noor.crm)


async def test_withdrawing_takes_her_off_the_board_and_what_is_heard_later_is_forgotten(
    shop: Shop, app: App, board: Board, air: FakeAir
) -> None:
    await shop.start_edge("door", "hci0")
    await air.bluez.scanning()
    noor = await app.enrol("Noor")
    eva = await app.enrol("Eva")
    jan = await app.enrol("Jan")
    hers = (
        Phone(customer=noor, frame="service-data", address="C0:FF:EE:00:00:01"),
        Phone(customer=eva, frame="service-data", address="C0:FF:EE:00:00:02"),
    )
    his = Phone(customer=jan, frame="service-data", address="C0:FF:EE:00:00:03")
    async with advertising(air, *hers):
        await board.shows("two guests", lambda rows: len(rows) == 2)
        await app.withdraw(noor)
        noor_ms = time.time_ns() // 1_000_000
        rows = await board.shows("only Eva", lambda rows: len(rows) == 1, within_s=5)
        assert [row.name for row in rows] == ["Eva"]
        await app.leave(eva)
        eva_ms = time.time_ns() // 1_000_000
        await board.shows("nobody", lambda rows: not rows, within_s=5)
        assert await app.is_refused_tokens(noor)
        assert await app.is_refused_tokens(eva)
        async with advertising(air, his):
            # He came later: what their phones sent until then has been taken in, too.
            rows = await board.shows("Jan", lambda rows: len(rows) == 1)
            assert [row.name for row in rows] == ["Jan"]
            await shop.hears(STARTED, jan.crm)
    evidence = watching.tables(shop)["intervals"]
    for customer, withdrawn_ms in ((noor, noor_ms), (eva, eva_ms)):
        last = [row["last_ms"] for row in evidence if row["person"] == customer.person]
        assert all(at_ms <= withdrawn_ms for at_ms in last)
    assert any(row["last_ms"] > eva_ms for row in evidence if row["person"] == jan.person)


def _tokens(customer: Customer) -> list[str]:
    """Return what her phone may have sent in this test."""
    now = int(time.time() // 900)
    near = [customer.tokens[window] for window in (now - 1, now) if window in customer.tokens]
    return [text for token in near for text in (token["id32"], token["id64"])]


def _is_empty(spool: Path) -> bool:
    waiting = reading.waiting(spool)
    return waiting.events == 0 and waiting.batches == 0
