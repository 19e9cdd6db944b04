"""How a full board looks on a tablet: pictures for people in the test's folder, and nothing cut off."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import pytest

from tests.e2e.air import advertising
from tests.e2e.browser import LANDSCAPE, PORTRAIT, Board, tablet
from tests.e2e.people import ALL, NAMELESS, Phone
from tests.e2e.pictures import take_picture

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.async_api import Browser

    from tests.e2e.conftest import FakeAir
    from tests.e2e.people import App
    from tests.e2e.shop import Shop

pytestmark = pytest.mark.timeout(180)  # a broker, a server, edges and a browser start first

TABLETS = {"landscape": LANDSCAPE, "portrait": PORTRAIT, "phone": (390, 844)}

COLOURS: tuple[Literal["light", "dark"], ...] = ("light", "dark")

CUT_OFF = """
() => {
  const wide = document.documentElement;
  const found = wide.scrollWidth > wide.clientWidth ? ["the page"] : [];
  for (const each of document.querySelectorAll("header *, .row *")) {
    const box = each.getBoundingClientRect();
    const out = box.left < -1 || box.right > wide.clientWidth + 1;
    if (box.width && out) found.push(each.className || each.tagName);
  }
  return found;
}
"""


async def test_a_full_board_fits_every_screen(
    browser: Browser, shop: Shop, app: App, air: FakeAir, tmp_path: Path
) -> None:
    await shop.start_edge("door", "hci0")
    await shop.start_edge("desk")
    await air.bluez.scanning()
    passes = [
        (await app.enrol("Noor"), "door"),
        (await app.enrol("Anna-Wilhelmina van der Berg-Hofstede"), "desk"),
        (await app.enrol("Zoë", language="fr"), "door"),
    ]
    phones = (
        Phone(
            customer=await app.enrol("Sanne", ALL),
            frame="service-data",
            address="C0:FF:EE:00:00:01",
        ),
        Phone(
            customer=await app.enrol("Liam", ALL, language="de"),
            frame="service-uuid",
            address="C0:FF:EE:00:00:02",
        ),
        Phone(
            customer=await app.enrol("Ravi", NAMELESS),
            frame="service-data",
            address="C0:FF:EE:00:00:03",
        ),
        Phone(customer=await app.enrol("Mila", ALL), frame="ibeacon", address="C0:FF:EE:00:00:04"),
    )
    leaving = Phone(
        customer=await app.enrol("Joost", ALL), frame="service-data", address="C0:FF:EE:00:00:05"
    )
    for customer, edge in passes:
        take_picture(customer.pass_text(), shop.camera(edge), customer.crm)
    async with tablet(browser) as page:
        board = Board(page)
        await page.goto(shop.sign_in)
        async with advertising(air, *phones):
            async with advertising(air, leaving):
                await board.shows("eight guests", lambda rows: len(rows) == 8)
            await board.shows(
                "one who may have left",
                lambda rows: [row.place for row in rows].count("left_maybe") == 1,
            )
            for screen, (width, height) in TABLETS.items():
                await page.set_viewport_size({"width": width, "height": height})
                for colours in COLOURS:
                    await page.emulate_media(color_scheme=colours)
                    # Whoever left may be gone by the last of them.
                    await board.shows("all", lambda rows: len(rows) >= 7)
                    await page.screenshot(path=tmp_path / f"{screen}-{colours}.png")
                    assert await page.evaluate(CUT_OFF) == [], f"{screen}, {colours}"
