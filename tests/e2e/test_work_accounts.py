"""Staff sign in at a real provider and out again, in a real browser: its cookies, its policies, its forms."""

from __future__ import annotations

import re
import ssl
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from playwright.async_api import expect

from shopbell_server.web.access.oidc.provider import Account, OidcProvider
from shopbell_server.web.services import WorkAccounts
from tests.e2e.pages import served
from tests.rigs.oidc_provider import OidcMissingError, OidcServer
from tests.rigs.ports import free_port
from tests.server.web.access.oidc.test_real_provider import PEOPLE, RULES
from tests.server.web.shop import Shop

if TYPE_CHECKING:
    from playwright.async_api import Browser, ConsoleMessage


async def test_in_and_out_with_a_work_account(browser: Browser) -> None:
    shop, port = Shop(), free_port()
    origin = f"http://127.0.0.1:{port}"
    client = {
        "client_id": "public",
        "token_endpoint_auth_method": "none",
        "redirect_uris": [f"{origin}/login/oidc/callback"],
        "post_logout_redirect_uris": [f"{origin}/login"],
    }
    try:
        with OidcServer(PEOPLE, [client]) as server:
            shop.clock.ms = int(time.time() * 1000)
            account = Account(
                issuer=server.issuer,
                client_id="public",
                client_secret=None,
                scopes=("openid", "profile"),
                prompt=None,
                userinfo=False,
                origin=origin,
                allow_loopback=True,
            )
            tls = ssl.create_default_context()
            provider = OidcProvider(account, shop.clock, timeout_s=20.0, tls=tls)
            accounts = WorkAccounts(provider=provider, rules=RULES, only=True)
            shop.services = replace(shop.services, accounts=accounts)
            async with served(shop, port) as address:
                await _in_and_out(browser, address, server.issuer)
    except OidcMissingError as error:
        pytest.skip(str(error))


async def _in_and_out(browser: Browser, address: str, issuer: str) -> None:
    context = await browser.new_context(base_url=address, locale="nl-NL")
    page = await context.new_page()
    complaints: list[str] = []

    def note(message: ConsoleMessage) -> None:
        # The provider's own pages want fonts from elsewhere.
        if message.location["url"].startswith(address):
            complaints.append(message.text)

    page.on("console", note)
    await page.goto("/board")
    await page.get_by_role("link", name="Inloggen met je werkaccount").press("Enter")
    await page.wait_for_url(f"{issuer}/interaction/**")
    await page.locator("input[name=login]").fill("ada")
    await page.locator("input[name=password]").fill("any")
    await page.locator("button[type=submit]").click()
    await page.get_by_role("button", name="Continue").click()
    await expect(page).to_have_url(f"{address}/board")
    await expect(page.locator("#state")).to_have_text("Live")
    await page.get_by_role("button", name="Uitloggen").click()
    # By way of our own page: a form may not lead to another site.
    await page.wait_for_url(re.compile(rf"^{re.escape(issuer)}/session/end"))
    await page.get_by_role("button", name="Yes, sign me out").click()
    await expect(page).to_have_url(re.compile(rf"^{re.escape(address)}/login"))
    assert complaints == []
    await context.close()
