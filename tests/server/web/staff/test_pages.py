from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import httpx2
import pytest

from shopbell_server.core.ids import StaffId
from shopbell_server.usecases.staff.sign_in import make_link
from shopbell_server.web.access.session_cookies import STAFF_COOKIE
from shopbell_server.web.assets import STATIC, TEMPLATES
from tests.server.web.conftest import HOST
from tests.server.web.shop import AMS, MINUTE, PASSWORD, SECOND, UTR, Shop
from tests.server.web.staff.test_present import PRESENT, signed_in

if TYPE_CHECKING:
    from collections.abc import Mapping

OWN = {"Origin": HOST}
FORM = {"staff": "sam", "password": PASSWORD}


# ------------------------------------------------------------------ signing in


async def test_the_root_leads_to_the_board_and_the_board_to_the_door(
    client: httpx2.AsyncClient,
) -> None:
    root = await client.get("/")
    board = await client.get("/board")
    assert (root.status_code, root.headers["location"]) == (303, "/board")
    assert (board.status_code, board.headers["location"]) == (303, "/login")


async def test_staff_sign_in_by_a_form(shop: Shop, client: httpx2.AsyncClient) -> None:
    shop.employ()
    assert (await client.get(PRESENT)).status_code == 401
    answer = await client.post("/login", data=FORM, headers=OWN)
    assert (answer.status_code, answer.headers["location"]) == (303, "/board")
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith(f"{STAFF_COOKIE.name}=sbs_")
    for part in ("HttpOnly", "Secure", "Path=/", "SameSite=lax", "Max-Age=43200"):
        assert part in cookie
    assert "domain" not in cookie.lower()
    assert (await client.get(PRESENT)).status_code == 200
    assert (await client.get("/login")).headers["location"] == "/board"


async def test_programs_sign_in_by_json(shop: Shop, client: httpx2.AsyncClient) -> None:
    shop.employ()
    answer = await client.post("/login", json=FORM, headers=OWN)
    assert answer.status_code == 204
    assert (await client.get(PRESENT)).status_code == 200


@pytest.mark.parametrize(
    "given", [{"staff": "sam", "password": "wrong"}, {"staff": "nobody", "password": PASSWORD}]
)
async def test_a_wrong_name_looks_like_a_wrong_password(
    shop: Shop, client: httpx2.AsyncClient, given: dict[str, str]
) -> None:
    shop.employ()
    page = await client.post("/login", data=given, headers={**OWN, "Accept-Language": "nl-NL,en"})
    assert page.status_code == 401
    assert "Naam of wachtwoord klopt niet." in page.text
    assert "set-cookie" not in page.headers
    answer = await client.post("/login", json=given, headers=OWN)
    assert (answer.status_code, answer.json()["detail"]) == (
        401,
        "The name or the password is wrong.",
    )


async def test_guessing_passwords_ends(shop: Shop, client: httpx2.AsyncClient) -> None:
    shop.employ()
    wrong = {"staff": "sam", "password": "guess"}
    statuses = [
        (await client.post("/login", json=wrong, headers=OWN)).status_code for _ in range(6)
    ]
    assert statuses == [401] * 5 + [429]
    page = await client.post("/login", data=FORM, headers=OWN)
    assert page.status_code == 429
    assert page.headers["retry-after"] == "12"
    assert "Wait 12 seconds" in page.text
    shop.clock.forward(12 * SECOND)
    assert (await client.post("/login", data=FORM, headers=OWN)).status_code == 303


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"not json", b"[" * 5000, b'{"staff": "sam"}', b'{"staff": 1, "password": "x"}'],
)
async def test_signing_in_takes_a_name_and_a_password(
    client: httpx2.AsyncClient, body: bytes
) -> None:
    headers = {**OWN, "Content-Type": "application/json"}
    answer = await client.post("/login", content=body, headers=headers)
    assert answer.status_code == 422
    assert "password" in {each["field"] for each in answer.json()["errors"]} or body == (
        b'{"staff": 1, "password": "x"}'
    )


async def test_a_password_has_a_length(client: httpx2.AsyncClient) -> None:
    given = {"staff": "sam", "password": "x" * 1025}
    assert (await client.post("/login", json=given, headers=OWN)).status_code == 422
    many = {f"field-{number}": "x" for number in range(9)}
    assert (await client.post("/login", data=many, headers=OWN)).status_code == 422


@pytest.mark.parametrize(
    "origin", [{}, {"Origin": "https://evil.test"}, {"Origin": "null"}, {"Origin": ""}]
)
@pytest.mark.parametrize("path", ["/login", "/logout"])
async def test_a_form_of_another_page_is_refused(
    shop: Shop, client: httpx2.AsyncClient, origin: Mapping[str, str], path: str
) -> None:
    headers = {**signed_in(shop), **origin}
    answer = await client.post(path, data=FORM, headers=headers)
    assert answer.status_code == 403
    assert answer.json()["type"] == "urn:shopbell:problem:foreign-origin"
    assert (await client.get(PRESENT, headers=headers)).status_code == 200


async def test_behind_a_proxy_the_configured_origin_counts() -> None:
    shop = Shop(origin="https://board.example")
    shop.employ()
    transport = httpx2.ASGITransport(app=shop.app())
    async with httpx2.AsyncClient(transport=transport, base_url="http://10.0.0.2") as client:
        for origin, status in (("http://10.0.0.2", 403), ("https://board.example", 204)):
            answer = await client.post("/login", json=FORM, headers={"Origin": origin})
            assert answer.status_code == status


async def test_signing_out_ends_the_session(shop: Shop, client: httpx2.AsyncClient) -> None:
    shop.employ()
    await client.post("/login", data=FORM, headers=OWN)
    session = client.cookies[STAFF_COOKIE.name]
    answer = await client.post("/logout", headers=OWN)
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")
    assert STAFF_COOKIE.name not in client.cookies
    kept = {"Cookie": f"{STAFF_COOKIE.name}={session}"}
    assert (await client.get(PRESENT, headers=kept)).status_code == 401
    assert (await client.post("/logout", headers=OWN)).status_code == 303


# ------------------------------------------------------------------ links


async def test_a_link_signs_in_once(shop: Shop, client: httpx2.AsyncClient) -> None:
    shop.employ()
    link = make_link(shop.database, shop.entropy, shop.clock.now_ms(), StaffId("sam"))
    answer = await client.get("/login", params={"link": link})
    assert (answer.status_code, answer.headers["location"]) == (303, "/board")
    assert (await client.get(PRESENT)).status_code == 200
    again = await client.get("/login", params={"link": link})
    assert again.headers["location"] == "/board"
    client.cookies.clear()
    used = await client.get("/login", params={"link": link})
    assert used.status_code == 401
    assert "This link was used before" in used.text


async def test_a_link_is_good_for_a_quarter_of_an_hour(
    shop: Shop, client: httpx2.AsyncClient
) -> None:
    shop.employ()
    link = make_link(shop.database, shop.entropy, shop.clock.now_ms(), StaffId("sam"))
    shop.clock.forward(15 * MINUTE)
    assert (await client.get("/login", params={"link": link})).status_code == 401


async def test_a_link_is_no_session_and_a_session_no_link(
    shop: Shop, client: httpx2.AsyncClient
) -> None:
    session = shop.employ().secret
    link = make_link(shop.database, shop.entropy, shop.clock.now_ms(), StaffId("sam"))
    as_cookie = {"Cookie": f"{STAFF_COOKIE.name}={link}"}
    assert (await client.get(PRESENT, headers=as_cookie)).status_code == 401
    assert (await client.get("/login", params={"link": session})).status_code == 401


# ------------------------------------------------------------------ the board


async def test_the_board_is_a_page_for_the_stream_to_fill(
    shop: Shop, client: httpx2.AsyncClient
) -> None:
    shop.scan(shop.welcome("Noor"))
    page = await client.get("/board", headers=signed_in(shop))
    assert page.status_code == 200
    assert '<html lang="nl">' in page.text
    assert 'data-store="ams-01"' in page.text
    assert 'data-timezone="Europe/Amsterdam"' in page.text
    assert 'data-off-board-s="600"' in page.text
    assert "Noor" not in page.text


async def test_staff_of_two_stores_choose(shop: Shop, client: httpx2.AsyncClient) -> None:
    secret = shop.employ("kim", AMS, UTR, language="en").secret
    headers = {"Cookie": f"{STAFF_COOKIE.name}={secret}"}
    page = await client.get("/board", headers=headers)
    assert 'data-store="ams-01"' in page.text
    other = await client.get("/board?store=utr-01", headers=headers)
    assert 'data-store="utr-01"' in other.text
    assert '<option value="utr-01" selected>' in other.text
    unknown = await client.get("/board?store=nowhere", headers=headers)
    assert 'data-store="ams-01"' in unknown.text


async def test_who_sees_nobody_is_told_why(shop: Shop, client: httpx2.AsyncClient) -> None:
    page = await client.get("/board", headers=signed_in(shop, "auditor", "en"))
    assert "Your role sees no guests" in page.text
    assert "board.js" not in page.text


async def test_the_demo_says_that_it_is_one(client: httpx2.AsyncClient) -> None:
    assert "twenty times" not in (await client.get("/login")).text
    shop = Shop(demo=True)
    transport = httpx2.ASGITransport(app=shop.app())
    async with httpx2.AsyncClient(transport=transport, base_url=HOST) as demo:
        assert "twenty times as fast" in (await demo.get("/login")).text


async def test_pages_hold_no_inline_script_or_style(shop: Shop, client: httpx2.AsyncClient) -> None:
    for page in (
        await client.get("/login"),
        await client.get("/board", headers=signed_in(shop)),
    ):
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "style=" not in page.text
        assert "<style" not in page.text
        assert not re.search(r"\son\w+=", page.text)
        for script in re.findall(r"<script([^>]*)>", page.text):
            assert "src=" in script or 'type="application/json"' in script


async def test_names_of_stores_and_staff_are_text(shop: Shop, client: httpx2.AsyncClient) -> None:
    nasty = "<script>alert(1)</script>"
    headers = signed_in(shop)
    with shop.database.begin() as work:
        store = work.registry.store(AMS)
        assert store is not None
        work.registry.put_store(replace(store, name=nasty))
        work.commit()
    page = await client.get("/board", headers=headers)
    assert nasty not in page.text
    assert "&lt;script&gt;" in page.text


async def test_files_are_asked_about_and_not_sent_again(client: httpx2.AsyncClient) -> None:
    first = await client.get("/static/board.js")
    assert first.status_code == 200
    assert first.headers["cache-control"] == "no-cache"
    assert "javascript" in first.headers["content-type"]
    again = await client.get("/static/board.js", headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304
    assert (await client.get("/static/../app.py")).status_code == 404
    assert (await client.get("/static/nothing.js")).status_code == 404


def test_a_board_weighs_under_100_kilobytes() -> None:
    files = [*STATIC.iterdir(), *TEMPLATES.iterdir()]
    assert sum(file.stat().st_size for file in files) < 100 * 1024


def test_scripts_make_no_markup_of_text() -> None:
    for file in STATIC.glob("*.js"):
        text = file.read_text()
        for way in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
            assert way not in text, file.name
