"""Who wears a fob is a hint on the board; other people's fobs are nothing, anywhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pytest

from shopbell_edge.adapters.spool import reading
from shopbell_sim.core import advert
from tests.e2e import watching
from tests.e2e.air import advertising
from tests.rigs.waiting import until

if TYPE_CHECKING:
    from tests.e2e.browser import Board
    from tests.e2e.conftest import FakeAir
    from tests.e2e.people import App
    from tests.e2e.shop import Shop

pytestmark = pytest.mark.timeout(180)  # a broker, a server, an edge and a browser start first

RADIUS: Final = 0x0118

SETTINGS: Final = """
[presence]
inactive_s = 20
leave_s = 60
[static]
ibeacons = ["c3a1f0de-5577-4a10-8d3e-91b2c4d6e8f0"]
namespaces = ["7e11c0ffee0ddba11dad"]
altbeacons = [{ company = 0x0118, uuid = "d41b7e62-0f93-4c58-b6aa-2e7f9c1d3b45" }]
"""
"""Leaving takes 3 s, twenty times as fast as everything here."""

IBEACON: Final = "c3a1f0de55774a108d3e91b2c4d6e8f0" + "00070001"
ALTBEACON: Final = "d41b7e620f934c58b6aa2e7f9c1d3b45" + "00a70b13"
EDDYSTONE: Final = "7e11c0ffee0ddba11dad" + "5e00a70b1301"
UNREGISTERED: Final = "7e11c0ffee0ddba11dad" + "5e00a70b1302"
OTHER_ALTBEACON: Final = "0a1b2c3d4e5f60718293a4b5c6d7e8f9" + "00a70b13"
OTHER_EDDYSTONE: Final = "b0b0b0cafe0ddba11dad" + "5e00a70b1301"
OTHER_IBEACON: Final = "1f2e3d4c5b6a79889706f5e4d3c2b1a0" + "00070001"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fob:
    """Sends the same for ever."""

    address: str
    sends: advert.Advert

    def ad(self) -> bytes:
        return self.sends.payload


async def test_a_fob_of_each_kind_is_a_hint_on_the_board_and_a_strangers_is_nothing(
    shop: Shop, app: App, board: Board, air: FakeAir
) -> None:
    await shop.start_edge("door", "hci0", presence=SETTINGS)
    await air.bluez.scanning()
    hers = {
        IBEACON: advert.fixed_ibeacon(IBEACON, -59),
        ALTBEACON: advert.altbeacon(RADIUS, ALTBEACON, -59),
        EDDYSTONE: advert.eddystone_uid(EDDYSTONE, -59),
    }
    wearers = {}
    for name, fixed_id in zip(("Eva", "Noor", "Mila"), hers, strict=True):
        wearers[name] = await app.enrol(name)
        await app.register(wearers[name], fixed_id)
    nobodys = advert.eddystone_uid(UNREGISTERED, -59)
    strangers = (
        advert.altbeacon(RADIUS, OTHER_ALTBEACON, -59),
        advert.altbeacon(RADIUS + 1, ALTBEACON, -59),
        advert.eddystone_uid(OTHER_EDDYSTONE, -59),
        advert.fixed_ibeacon(OTHER_IBEACON, -59),
    )
    fobs = [
        Fob(address=f"C0:FF:EE:0F:0B:{number:02X}", sends=each)
        for number, each in enumerate((*hers.values(), nobodys, *strangers))
    ]
    async with watching.overhearing(shop) as traffic:
        async with advertising(air, *fobs):
            rows = await board.shows("three guests", lambda rows: len(rows) == 3)
            for row in rows:
                assert (row.name, row.evidence, row.word) == (None, "hint", "maybe")
                assert row.how.startswith("her tag is nearby, ")
                assert row.how.endswith(", Entrance: maybe")
            await app.withdraw(wearers["Mila"])
            await board.shows("two guests", lambda rows: len(rows) == 2, within_s=5)
        # Of the fob that nobody registered, and of the one whose wearer withdrew, no more is said.
        known = len(hers) - 1
        await until("both left", lambda: traffic.bytes.count(b'"phase":"left"') >= known)
        await until("an empty spool", lambda: _is_empty(shop))
        everything = {
            "traffic": traffic.bytes,
            "webhook": b"\n".join(each.body for each in shop.receiver.received),
            "board": (await board.page.content()).encode(),
            "tables": repr(watching.tables(shop)).encode(),
        }
        await shop.stop_edge("door")
    everything |= watching.files(shop)
    addresses = [each for fob in fobs for each in watching.spellings(fob.address)]
    never = [*addresses, OTHER_ALTBEACON, OTHER_EDDYSTONE, OTHER_IBEACON]
    assert watching.traces(never, everything) == []
    kept = {
        name: hay
        for name, hay in everything.items()
        if name != "traffic" and not name.startswith(("broker/", "mosquitto/"))
    }
    ids = [*hers, UNREGISTERED]
    assert watching.traces(ids, kept) == []
    assert len(watching.traces(ids, {"traffic": traffic.bytes})) == len(ids)
    assert "fixed_ids" in watching.rows_of(shop, wearers["Eva"].person)
    assert "fixed_ids" not in watching.rows_of(shop, wearers["Mila"].person)


def _is_empty(shop: Shop) -> bool:
    waiting = reading.waiting(shop.folder / "door.spool.db")
    return waiting.events == 0 and waiting.batches == 0
