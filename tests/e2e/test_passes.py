"""A pass before the camera: photographs of it go through the edge's camera adapter onto the board."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

import pytest
from playwright.async_api import expect

from tests.e2e import watching
from tests.e2e.browser import tablet
from tests.e2e.pictures import CONDITIONS, put_picture, take_picture
from tests.rigs.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.async_api import Browser

    from tests.e2e.browser import Board
    from tests.e2e.people import App, Customer
    from tests.e2e.shop import Shop

pytestmark = pytest.mark.timeout(180)  # a broker, a server, edges and a browser start first

SCANNED: Final = "shopbell.pass.scanned.v1"
STARTED: Final = "shopbell.visit.started.v1"


async def test_a_pass_checks_in_however_it_is_held_up_and_only_once(
    shop: Shop, app: App, board: Board
) -> None:
    await shop.start_edge("door")
    await shop.start_edge("desk")
    door, desk = shop.camera("door"), shop.camera("desk")
    guests = {each: await app.enrol(f"Guest {each}") for each in CONDITIONS}
    texts = {each: guest.pass_text() for each, guest in guests.items()}
    for each, text in texts.items():
        take_picture(text, door, each, each)
    rows = await board.shows("everybody", lambda rows: len(rows) == len(guests))
    assert {row.name for row in rows} == {guest.name for guest in guests.values()}
    for row in rows:
        assert (row.word, row.evidence, row.zone) == ("checked in", "pass", "Entrance")
        assert row.how.startswith("checked in with her pass, ")
        assert row.how.endswith(", Entrance: certain")
    for guest in guests.values():
        scanned = await shop.hears(SCANNED, guest.crm)
        started = await shop.hears(STARTED, guest.crm)
        assert scanned["data"]["visit"] == started["data"]["visit"]
        assert scanned["data"]["zone"] == "entrance"
        assert started["data"]["confidence"] == "high"
    # Somebody took a picture of her pass, and shows it at once at both doors.
    copied = texts["plain"]
    late = await app.enrol("Late")
    for camera in (door, desk):
        take_picture(copied, camera, "copied")
        # The server refuses a code of two steps ago, the edge one of ten minutes ago.
        take_picture(late.pass_text(ago_s=80), camera, "stale")
        take_picture(late.pass_text(ago_s=600), camera, "very stale")
        take_picture("https://example.org/menu", camera, "somebody else's")
    # Pictures are read in order: after these, nothing is on its way any more.
    for name, camera in (("Door", door), ("Desk", desk)):
        await _empty(camera)
        guest = await app.enrol(name)
        take_picture(guest.pass_text(), camera, "last")
        await shop.hears(SCANNED, guest.crm)
    rows = await board.shows("two more", lambda rows: len(rows) == len(guests) + 2)
    assert "Late" not in {row.name for row in rows}
    assert {row.zone for row in rows if row.name == "Guest plain"} == {"Entrance"}
    for guest in guests.values():
        assert len(shop.told(SCANNED, guest.crm)) == 1
        assert len(shop.told(STARTED, guest.crm)) == 1
    assert shop.told(SCANNED, late.crm) == []
    # Whoever reads the logs of a shop learns nothing by which somebody could be followed or taken for her.
    logs = watching.files(shop, ".log", ".out")
    assert logs
    everybody = [*guests.values(), late]
    needles = [
        *texts.values(),
        *(guest.name for guest in everybody),
        *(token for guest in everybody for token in _tokens(guest)),
        *(
            str(guest.enrolment[secret])
            for guest in everybody
            for secret in ("device_token", "mac_key", "card_ref", "card_secret")
        ),
    ]
    assert watching.traces(needles, logs) == []


async def test_the_pass_of_her_page_checks_in_while_her_phone_has_no_network(
    shop: Shop, app: App, board: Board, browser: Browser
) -> None:
    await shop.start_edge("door")
    noor = await app.enrol("Noor")
    async with tablet(browser, size=(360, 740)) as phone:
        await phone.goto(await app.page_link(noor))
        await phone.get_by_role("button", name="Open my page").click()
        await expect(phone.locator(".codes svg:visible")).to_have_count(1)
        await phone.context.set_offline(True)
        put_picture(await phone.screenshot(), shop.camera("door"), "her screen")
        (row,) = await board.shows("her", bool)
    assert (row.name, row.evidence, row.zone) == ("Noor", "pass", "Entrance")


def _tokens(guest: Customer) -> list[str]:
    """Return what her phone may have on the air around now."""
    now = int(time.time() // 900)
    near = [guest.tokens[window] for window in (now - 1, now) if window in guest.tokens]
    return [text for token in near for text in (token["id32"], token["id64"])]


async def _empty(camera: Path) -> None:
    """Wait until the camera has consumed every picture."""
    await until("no picture left", lambda: not list(camera.iterdir()))
