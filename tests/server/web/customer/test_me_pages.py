"""The customer's page as it is sent: what its forms do, and what it says."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import httpx2
import pytest

from shopbell_server.core.access.customer_sessions import FRESH_MS
from shopbell_server.core.consent.ledger import Purpose
from shopbell_server.core.consent.privacy_notice import Notice
from shopbell_server.core.consent.words import STANDARD, WORDS
from shopbell_server.core.ids import Millis
from shopbell_server.web.access.session_cookies import PAGE_COOKIE
from tests.server.web.conftest import HOST
from tests.server.web.shop import MINUTE, Guest, Shop

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shopbell_server.core.language import DocumentLanguage

OWN = {"Origin": HOST}
DAY = 24 * 60 * MINUTE


def signed_in(shop: Shop, client: httpx2.AsyncClient, guest: Guest) -> None:
    client.cookies.set(PAGE_COOKIE.name, shop.open_page(guest))


def form(purpose: Purpose, state: str, language: DocumentLanguage = "nl") -> dict[str, str]:
    text = STANDARD.of(purpose, language)
    return {
        "purpose": purpose.value,
        "state": state,
        "text_sha256": text.sha256,
        "text_language": language,
    }


async def switch(
    client: httpx2.AsyncClient, fields: Mapping[str, str], query: str = ""
) -> httpx2.Response:
    return await client.post(f"/me/consents{query}", data=dict(fields), headers=OWN)


def entries(shop: Shop, guest: Guest) -> list[tuple[str, str, str, str, int | None]]:
    with shop.database.read() as work:
        return [
            (each.purpose, each.change, each.place, each.language, each.until_ms)
            for each in work.ledger.entries([guest.person]).get(guest.person, ())
        ]


async def test_what_others_call_her_is_said_in_words(
    shop: Shop, client: httpx2.AsyncClient
) -> None:
    noor = shop.welcome()
    signed_in(shop, client, noor)
    assert "Klantenadministratie •" in (await client.get("/me")).text
    assert "Customer records •" in (await client.get("/me?language=en")).text


# ------------------------------------------------------------------ switches


async def test_a_switch_writes_into_the_ledger_which_text_she_read(
    shop: Shop, client: httpx2.AsyncClient
) -> None:
    noor = shop.welcome(purposes=[])
    signed_in(shop, client, noor)
    on = await switch(client, form(Purpose.RECOGNISE_IN_STORE, "on", "en"))
    assert (on.status_code, on.headers["location"]) == (303, "/me#recognise_in_store")
    await switch(client, form(Purpose.RECOGNISE_IN_STORE, "off"))
    await switch(client, form(Purpose.RECOGNISE_IN_STORE, "off"))
    assert entries(shop, noor) == [
        ("recognise_in_store", "given", "pass_page", "en", None),
        ("recognise_in_store", "withdrawn", "pass_page", "nl", None),
    ]


async def test_only_today_ends_at_midnight_of_the_store(
    shop: Shop, client: httpx2.AsyncClient
) -> None:
    noor = shop.welcome(purposes=[Purpose.RECOGNISE_IN_STORE])
    signed_in(shop, client, noor)
    await switch(client, form(Purpose.SHOW_TO_STAFF, "today"))
    midnight = Millis(1_795_302_000_000)  # 22 November 2026, 00:00 in Amsterdam
    assert entries(shop, noor)[-1] == ("show_to_staff", "given", "pass_page", "nl", midnight)
    page = (await client.get("/me")).text
    assert "Aan tot 22 november 2026, 00:00" in page


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({}, "purpose"),
        ({"purpose": "all", "state": "on"}, "purpose"),
        ({"purpose": "messages", "state": "maybe"}, "state"),
        ({"purpose": "messages", "state": "today"}, "state"),
        ({"purpose": "messages"}, "state"),
        ({f"field{number}": "x" for number in range(9)}, "form"),
    ],
)
async def test_a_form_that_is_not_ours_changes_nothing(
    shop: Shop, client: httpx2.AsyncClient, fields: dict[str, str], field: str
) -> None:
    noor = shop.welcome(purposes=[])
    signed_in(shop, client, noor)
    answer = await switch(client, fields)
    assert answer.status_code == 422
    assert field in answer.json()["detail"]
    assert entries(shop, noor) == []


async def test_a_text_that_has_changed_meanwhile_is_not_agreed_to(
    shop: Shop, client: httpx2.AsyncClient
) -> None:
    noor = shop.welcome(purposes=[Purpose.MESSAGES])
    signed_in(shop, client, noor)
    old = {**form(Purpose.RECOGNISE_IN_STORE, "on"), "text_sha256": "0" * 64}
    answer = await switch(client, old)
    assert answer.headers["location"] == "/me?said=text_changed"
    assert "De tekst is intussen veranderd" in (await client.get("/me?said=text_changed")).text
    # What she no longer wants is off, whatever she read.
    await switch(client, {**form(Purpose.MESSAGES, "off"), "text_sha256": ""})
    assert entries(shop, noor)[-1][:2] == ("messages", "withdrawn")


async def test_no_page_of_somebody_else_can_switch_anything(
    shop: Shop, client: httpx2.AsyncClient
) -> None:
    noor = shop.welcome(purposes=[])
    signed_in(shop, client, noor)
    for headers in ({}, {"Origin": "https://elsewhere.example"}, {"Origin": "null"}):
        for path in ("/me/consents", "/me/leave", "/me/enter"):
            answer = await client.post(
                path, data=form(Purpose.RECOGNISE_IN_STORE, "on"), headers=headers
            )
            assert answer.status_code == 403
    assert entries(shop, noor) == []
    assert (await client.get("/me/here")).status_code == 200


async def test_who_is_not_signed_in_is_led_to_the_door_and_keeps_her_language(
    client: httpx2.AsyncClient,
) -> None:
    for path in ("/me", "/me/receipt", "/me/take"):
        answer = await client.get(f"{path}?language=en")
        assert (answer.status_code, answer.headers["location"]) == (303, "/me/enter?language=en")
    posted = await switch(client, form(Purpose.MESSAGES, "on"))
    assert posted.headers["location"] == "/me/enter"
    door = (await client.get("/me/enter?language=en")).text
    assert "Open this page from the app of the store." in door
    assert '<html lang="en">' in door


# ------------------------------------------------------------------ what it says


async def test_the_page_says_when_a_purpose_ends_and_asks_again_in_time(
    shop: Shop, client: httpx2.AsyncClient
) -> None:
    noor = shop.welcome(purposes=[Purpose.RECOGNISE_IN_STORE])
    signed_in(shop, client, noor)
    page = (await client.get("/me")).text
    assert "Aan tot 21 november 2027" in page
    assert "Nog een jaar" not in page
    shop.clock.forward(340 * DAY)
    signed_in(shop, client, noor)
    page = (await client.get("/me")).text
    assert "Dit loopt bijna af." in page
    assert "Nog een jaar" in page
    await switch(client, form(Purpose.RECOGNISE_IN_STORE, "on"))
    assert entries(shop, noor)[-1][:2] == ("recognise_in_store", "renewed")
    shop.clock.forward(366 * DAY)
    signed_in(shop, client, noor)
    assert "Dit is vanzelf afgelopen op" in (await client.get("/me")).text


async def test_the_page_holds_the_passes_of_ten_minutes_whatever_she_allows(
    shop: Shop, client: httpx2.AsyncClient
) -> None:
    noor = shop.welcome(purposes=[])
    signed_in(shop, client, noor)
    page = (await client.get("/me")).text
    assert page.count('data-from="') == 21
    assert "Herkennen staat uit" in page
    piece = (await client.get("/me/pass")).text
    assert piece.count('data-from="') == 21
    assert piece.strip().startswith('<div id="pass"')
    assert piece.strip().endswith("</div>")


async def test_a_page_says_what_the_retailer_has_said_of_itself() -> None:
    shop = Shop()
    notice = Notice(controller="De Gracht & Zn.", contact="ask@shop.example", dpo="Ms Dijk")
    shop.services = replace(shop.services, site=replace(shop.site, notice=notice))
    transport = httpx2.ASGITransport(app=shop.app())
    async with httpx2.AsyncClient(transport=transport, base_url=HOST) as client:
        page = (await client.get("/me/enter?language=en")).text
    assert "De Gracht &amp; Zn." in page
    assert "Data protection officer: Ms Dijk" in page
    assert "Privacy notice" not in page


async def test_a_name_is_text_whatever_it_holds(shop: Shop, client: httpx2.AsyncClient) -> None:
    noor = shop.welcome("<script>alert(1)</script>", profile="p-1")
    shop.scan(noor)
    signed_in(shop, client, noor)
    page = (await client.get("/me")).text
    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page


async def test_nothing_of_the_page_needs_what_the_csp_refuses(
    shop: Shop, client: httpx2.AsyncClient
) -> None:
    signed_in(shop, client, shop.welcome())
    for path in ("/me", "/me/enter", "/me/pass", "/me/here"):
        text = (await client.get(path)).text
        assert not re.search(r"\son\w+=|style=|javascript:", text)
        assert not re.search(r"<script(?![^>]*\bsrc=)", text)


async def test_taking_it_along_wants_a_page_that_was_opened_a_moment_ago(
    shop: Shop, client: httpx2.AsyncClient
) -> None:
    signed_in(shop, client, shop.welcome())
    answer = await client.get("/me/take?format=csv")
    assert (answer.status_code, answer.headers["location"]) == (303, "/v1/me/export?format=csv")
    file = await client.get(answer.headers["location"])
    assert file.status_code == 200
    assert "attachment" in file.headers["content-disposition"]
    shop.clock.forward(FRESH_MS)
    answer = await client.get("/me/take?format=csv")
    assert answer.status_code == 403
    assert "Ben jij het nog?" in answer.text


async def test_being_forgotten_is_asked_twice_and_wants_a_page_that_was_just_opened(
    shop: Shop, client: httpx2.AsyncClient
) -> None:
    noor = shop.welcome("Noor")
    shop.scan(noor)
    signed_in(shop, client, noor)
    page = (await client.get("/me/forget")).text
    assert "Ja, wis alles van mij" in page
    unsure = await client.post("/me/forget", data={}, headers=OWN)
    foreign = await client.post("/me/forget", data={"sure": "yes"})
    assert (unsure.status_code, foreign.status_code) == (422, 403)
    shop.clock.forward(FRESH_MS)
    for method, fields in (("GET", None), ("POST", {"sure": "yes"})):
        late = await client.request(method, "/me/forget", data=fields, headers=OWN)
        assert (late.status_code, "Ben jij het nog?" in late.text) == (403, True)
    assert (await client.get("/v1/me")).json()["first_name"] == "Noor"
    signed_in(shop, client, noor)
    answer = await client.post("/me/forget", data={"sure": "yes"}, headers=OWN)
    assert (answer.status_code, answer.headers["location"]) == (
        303,
        "/me/enter?language=nl&said=erased",
    )
    assert "de winkel heeft je gewist" in (await client.get(answer.headers["location"])).text
    assert (await client.get("/v1/me", headers=noor.bearer)).status_code == 401
    with shop.database.read() as work:
        assert work.people.enrolments([noor.person]) == {}
        assert work.visits.of_person(noor.person) == []
    for method in ("GET", "POST"):
        again = await client.request(method, "/me/forget", headers=OWN)
        assert again.headers["location"] == "/me/enter"


async def test_apps_may_show_the_same_texts(client: httpx2.AsyncClient) -> None:
    body = (await client.get("/v1/app/consent-texts?language=en")).json()
    assert body["language"] == "en"
    assert [each["purpose"] for each in body["texts"]] == list(Purpose)
    text = STANDARD.of(Purpose.RECOGNISE_IN_STORE, "en")
    assert body["texts"][0] == {
        "purpose": "recognise_in_store",
        "title": text.title,
        "text": text.text,
        "text_version": text.version,
        "text_sha256": text.sha256,
    }


def test_texts_are_for_people() -> None:
    for languages in WORDS.values():
        for title, text in languages.values():
            assert len(title) <= 80
            assert len(text) <= 400


async def test_she_is_told_of_a_phone_that_was_added_and_of_nobody_else(
    shop: Shop, client: httpx2.AsyncClient
) -> None:
    noor = shop.welcome("Noor", profile="household")
    other = shop.welcome(None, profile="household")
    signed_in(shop, client, noor)
    page = (await client.get("/me")).text
    assert "Op 21 november 2026, rond 13:00, is een Android-telefoon aangemeld" in page
    assert other.person not in page
