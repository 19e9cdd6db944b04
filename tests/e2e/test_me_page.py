"""The customer's page in a real browser: her pass without a network, her switches, who looked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
import pytest
import zxingcpp
from playwright.async_api import ViewportSize, expect

from shopbell_server.core.consent.ledger import Purpose
from shopbell_server.core.ids import Millis
from shopbell_server.core.recognition.passes import Accepted, parse, verify
from tests.e2e.pages import quiet, served
from tests.server.web.shop import MINUTE, SECOND, Shop

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from playwright.async_api import Browser, BrowserContext, Page

    from shopbell_server.core.identity.people import Card
    from tests.server.web.shop import Guest

PHONE: Final[ViewportSize] = {"width": 360, "height": 740}


@pytest.fixture
def shop() -> Shop:
    return Shop()


@pytest.fixture
async def address(shop: Shop) -> AsyncIterator[str]:
    """Serve the shop over real HTTP."""
    async with served(shop) as address:
        yield address


@pytest.fixture
async def context(browser: Browser, address: str) -> AsyncIterator[BrowserContext]:
    """Be a phone of 360 pixels."""
    context = await browser.new_context(
        base_url=address, viewport=PHONE, locale="nl-NL", device_scale_factor=2
    )
    yield context
    await context.close()


@pytest.fixture
async def page(context: BrowserContext) -> AsyncIterator[Page]:
    """Be a page with a clock that can be put forward; it may say nothing on its console."""
    page = await context.new_page()
    # The browser notes answers and cuts that are the point of a test.
    with quiet(page, "status of 401", "status of 403", "ERR_INTERNET_DISCONNECTED"):
        await page.clock.install()
        yield page


async def enter(page: Page, shop: Shop, guest: Guest) -> None:
    await page.goto(f"/me/enter#{shop.link(guest)}")
    await page.get_by_role("button", name="Open mijn pagina").click()
    await expect(page.get_by_role("heading", name="Mijn pas")).to_be_visible()


async def pass_shown(page: Page) -> str:
    """Return what a scanner reads of the code on the screen."""
    code = page.locator(".codes > li:not([hidden]) svg")
    await expect(code).to_have_count(1)
    png = np.frombuffer(await code.screenshot(), np.uint8)
    (found,) = zxingcpp.read_barcodes(cv2.imdecode(png, cv2.IMREAD_GRAYSCALE))
    return found.text


def card_of(shop: Shop, guest: Guest) -> Card:
    with shop.database.read() as work:
        card = work.people.card_of(guest.person)
    assert card is not None
    return card


def is_accepted(shop: Shop, guest: Guest, text: str) -> bool:
    """Return whether the server takes a code that is scanned at its time."""
    code, card = parse(text), card_of(shop, guest)
    assert code is not None
    assert code.card == card.ref
    return isinstance(verify(code, card.secret, Millis(shop.clock.now_ms())), Accepted)


async def forward(page: Page, shop: Shop, ms: int) -> None:
    """Let time pass for both sides."""
    shop.clock.forward(ms)
    await page.clock.run_for(ms)


async def test_the_pass_goes_on_for_ten_minutes_without_a_network(
    page: Page, context: BrowserContext, shop: Shop
) -> None:
    noor = shop.welcome("Noor")
    await enter(page, shop, noor)
    codes = {await pass_shown(page)}
    assert is_accepted(shop, noor, *codes)
    await context.set_offline(True)
    for _ in range(3):
        await forward(page, shop, 3 * MINUTE)
        text = await pass_shown(page)
        assert is_accepted(shop, noor, text)
        codes.add(text)
    assert len(codes) == 4
    await forward(page, shop, 2 * MINUTE)
    await expect(page.locator(".codes > li:not([hidden])")).to_have_count(0)
    await expect(page.locator("#pass .old")).to_be_visible()
    await context.set_offline(False)
    await forward(page, shop, 21 * SECOND)
    await expect(page.locator("#pass .old")).to_be_hidden()
    assert is_accepted(shop, noor, await pass_shown(page))


async def test_a_pass_that_is_looked_at_is_renewed_before_it_is_too_old(
    page: Page, shop: Shop
) -> None:
    noor = shop.welcome("Noor")
    await enter(page, shop, noor)
    first = await page.locator(".codes > li").last.get_attribute("data-from")
    await forward(page, shop, 3 * MINUTE)
    await expect(page.locator(".codes > li").last).not_to_have_attribute("data-from", first or "")
    assert is_accepted(shop, noor, await pass_shown(page))


async def test_a_link_is_in_no_history_and_works_once(page: Page, shop: Shop) -> None:
    noor = shop.welcome("Noor")
    secret = shop.link(noor)
    await page.goto(f"/me/enter#{secret}")
    await expect(page.get_by_label("Code uit de app")).to_be_hidden()
    assert secret not in page.url
    await page.get_by_role("button", name="Open mijn pagina").press("Enter")
    await expect(page.get_by_role("heading", name="Mijn pas")).to_be_visible()
    await page.get_by_role("button", name="Uitloggen").click()
    await expect(page.get_by_role("alert")).to_contain_text("Je bent uitgelogd")
    await page.goto(f"/me/enter#{secret}")
    await page.get_by_role("button", name="Open mijn pagina").click()
    await expect(page.get_by_role("alert")).to_contain_text("al gebruikt of verlopen")


async def test_one_tap_switches_off_and_is_effective_at_once(page: Page, shop: Shop) -> None:
    noor = shop.welcome("Noor")
    shop.scan(noor)
    await enter(page, shop, noor)
    await expect(page.locator("#here")).to_contain_text("Kalverstraat sinds 13:00")
    await expect(page.locator("#here")).to_contain_text("Noor · Gast 1 ▲ groen")
    greet = page.get_by_role("switch", name="Mij bij mijn naam begroeten")
    await expect(greet).to_be_checked()
    await greet.click()
    await expect(greet).not_to_be_checked()
    await expect(page.locator("#here")).not_to_contain_text("Noor")
    recognise = page.get_by_role("switch", name="Mij herkennen in de winkel")
    await recognise.press("Space")
    await expect(recognise).not_to_be_checked()
    await expect(page.locator("#here")).to_contain_text("in geen enkele winkel")
    await expect(page.locator("#show_to_staff")).to_contain_text("werkt pas als")
    # Her pass is hers, whatever she allows.
    assert is_accepted(shop, noor, await pass_shown(page))


async def test_recognised_now_follows_by_itself_and_says_when_it_cannot(
    page: Page, context: BrowserContext, shop: Shop
) -> None:
    noor = shop.welcome("Noor")
    await enter(page, shop, noor)
    await expect(page.locator("#here")).to_contain_text("in geen enkele winkel")
    shop.scan(noor)
    await page.clock.run_for(6 * SECOND)
    await expect(page.locator("#here")).to_contain_text("Kalverstraat")
    await context.set_offline(True)
    await page.clock.run_for(6 * SECOND)
    await expect(page.locator("#here-lost")).to_contain_text("Geen verbinding")
    await context.set_offline(False)
    await page.clock.run_for(6 * SECOND)
    await expect(page.locator("#here-lost")).to_be_hidden()


async def test_only_today_ends_at_midnight(page: Page, shop: Shop) -> None:
    noor = shop.welcome("Noor", purposes=[Purpose.RECOGNISE_IN_STORE])
    await enter(page, shop, noor)
    article = page.locator("#show_to_staff")
    await article.get_by_role("button", name="Alleen vandaag").click()
    await expect(article).to_contain_text("Aan tot 22 november 2026, 00:00")


@pytest.mark.parametrize("scripts", [True, False])
async def test_it_works_without_scripts(
    browser: Browser, address: str, shop: Shop, *, scripts: bool
) -> None:
    noor = shop.welcome("Noor", purposes=[])
    context = await browser.new_context(
        base_url=address, viewport=PHONE, locale="en-GB", java_script_enabled=scripts
    )
    page = await context.new_page()
    await page.goto("/me?language=en")
    await page.get_by_label("Code from the app").fill(shop.link(noor))
    await page.get_by_role("button", name="Open my page").click()
    assert is_accepted(shop, noor, await pass_shown(page))
    switch = page.get_by_role("switch", name="Recognise me in the store")
    await switch.click()
    await expect(switch).to_be_checked()
    await page.get_by_role("link", name="Nederlands").click()
    switch = page.get_by_role("switch", name="Mij herkennen in de winkel")
    await switch.click()
    await expect(switch).not_to_be_checked()
    await page.get_by_role("link", name="English").click()
    await expect(page.get_by_role("heading", name="What is allowed")).to_be_visible()
    await context.close()


@pytest.mark.parametrize("language", ["nl", "en"])
async def test_a_phone_of_360_pixels_shows_all_of_it(page: Page, shop: Shop, language: str) -> None:
    noor = shop.welcome("Noor")
    shop.scan(noor)
    await enter(page, shop, noor)
    await page.goto(f"/me?language={language}")
    width = await page.evaluate("document.documentElement.scrollWidth")
    assert width <= PHONE["width"]
    for target in await page.locator("button:visible, a.button:visible, summary:visible").all():
        box = await target.bounding_box()
        assert box is not None
        assert min(box["width"], box["height"]) >= 44
