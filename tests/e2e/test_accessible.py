"""Every page as axe-core judges it, light and dark; and operators' pages walked by keyboard alone."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final, Literal
from urllib.parse import urlsplit

import pytest
from playwright.async_api import expect

from tests.e2e.axe import needs_axe, violations
from tests.e2e.pages import quiet, served
from tests.server.web.admin.furnished import furnished
from tests.server.web.shop import PASSWORD, Shop

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from playwright.async_api import Browser, Page

    from tests.server.web.admin.furnished import Line

ADMIN: Final = (
    *("/admin", "/admin/edges", "/admin/edges/ams01-till", "/admin/stores"),
    *("/admin/stores/ams-01", "/admin/sinks", "/admin/sinks/cdp", "/admin/sinks/cdp/f-1"),
    *("/admin/staff", "/admin/consents"),
)

SCHEMES: Final = ("light", pytest.param("dark", marks=pytest.mark.long))
"""The same pages in other colours are a case more."""

SMALL: Final = """
() => [...document.querySelectorAll("a, button, select, input:not([type=hidden]), summary, textarea")]
  .filter((each) => !each.matches(".skip") && each.getClientRects().length)
  .map((each) => [each.outerHTML.slice(0, 120), each.getBoundingClientRect().height])
  .filter(([, height]) => height < 44)
"""
"""What is touched and too low for a finger."""

WIDE: Final = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture
def place() -> tuple[Shop, Line]:
    needs_axe()
    return furnished()


@pytest.fixture
async def address(place: tuple[Shop, Line]) -> AsyncIterator[str]:
    async with served(place[0]) as address:
        yield address


@asynccontextmanager
async def looking(
    browser: Browser,
    address: str,
    scheme: Literal["light", "dark"] = "light",
    size: tuple[int, int] = (800, 1280),
    *,
    bypass_csp: bool = True,
) -> AsyncIterator[Page]:
    context = await browser.new_context(
        base_url=address,
        viewport={"width": size[0], "height": size[1]},
        locale="nl-NL",
        color_scheme=scheme,
        bypass_csp=bypass_csp,
        reduced_motion="reduce",
    )
    try:
        page = await context.new_page()
        with quiet(page):
            yield page
    finally:
        await context.close()


async def sign_in(page: Page, name: str, leads_to: str) -> None:
    """Sign in as anybody does who has no mouse."""
    await page.goto(f"/login?next={leads_to}")
    await expect(page.locator("#staff")).to_be_focused()
    await page.keyboard.type(name)
    await page.keyboard.press("Tab")
    await page.keyboard.type(PASSWORD)
    await page.keyboard.press("Enter")
    await page.wait_for_url(lambda url: urlsplit(url).path == leads_to)


@pytest.mark.parametrize("scheme", SCHEMES)
async def test_operators_pages_keep_nobody_out(
    browser: Browser,
    address: str,
    place: tuple[Shop, Line],
    scheme: Literal["light", "dark"],
) -> None:
    place[0].employ("olga", role="operator")
    async with looking(browser, address, scheme) as page:
        await sign_in(page, "olga", "/admin")
        for path in ADMIN:
            await page.goto(path)
            assert urlsplit(page.url).path == path
            assert await violations(page) == [], path
            assert await page.evaluate(SMALL) == [], path
            assert await page.evaluate(WIDE) == 0, path


@pytest.mark.parametrize("scheme", SCHEMES)
async def test_the_other_pages_keep_nobody_out(
    browser: Browser,
    address: str,
    place: tuple[Shop, Line],
    scheme: Literal["light", "dark"],
) -> None:
    shop = place[0]
    shop.employ("sam")
    noor = shop.welcome("Noor", profile="profile-noor")
    shop.scan(noor)
    async with looking(browser, address, scheme) as page:
        await page.goto("/login")
        assert await violations(page) == [], "the door"
        await sign_in(page, "sam", "/board")
        await expect(page.locator("#rows > .row")).to_have_count(1)
        assert await violations(page) == [], "the board"
        await page.goto("/me/enter")
        assert await violations(page) == [], "her door"
        await page.goto(f"/me/enter#{shop.link(noor)}")
        await page.get_by_role("button", name="Open mijn pagina").click()
        await expect(page.get_by_role("heading", name="Mijn pas")).to_be_visible()
        assert await violations(page) == [], "her page"
        await page.goto("/me/forget")
        assert await violations(page) == [], "being forgotten"


async def tabbed_to(page: Page, selector: str) -> None:
    """Press Tab until it is there."""
    for _ in range(60):
        await page.keyboard.press("Tab")
        if await page.evaluate("s => document.activeElement.matches(s)", selector):
            return
    raise AssertionError(f"no way to {selector} by Tab")


async def test_an_operator_without_a_mouse_gets_everywhere_and_acts(
    browser: Browser, address: str, place: tuple[Shop, Line]
) -> None:
    """With the policy in force, and no script: these pages have none."""
    shop, line = place
    shop.employ("olga", role="operator")
    async with looking(browser, address, size=(1280, 800), bypass_csp=False) as page:
        await sign_in(page, "olga", "/admin")

        async def go(selector: str, path: str) -> None:
            await tabbed_to(page, selector)
            await page.keyboard.press("Enter")
            await page.wait_for_url(lambda url: urlsplit(url).path == path)

        await tabbed_to(page, "a.skip")
        await page.keyboard.press("Enter")
        await expect(page.locator("#content")).to_be_focused()
        for path in ("/admin/edges", "/admin/stores", "/admin/sinks", "/admin/staff"):
            await go(f'nav a[href="{path}"]', path)
        await go('nav a[href="/admin/consents"]', "/admin/consents")
        await go('nav a[href="/admin"]', "/admin")
        await go('main a[href="/admin/edges"]', "/admin/edges")
        await go('main a[href="/admin/edges/ams01-till"]', "/admin/edges/ams01-till")
        await tabbed_to(page, "form:has([value=identify]) button")
        await page.keyboard.press("Enter")
        await page.wait_for_url("**?said=ordered*")
        assert [edge for edge, _, _ in line.sent] == ["ams01-till"]
        await go('nav a[href="/admin/sinks"]', "/admin/sinks")
        await go('main a[href="/admin/sinks/cdp"]', "/admin/sinks/cdp")
        await go('main a[href="/admin/sinks/cdp/f-1"]', "/admin/sinks/cdp/f-1")
        await tabbed_to(page, "#reason")
        await page.keyboard.press("ArrowDown")
        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        await page.wait_for_url("**?said=gone")
        await tabbed_to(page, "form button.main")
        await page.keyboard.press("Enter")
        await page.wait_for_url("**?said=again")
        await expect(page.get_by_text("Niets: hij nam alles aan.")).to_be_visible()
