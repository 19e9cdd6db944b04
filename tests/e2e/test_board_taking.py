"""Two advisors, each with a tablet, and one customer; by finger and by keyboard."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING
from urllib.parse import urljoin

import pytest
from playwright.async_api import expect

from shopbell_server.core.consent.ledger import Purpose
from shopbell_server.core.ids import StaffId
from shopbell_server.usecases.staff.sign_in import make_link
from shopbell_server.web.live.watch import Pace
from tests.e2e.pages import quiet, served
from tests.server.web.shop import SECOND, Shop

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from playwright.async_api import Browser, Locator, Page


@pytest.fixture
def shop() -> Shop:
    return Shop(pace=Pace(spacing_s=0.02, refresh_s=2, heartbeat_s=0.2))


@asynccontextmanager
async def tablet(
    browser: Browser, shop: Shop, address: str, name: str, language: str = "nl"
) -> AsyncIterator[Page]:
    """Sign somebody in at the board of a tablet with a touch screen."""
    context = await browser.new_context(
        base_url=address, viewport={"width": 800, "height": 1280}, has_touch=True
    )
    page = await context.new_page()
    shop.employ(name, language=language)
    link = make_link(shop.database, shop.entropy, shop.clock.now_ms(), StaffId(name))
    with quiet(page, "status of 409"):
        await page.goto(f"/login?link={link}")
        await expect(page.locator("#state")).to_have_text("Live")
        yield page
    await context.close()


@pytest.fixture
async def tablets(browser: Browser, shop: Shop) -> AsyncIterator[tuple[Page, Page]]:
    async with AsyncExitStack() as stack:
        address = await stack.enter_async_context(served(shop))
        sam = await stack.enter_async_context(tablet(browser, shop, address, "sam"))
        ana = await stack.enter_async_context(tablet(browser, shop, address, "ana", "en"))
        yield sam, ana


def button(page: Page, text: str) -> Locator:
    return page.locator(".row").get_by_role("button", name=text, exact=True)


async def test_two_race_for_one_customer_and_withdrawal_empties_the_row(
    tablets: tuple[Page, Page], shop: Shop
) -> None:
    sam, ana = tablets
    noor = shop.welcome("Noor")
    shop.scan(noor)
    takes = button(sam, "Ik help"), button(ana, "Take")
    for each in takes:
        await expect(each).to_be_visible()
        box = await each.bounding_box()
        assert box is not None
        assert min(box["width"], box["height"]) >= 44
    await asyncio.gather(*(each.tap() for each in takes))
    # One has her; the other is told by whom.
    await expect(button(sam, "Ik help")).to_have_count(0)
    await expect(button(ana, "Take")).to_have_count(0)
    sam_won = await button(sam, "Geholpen").count() == 1
    if sam_won:
        await expect(ana.locator("#notice")).to_have_text(
            "A colleague was first. Noor: Sam is helping"
        )
        await expect(ana.locator(".fact.help")).to_have_text("Sam is helping")
        await expect(button(ana, "Served")).to_have_count(0)
    else:
        await expect(sam.locator("#notice")).to_have_text("Een collega was eerder. Noor: Ana helpt")
        await expect(sam.locator(".fact.help")).to_have_text("Ana helpt")
        await expect(button(ana, "Served")).to_be_visible()
    shop.say(noor, Purpose.SHOW_TO_STAFF, given=False)
    for page in tablets:
        await expect(page.locator(".row")).to_have_count(0)


async def test_she_is_taken_handed_over_and_served_by_keyboard_alone(
    tablets: tuple[Page, Page], shop: Shop
) -> None:
    sam, ana = tablets
    shop.scan(shop.welcome("Noor"))
    await button(sam, "Ik help").focus()
    await sam.keyboard.press("Enter")
    await expect(sam.locator(".fact.help")).to_have_text("U helpt")
    await expect(button(sam, "Ik ben bij haar")).to_be_focused()
    await button(sam, "Overdragen").focus()
    await sam.keyboard.press("Space")
    await expect(sam.locator(".fact.help")).to_have_count(0)
    await button(ana, "Take").focus()
    await ana.keyboard.press("Enter")
    await expect(button(ana, "I am with her")).to_be_visible()
    await button(ana, "I am with her").focus()
    await ana.keyboard.press("Enter")
    await expect(sam.locator(".fact.help")).to_have_text("Ana is bij haar")
    await button(ana, "Served").focus()
    await ana.keyboard.press("Enter")
    await expect(ana.locator(".acts")).to_contain_text("What came of it?")
    await button(ana, "Advised").focus()
    await ana.keyboard.press("Enter")
    for page, text in ((sam, "Is geholpen"), (ana, "Has been helped")):
        await expect(page.locator(".fact.help")).to_have_text(text)
        await expect(page.locator(".row button")).to_have_count(0)


async def test_somebody_else_is_taken_off_every_board_once_it_was_asked_again(
    tablets: tuple[Page, Page], shop: Shop
) -> None:
    sam, ana = tablets
    shop.scan(shop.welcome("Noor"))
    await button(sam, "Niet deze persoon").tap()
    await button(sam, "Terug").tap()
    await button(sam, "Niet deze persoon").tap()
    await expect(ana.locator(".row")).to_have_count(1)
    await button(sam, "Het is iemand anders: haal haar van het bord").tap()
    for page in tablets:
        await expect(page.locator(".row")).to_have_count(0)


async def test_who_waits_comes_first_and_no_row_moves_that_has_the_focus(
    tablets: tuple[Page, Page], shop: Shop
) -> None:
    sam, ana = tablets
    for name in ("Ada", "Bea"):
        shop.scan(shop.welcome(name))
        shop.clock.forward(SECOND)
    names = ".row .name bdi"
    await expect(sam.locator(names)).to_have_text(["Ada", "Bea"])
    await sam.locator(".row", has_text="Bea").get_by_role("button", name="Ik help").focus()
    await ana.locator(".row", has_text="Ada").get_by_role("button", name="Take").tap()
    await expect(ana.locator(names)).to_have_text(["Bea", "Ada"])
    await expect(sam.locator(".fact.help")).to_have_text("Ana helpt")
    await expect(sam.locator(names)).to_have_text(["Ada", "Bea"])
    await sam.evaluate("document.activeElement.blur()")
    await expect(sam.locator(names)).to_have_text(["Bea", "Ada"])


async def test_she_asks_at_her_page_and_is_first_on_the_board(
    tablets: tuple[Page, Page], shop: Shop, browser: Browser
) -> None:
    sam, _ = tablets
    shop.scan(shop.welcome("Ada"))
    shop.clock.forward(SECOND)
    bea = shop.welcome("Bea")
    shop.scan(bea)
    await expect(sam.locator(".row .name bdi")).to_have_text(["Ada", "Bea"])
    context = await browser.new_context(
        base_url=urljoin(sam.url, "/"), viewport={"width": 390, "height": 844}, locale="nl-NL"
    )
    page = await context.new_page()
    await page.goto(f"/me/enter#{shop.link(bea)}")
    await page.get_by_role("button").last.click()
    ask = page.get_by_role("button", name="Hulp vragen")
    box = await ask.bounding_box()
    assert box is not None
    assert min(box["width"], box["height"]) >= 44
    await ask.click()
    await expect(page.locator("#here")).to_contain_text("U hebt om hulp gevraagd")
    await expect(sam.locator(".row .name bdi")).to_have_text(["Bea", "Ada"])
    await expect(sam.locator(".row").first).to_contain_text("Vraagt om hulp")
    await sam.locator(".row").first.get_by_role("button", name="Ik help").tap()
    await expect(page.locator("#here")).to_contain_text(
        "Iemand van het personeel helpt u.", timeout=15_000
    )
    await context.close()
