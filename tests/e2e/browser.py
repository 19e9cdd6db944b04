"""Staff at the board: Debian's Chromium without a window, and what it shows.

`async with chromium() as browser, looking(browser, shop) as board:` signs in by the link and waits until
the board is live.
"""

from __future__ import annotations

import shutil
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import pytest
from playwright.async_api import async_playwright

from tests.rigs.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from playwright.async_api import Browser, Page

    from tests.e2e.shop import Shop

ARGUMENTS: Final = (
    "--no-sandbox",  # root has none
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

LANDSCAPE: Final = (1280, 800)
"""A tablet of ten inches."""

PORTRAIT: Final = (800, 1280)

ROWS: Final = """
() => [...document.querySelectorAll("#rows > .row")].map((row) => {
  const text = (selector) => row.querySelector(selector)?.textContent ?? null;
  return {
    name: text(".name bdi"),
    handle: text(".name .alone") ?? text(".name .handle"),
    how: text(".how"),
    zone: text(".fact.zone"),
    left: text(".fact.left"),
    word: text(".badge"),
    evidence: row.querySelector(".badge").dataset.evidence,
    place: row.dataset.place,
  };
})
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row as it is read: None where nothing stands."""

    name: str | None
    handle: str
    how: str
    zone: str
    left: str | None
    word: str
    evidence: str
    place: str


def path(url: str) -> str:
    """Return the path of an address, without what may be a secret in it."""
    return urlsplit(url).path


class Board:
    """A board in a browser."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.errors: list[str] = []
        self.trouble: list[str] = []
        """What did not load: shown with a failure, as a server that is away is no error of the page."""
        page.on(
            "requestfailed", lambda asked: self.trouble.append(f"{asked.failure} {path(asked.url)}")
        )
        page.on("response", lambda answer: self._answered(answer.status, answer.url))
        page.on("pageerror", lambda error: self.errors.append(error.message))
        page.on("dialog", lambda dialog: self.errors.append(f"dialog: {dialog.type}"))

    def _answered(self, status: int, url: str) -> None:
        if status >= HTTPStatus.BAD_REQUEST:
            self.trouble.append(f"{status} {path(url)}")

    async def rows(self) -> list[Row]:
        """Return what it shows now, in order."""
        found: list[dict[str, Any]] = await self.page.evaluate(ROWS)
        return [Row(**each) for each in found]

    async def shows(
        self, what: str, true: Callable[[list[Row]], bool], *, within_s: float = 20.0
    ) -> list[Row]:
        """Wait until `true` holds of its rows; return them."""
        rows: list[Row] = []

        async def holds() -> bool:
            rows[:] = await self.rows()
            return true(rows)

        try:
            await until(f"the board shows {what}", holds, within_s=within_s)
        except AssertionError as error:
            raise AssertionError(f"{error}; it shows {rows}") from None
        return rows

    async def state(self) -> str:
        """Return `connecting`, `live` or `lost`."""
        state: str = await self.page.locator("#state").get_attribute("data-state") or ""
        return state

    async def is_in(self, state: str, *, within_s: float = 30.0) -> None:
        """Wait until its connection is in this state."""

        async def there() -> bool:
            return await self.state() == state

        try:
            await until(f"a board that is {state}", there, within_s=within_s)
        except AssertionError as error:
            text = await self.page.locator("body").inner_text()
            raise AssertionError(f"{error}; it says {text!r}; trouble: {self.trouble}") from None


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """Run a browser."""
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("no chromium: apt-get install chromium")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=[*ARGUMENTS])
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def tablet(
    browser: Browser,
    size: tuple[int, int] = LANDSCAPE,
) -> AsyncIterator[Page]:
    """Open a page in a browser profile of its own."""
    width, height = size
    context = await browser.new_context(
        viewport={"width": width, "height": height},
        locale="en-GB",
        timezone_id="Europe/Amsterdam",
    )
    try:
        yield await context.new_page()
    finally:
        await context.close()


@asynccontextmanager
async def looking(browser: Browser, shop: Shop) -> AsyncIterator[Board]:
    """Sign in by the link, and look at the board; it must not have failed by the end.

    The page's timers can be put forward (`board.page.clock`); until then they run as ever.
    """
    async with tablet(browser) as page:
        board = Board(page)
        await page.clock.install()
        await page.goto(shop.sign_in)
        assert page.url == f"{shop.url}/board"
        await board.is_in("live")
        yield board
        assert board.errors == []
