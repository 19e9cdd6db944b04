"""Segment's browser library, unchanged, in a page of another site that points it here."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from shopbell_server.usecases.staff.api_keys import make_key
from tests.e2e.browser import chromium
from tests.rigs.waiting import until
from tests.server.web.shop import Shop
from tests.server.web.systems.test_segment_libraries import serving
from tests.server.web.systems.test_tracking import ADA, told

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.async_api import Response

LIBRARY: Final = (
    Path(__file__).parents[2] / ".cache/node/node_modules/@segment/analytics-next/dist/umd/index.js"
)

PAGE: Final = "<!doctype html><title>A shop elsewhere</title><script src=/library.js></script>"

SAYS: Final = """
async ([key, host, strategy]) => {
  const analytics = window.AnalyticsNext.AnalyticsBrowser.load(
    { writeKey: key, cdnSettings: { integrations: { "Segment.io": {
        apiKey: key, apiHost: `${host}/v1`, protocol: "http",
        deliveryStrategy: { strategy, config: { size: 2 } } } } } },
    { retryQueue: false },
  );
  await analytics.setAnonymousId("browser-1");
  await analytics.page();
  await analytics.track("Product Added to Wishlist", { product_id: "p-1", name: "Lamp" });
}
"""


@contextmanager
def site() -> Iterator[str]:
    """Serve the page from an origin of its own; on loopback too, as browsers want it."""

    class Pages(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            script = self.path == "/library.js"
            self.send_response(200)
            self.send_header("Content-Type", "text/javascript" if script else "text/html")
            self.end_headers()
            self.wfile.write(LIBRARY.read_bytes() if script else PAGE.encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Pages) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join(10)


@pytest.mark.parametrize("strategy", ["standard", pytest.param("batching", marks=pytest.mark.long)])
async def test_analytics_next_says_what_she_wishes_for(strategy: str) -> None:
    if not LIBRARY.is_file():
        pytest.skip("the packages of tests/rigs/node are not installed")
    shop = Shop()
    shop.clock.ms = time.time_ns() // 1_000_000
    shop.welcome(profile=ADA)
    keys = {
        system: make_key(
            shop.database, shop.entropy, shop.clock.now_ms(), name="shop", system=system, by="root"
        )[1]
        for system in ("channel", "browser")
    }
    answers: list[tuple[str, int]] = []
    with serving(shop) as url, site() as elsewhere:
        async with chromium() as browser:
            page = await browser.new_page()

            def answered(answer: Response) -> None:
                if answer.url.startswith(url):
                    answers.append((answer.request.method, answer.status))

            page.on("response", answered)
            await page.request.post(
                f"{url}/v1/identify",
                data={"writeKey": keys["channel"], "userId": ADA, "anonymousId": "browser-1"},
            )
            await page.goto(elsewhere)
            await page.evaluate(SAYS, [keys["browser"], url.removeprefix("http://"), strategy])
            await until("the wish is kept", lambda: bool(told(shop)))
    (wish,) = told(shop)
    assert (wish.kind.value, wish.key, wish.word("product")) == ("wish", "p-1", "Lamp")
    assert {status for method, status in answers if method == "POST"} == {200}
