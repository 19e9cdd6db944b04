"""Staff at a board whose server is the real one: it goes away and comes back, and people use only keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.browser import Board, tablet
from tests.e2e.pictures import take_picture
from tests.e2e.shop import PASSWORD, STAFF

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

    from tests.e2e.people import App, Customer
    from tests.e2e.shop import Shop

pytestmark = pytest.mark.timeout(180)  # a broker, a server, edges and a browser start first

NASTY = "<img src=x onerror=alert(1)>"


async def check_in(shop: Shop, customer: Customer) -> None:
    take_picture(customer.pass_text(), shop.camera("door"), customer.crm)


async def test_a_board_without_its_server_says_so_hides_names_and_catches_up(
    shop: Shop, app: App, board: Board
) -> None:
    await shop.start_edge("door")
    noor = await app.enrol("Noor")
    eva = await app.enrol("Eva")
    await check_in(shop, noor)
    before = await board.shows("Noor", lambda rows: [row.name for row in rows] == ["Noor"])
    assert await shop.stop_server() == 0
    # The edge keeps it, on its disk.
    await check_in(shop, eva)
    await board.page.clock.run_for(9_000)
    await board.is_in("lost")
    lost = board.page.locator("#lost")
    assert "No connection since" in (await lost.text_content() or "")
    assert [row.name for row in await board.rows()] == ["Noor"]
    await board.page.clock.run_for(7_000)
    blank = await board.shows("no name", lambda rows: [row.name for row in rows] == [None])
    assert blank[0].handle == before[0].handle
    assert "names are hidden" in (await lost.text_content() or "")
    await shop.start_server()
    await board.is_in("live")
    await board.shows("both", lambda rows: {row.name for row in rows} == {"Noor", "Eva"})
    assert await lost.is_hidden()


async def test_a_name_is_text_whatever_it_holds(shop: Shop, app: App, board: Board) -> None:
    await shop.start_edge("door")
    asked: list[str] = []
    board.page.on("request", lambda request: asked.append(request.url))
    await check_in(shop, await app.enrol(NASTY))
    rows = await board.shows("a guest", lambda rows: len(rows) == 1)
    assert rows[0].name == NASTY
    assert await board.page.locator("#rows img, #news img").count() == 0
    assert not any(url.endswith("/x") for url in asked)


async def test_staff_sign_in_look_and_sign_out_with_the_keyboard_alone(
    browser: Browser, shop: Shop
) -> None:
    async with tablet(browser) as page:
        board = Board(page)
        await page.goto(shop.url)
        keys = page.keyboard
        # The page is there a moment before its first field has the focus: what is typed then is lost.
        await page.wait_for_function("document.activeElement.id === 'staff'")
        await keys.type(STAFF)
        await keys.press("Tab")
        await keys.type(PASSWORD)
        await keys.press("Tab")
        assert await _focused(page) == "Sign in"
        assert await page.input_value("#staff") == STAFF
        await keys.press("Enter")
        await page.wait_for_url("**/board")
        await board.is_in("live")
        await keys.press("Tab")
        assert await _focused(page) == "Sign out"
        await keys.press("Enter")
        await page.wait_for_url("**/login")
        assert await _focused(page) == "staff"
        await page.goto(f"{shop.url}/board")
        assert page.url.endswith("/login")


async def _focused(page: Page) -> str:
    """Return what has the focus: its text, or its id."""
    focused: str = await page.evaluate(
        "document.activeElement.textContent.trim() || document.activeElement.id"
    )
    return focused
