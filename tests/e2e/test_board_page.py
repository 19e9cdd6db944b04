"""The board in a real browser: what staff see when people come, go, withdraw, and when the server is away."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.async_api import expect

from shopbell_server.core.consent.ledger import Purpose
from shopbell_server.core.ids import StaffId
from shopbell_server.ports.database import DatabaseLostError
from shopbell_server.usecases.staff.sign_in import make_link
from shopbell_server.web.live.watch import Pace
from tests.e2e.pages import quiet, served
from tests.fakes.server import MemoryDatabase
from tests.server.web.shop import MINUTE, PASSWORD, Shop

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from playwright.async_api import Browser, Page

    from tests.fakes.server import MemoryUnitOfWork

PACE = Pace(spacing_s=0.02, refresh_s=0.1, heartbeat_s=0.2)


class Losable(MemoryDatabase):
    """A database that goes away when a test says so."""

    def __init__(self) -> None:
        super().__init__()
        self.lost = False

    def read(self) -> MemoryUnitOfWork:
        if self.lost:
            raise DatabaseLostError
        return super().read()


@pytest.fixture
def database() -> Losable:
    return Losable()


@pytest.fixture
def shop(database: Losable) -> Shop:
    return Shop(pace=PACE, database=database)


@pytest.fixture
async def address(shop: Shop) -> AsyncIterator[str]:
    """Serve the shop over real HTTP."""
    async with served(shop) as address:
        yield address


@pytest.fixture
async def page(browser: Browser, address: str) -> AsyncIterator[Page]:
    """Be a tablet, with a clock that can be put forward. No page may say anything on its console."""
    context = await browser.new_context(
        base_url=address, viewport={"width": 800, "height": 1280}, locale="nl-NL"
    )
    page = await context.new_page()
    # The browser notes answers that are the point of a test: refused, and away.
    with quiet(page, "status of 401", "status of 503"):
        await page.clock.install()
        yield page
    await context.close()


async def enter(page: Page, shop: Shop) -> None:
    shop.employ("sam")
    link = make_link(shop.database, shop.entropy, shop.clock.now_ms(), StaffId("sam"))
    await page.goto(f"/login?link={link}")
    await expect(page.locator("#state")).to_have_text("Live")


async def test_people_come_and_go_while_somebody_looks(page: Page, shop: Shop) -> None:
    await enter(page, shop)
    rows = page.locator(".row")
    await expect(page.locator("#empty")).to_be_visible()
    noor = shop.welcome("Noor")
    shop.scan(noor)
    await expect(rows).to_have_count(1)
    await expect(page.locator("#count")).to_have_text("1 gast")
    await expect(rows.first).to_contain_text("Noor Gast 1 ▲ groen")
    await expect(rows.first).to_contain_text("ingecheckt met haar pas, 13:00, Entree: zeker")
    await expect(page.locator("#news")).to_have_text("Noor is er, Entree")
    shop.hear(shop.welcome("Ravi"))
    await expect(rows).to_have_count(2)
    shop.clock.forward(4 * MINUTE)
    left = page.locator(".row[data-place=left_maybe]")
    await expect(left).to_contain_text("niet gezien sinds 13:00")
    shop.say(noor, Purpose.RECOGNISE_IN_STORE, given=False)
    await expect(rows).to_have_count(1)
    await expect(page.locator("#news")).to_have_text("Noor is weg")


async def test_a_name_is_text_whatever_it_holds(page: Page, shop: Shop) -> None:
    nasty = "<img src=x onerror=alert(1)>"
    shop.scan(shop.welcome(nasty, profile="p-1"))
    await enter(page, shop)
    await expect(page.locator(".name bdi")).to_have_text(nasty)
    assert await page.locator("#rows img").count() == 0


async def test_a_board_without_its_server_says_so_hides_names_and_comes_back(
    page: Page, shop: Shop, database: Losable
) -> None:
    shop.scan(shop.welcome("Noor"))
    await enter(page, shop)
    name = page.locator(".name")
    await expect(name).to_contain_text("Noor")
    database.lost = True
    await page.clock.run_for(9_000)
    await expect(page.locator("#state")).to_have_text("Verbinding weg")
    await expect(name).to_contain_text("Noor")
    await page.clock.run_for(8_000)
    await expect(page.locator("#lost")).to_contain_text("namen zijn verborgen")
    await expect(name).to_have_text("Gast 1 ▲ groen")
    await page.clock.run_for(10 * MINUTE)
    await expect(page.locator("#lost")).to_contain_text("is niet bekend")
    await expect(page.locator(".row")).to_have_count(0)
    database.lost = False
    await page.clock.run_for(5_000)
    await expect(page.locator("#state")).to_have_text("Live")
    await expect(name).to_contain_text("Noor")
    await expect(page.locator("#lost")).to_be_hidden()


async def test_staff_sign_in_and_out_by_hand(page: Page, shop: Shop) -> None:
    shop.employ("sam")
    await page.goto("/")
    await page.keyboard.type("sam")
    await page.keyboard.press("Tab")
    await page.keyboard.type("wrong")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alert")).to_contain_text("klopt niet")
    await page.get_by_label("Naam").fill("sam")
    await page.get_by_label("Wachtwoord").fill(PASSWORD)
    await page.get_by_role("button", name="Inloggen").click()
    await expect(page.locator("#state")).to_have_text("Live")
    for button in await page.locator("button, select, input").all():
        box = await button.bounding_box()
        assert box is not None
        assert min(box["width"], box["height"]) >= 44
    await page.get_by_role("button", name="Uitloggen").click()
    await expect(page.get_by_label("Naam")).to_be_focused()
