"""A language that has a catalogue is spoken by every page, and no other is."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import httpx2
import pytest

from shopbell_server.catalogues import DOMAIN, FOLDER, read_catalogues
from tests.catalogues import catalogues_in
from tests.server.web.conftest import HOST
from tests.server.web.customer.test_me_pages import signed_in as on_her_page
from tests.server.web.staff.test_present import PRESENT, signed_in

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.server.web.shop import Shop

FRENCH = """
msgid ""
msgstr ""
"Language: fr\\n"
"Plural-Forms: nplurals=2; plural=(n > 1);\\n"
"Content-Type: text/plain; charset=utf-8\\n"

msgid "My pass"
msgstr "Ma carte"

msgid "Who is here"
msgstr "Qui est là"

msgid "{n} guest"
msgid_plural "{n} guests"
msgstr[0] "{n} client"
msgstr[1] "{n} clients"

msgid "Guest {number} {sign} {colour}"
msgstr "Client {number} {sign} {colour}"

msgid "green"
msgstr "vert"
"""


@pytest.fixture
async def french(shop: Shop, tmp_path: Path) -> AsyncIterator[httpx2.AsyncClient]:
    for language, path in catalogues_in(FOLDER).items():
        (tmp_path / language / "LC_MESSAGES").mkdir(parents=True)
        (tmp_path / language / "LC_MESSAGES" / path.name).write_bytes(path.read_bytes())
    (tmp_path / "fr" / "LC_MESSAGES").mkdir(parents=True)
    (tmp_path / "fr" / "LC_MESSAGES" / f"{DOMAIN}.po").write_text(FRENCH)
    shop.services = replace(shop.services, catalogues=read_catalogues(tmp_path))
    transport = httpx2.ASGITransport(app=shop.app())
    async with httpx2.AsyncClient(transport=transport, base_url=HOST) as client:
        yield client


async def test_staff_read_their_board_in_it(shop: Shop, french: httpx2.AsyncClient) -> None:
    shop.scan(shop.welcome("Ada"))
    cookies = signed_in(shop, language="fr")
    page = (await french.get("/board", headers=cookies)).text
    assert '<html lang="fr">' in page
    assert "Qui est là" in page
    assert '"here": {"one": "{n} client", "other": "{n} clients"}' in page
    (row,) = (await french.get(PRESENT, headers=cookies)).json()["rows"]
    assert row["handle"]["words"] == "Client 1 ▲ vert"


async def test_a_customer_may_choose_it_and_every_other(
    shop: Shop, french: httpx2.AsyncClient
) -> None:
    on_her_page(shop, french, shop.welcome("Ada"))
    page = (await french.get("/me?language=fr")).text
    assert "Ma carte" in page
    assert 'href="/me?language=nl" lang="nl" hreflang="nl">Nederlands</a>' in page
    assert 'hreflang="en">English</a>' in page
    assert 'hreflang="fr"' not in page
    assert "Recognise me in the store" in page  # consents are not written in French: in English
    assert 'hreflang="fr">Français</a>' in (await french.get("/me?language=nl")).text


async def test_her_browser_is_answered_in_it(french: httpx2.AsyncClient) -> None:
    door = await french.get("/me/enter", headers={"Accept-Language": "fr-BE,fr;q=0.9"})
    assert '<html lang="fr">' in door.text


@pytest.mark.parametrize("language", ["fr", "", "NL", "../nl", "n" * 36])
async def test_a_language_that_is_none_is_refused_with_those_that_are(
    language: str, client: httpx2.AsyncClient
) -> None:
    answer = await client.get("/me/enter", params={"language": language})
    assert answer.status_code == 422
    assert "en, nl" in answer.text or "35" in answer.text
