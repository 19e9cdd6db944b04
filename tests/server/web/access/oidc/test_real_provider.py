"""Signing in by a real, certified provider: its forms, its tokens, our pages."""

from __future__ import annotations

import ssl
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from shopbell_server.core.access.credentials import fingerprint
from shopbell_server.core.access.oidc_claims import ClaimRules
from shopbell_server.core.access.staff_session import IDLE_MS, SESSION_MS
from shopbell_server.core.audit.chain import What
from shopbell_server.core.ids import StaffId
from shopbell_server.core.registry import Staff
from shopbell_server.usecases.staff.provider_sign_in import ATTEMPT_MS
from shopbell_server.usecases.staff.sign_in import who_is
from shopbell_server.web.access.oidc.attempts import ATTEMPT_COOKIE
from shopbell_server.web.access.oidc.provider import Account, OidcProvider
from shopbell_server.web.access.session_cookies import STAFF_COOKIE
from shopbell_server.web.services import WorkAccounts
from tests.rigs.oidc_provider import OidcMissingError, OidcServer, sign_in_there
from tests.rigs.ports import free_port
from tests.server.web.conftest import HOST
from tests.server.web.shop import AMS, PASSWORD, UTR, Shop

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from shopbell_server.core.audit.chain import Act

CALLBACK = f"{HOST}/login/oidc/callback"
SECRET = "a-secret-of-a-client"
PEOPLE = {
    "ada": {"name": "Ada de Vries", "locale": "nl-NL", "roles": ["floor"], "stores": ["team-ams"]},
    "mia": {"name": "Mia", "locale": "en", "roles": ["bosses"], "stores": ["head-office"]},
    "joe": {"name": "Joe", "roles": ["choir"], "stores": ["team-ams"]},
    "eve": {"name": "Eve", "roles": ["floor"], "stores": ["team-rome"]},
}
AGREED: dict[str, Any] = {
    "redirect_uris": [CALLBACK],
    "post_logout_redirect_uris": [f"{HOST}/login"],
}
CLIENTS = [
    {"client_id": "shopbell", "client_secret": SECRET, **AGREED},
    {"client_id": "public", "token_endpoint_auth_method": "none", **AGREED},
]
RULES = ClaimRules(
    staff="sub",
    name="name",
    language="locale",
    roles="roles",
    stores="stores",
    role_of=(("bosses", "manager"), ("floor", "advisor")),
    stores_of=(("team-ams", frozenset({"ams-01"})), ("head-office", frozenset({"*"}))),
    disabled=frozenset(),
)


@pytest.fixture(scope="module")
def server() -> Iterator[OidcServer]:
    try:
        with OidcServer(PEOPLE, CLIENTS) as running:
            yield running
    except OidcMissingError as error:
        pytest.skip(str(error))


def accounts(issuer: str, shop: Shop, **other: Any) -> WorkAccounts:
    agreed: dict[str, Any] = {
        "client_id": "shopbell",
        "client_secret": SECRET,
        "scopes": ("openid", "profile"),
        "prompt": None,
        "userinfo": False,
        "origin": HOST,
        "allow_loopback": True,
    }
    account = Account(issuer=issuer, **{**agreed, **other})
    provider = OidcProvider(account, shop.clock, timeout_s=20.0, tls=ssl.create_default_context())
    return WorkAccounts(provider=provider, rules=RULES, only=False)


@pytest.fixture
def work_shop(shop: Shop, server: OidcServer) -> Shop:
    """Stand by the machine's clock: the provider has no other."""
    shop.clock.ms = int(time.time() * 1000)
    shop.services = replace(shop.services, accounts=accounts(server.issuer, shop))
    return shop


@pytest.fixture
async def provider_side() -> AsyncIterator[httpx2.AsyncClient]:
    """Be the same browser at the provider: what it keeps for that."""
    async with httpx2.AsyncClient(trust_env=False) as client:
        yield client


def browser_of(shop: Shop, language: str = "en") -> httpx2.AsyncClient:
    transport = httpx2.ASGITransport(app=shop.app())
    said = {"Accept-Language": language, "Origin": HOST}
    return httpx2.AsyncClient(transport=transport, base_url=HOST, headers=said)


async def led_back(
    browser: httpx2.AsyncClient, there: httpx2.AsyncClient, who: str, *, cancel: bool = False
) -> str:
    """Return the address with which the provider leads back to us."""
    sent = await browser.get("/login/oidc")
    assert sent.status_code == 303
    return await sign_in_there(there, sent.headers["location"], who, CALLBACK, cancel=cancel)


async def come_in(browser: httpx2.AsyncClient, there: httpx2.AsyncClient, who: str) -> str:
    """Return the secret of the session."""
    answer = await browser.get(await led_back(browser, there, who))
    assert (answer.status_code, answer.headers["location"]) == (303, "/board")
    return browser.cookies[STAFF_COOKIE.name]


def staff(shop: Shop, name: str) -> Staff | None:
    with shop.database.read() as work:
        return work.registry.staff(StaffId(name))


def acts(shop: Shop) -> list[Act]:
    with shop.database.read() as work:
        return [each.act for each in work.audit.records(0)]


async def test_staff_come_in_with_their_work_account(
    work_shop: Shop, provider_side: httpx2.AsyncClient
) -> None:
    async with browser_of(work_shop) as browser:
        login = await browser.get("/login")
        assert 'href="/login/oidc"' in login.text
        assert 'name="password"' in login.text
        secret = await come_in(browser, provider_side, "ada")
        board = await browser.get("/board")
        assert "Wie is er" in board.text
        assert "Kalverstraat" in board.text
        assert ATTEMPT_COOKIE.name not in browser.cookies
    assert staff(work_shop, "ada") == Staff(
        id=StaffId("ada"),
        name="Ada de Vries",
        role="advisor",
        stores=frozenset({AMS}),
        language="nl",
    )
    made, came = acts(work_shop)[-2:]
    assert (made.what, made.about, made.why) == (What.STAFF_CHANGED, "ada", "advisor: ams-01")
    assert (came.what, came.actor.name, came.actor.role) == (What.SIGNED_IN, "ada", "advisor")
    # As with a password: an hour without use, and twelve at the most.
    now_ms = work_shop.clock.now_ms()
    with work_shop.database.read() as work:
        (session,) = work.staff_sessions.sessions([fingerprint(secret)], now_ms)
    assert session.expires_ms - session.opened_ms == IDLE_MS
    assert session.ends_ms - session.opened_ms == SESSION_MS


async def test_a_public_client_and_claims_that_are_in_no_token(
    shop: Shop, provider_side: httpx2.AsyncClient
) -> None:
    try:
        with OidcServer(PEOPLE, CLIENTS, apart=True) as server:
            shop.clock.ms = int(time.time() * 1000)
            open_to_all = accounts(
                server.issuer, shop, client_id="public", client_secret=None, userinfo=True
            )
            shop.services = replace(shop.services, accounts=open_to_all)
            async with browser_of(shop) as browser:
                await come_in(browser, provider_side, "mia")
    except OidcMissingError as error:
        pytest.skip(str(error))
    mia = staff(shop, "mia")
    assert mia is not None
    assert mia.role == "manager"
    assert mia.stores == {AMS, UTR}


@pytest.mark.parametrize(
    ("who", "language", "said"),
    [
        ("joe", "en", "Your account has no role here."),
        ("joe", "nl", "Je account heeft hier geen rol."),
        ("eve", "en", "Your account belongs to no store yet."),
        ("eve", "nl", "Je account hoort nog bij geen winkel."),
    ],
)
async def test_who_may_not_come_in_reads_why(
    work_shop: Shop, provider_side: httpx2.AsyncClient, who: str, language: str, said: str
) -> None:
    async with browser_of(work_shop, language) as browser:
        answer = await browser.get(await led_back(browser, provider_side, who))
        assert answer.status_code == 403
        assert said in answer.text
        assert STAFF_COOKIE.name not in browser.cookies
    assert staff(work_shop, who) is None


async def test_whose_role_was_taken_away_is_out(
    work_shop: Shop, provider_side: httpx2.AsyncClient
) -> None:
    async with browser_of(work_shop) as tablet:
        secret = await come_in(tablet, provider_side, "ada")
    taken = replace(RULES, role_of=(("bosses", "manager"),))
    work = work_shop.services.accounts
    assert work is not None
    work_shop.services = replace(work_shop.services, accounts=replace(work, rules=taken))
    async with browser_of(work_shop) as browser:
        answer = await browser.get(await led_back(browser, provider_side, "ada"))
        assert answer.status_code == 403
    assert who_is(work_shop.database, secret, work_shop.clock.now_ms()) is None
    last = acts(work_shop)[-1]
    assert (last.what, last.why) == (What.SESSION_REVOKED, "no_role")


async def test_role_and_stores_follow_from_the_claims_each_time(
    work_shop: Shop, provider_side: httpx2.AsyncClient
) -> None:
    old = Staff(
        id=StaffId("ada"), name="A.", role="manager", stores=frozenset({UTR}), language="en"
    )
    with work_shop.database.begin() as work:
        work.registry.put_staff(old, None)
        work.commit()
    async with browser_of(work_shop) as browser:
        await come_in(browser, provider_side, "ada")
    ada = staff(work_shop, "ada")
    assert ada is not None
    assert ada.role == "advisor"
    assert ada.stores == {AMS}
    assert ada.name == "Ada de Vries"


async def test_whoever_has_a_password_here_is_not_taken_over(
    work_shop: Shop, provider_side: httpx2.AsyncClient
) -> None:
    session = work_shop.employ("ada", UTR)
    async with browser_of(work_shop) as browser:
        answer = await browser.get(await led_back(browser, provider_side, "ada"))
        assert answer.status_code == 403
        assert "with a password" in answer.text
    now_ms = work_shop.clock.now_ms()
    found = who_is(work_shop.database, session.secret, now_ms)
    assert found is not None
    assert found.stores == {UTR}


async def test_where_there_are_no_passwords_the_old_ones_open_nothing(
    work_shop: Shop, provider_side: httpx2.AsyncClient
) -> None:
    work_shop.employ("ada", UTR)
    work = work_shop.services.accounts
    assert work is not None
    work_shop.services = replace(work_shop.services, accounts=replace(work, only=True))
    async with browser_of(work_shop) as browser:
        assert 'name="password"' not in (await browser.get("/login")).text
        tried = {"staff": "ada", "password": PASSWORD}
        assert (await browser.post("/login", data=tried)).status_code == 403
        assert (await browser.post("/login", json=tried)).status_code == 403
        await come_in(browser, provider_side, "ada")
    with work_shop.database.read() as unit:
        assert unit.registry.password_hash(StaffId("ada")) is None


async def test_an_address_works_once_and_in_one_browser(
    work_shop: Shop, provider_side: httpx2.AsyncClient
) -> None:
    async with browser_of(work_shop) as browser, browser_of(work_shop) as other:
        back = await led_back(browser, provider_side, "ada")
        # Somebody else's link (login CSRF): another browser, with an attempt of its own or without one.
        assert (await other.get(back)).status_code == 400
        await other.get("/login/oidc")
        assert (await other.get(back)).status_code == 400
        secret = browser.cookies[ATTEMPT_COOKIE.name]
        assert (await browser.get(back)).headers["location"] == "/board"
        # Once more: who is in goes on, who is not begins again.
        assert (await browser.get(back)).headers["location"] == "/board"
        other.cookies.clear()
        other.cookies.set(ATTEMPT_COOKIE.name, secret, domain="board.test")
        assert (await other.get(back)).status_code == 400


async def test_a_code_of_another_attempt_is_worth_nothing(
    work_shop: Shop, provider_side: httpx2.AsyncClient
) -> None:
    async with browser_of(work_shop) as victim, browser_of(work_shop) as thief:
        code = parse_qs(urlsplit(await led_back(victim, provider_side, "ada")).query)["code"][0]
        own = await led_back(thief, provider_side, "ada")
        forged = {**{k: v[0] for k, v in parse_qs(urlsplit(own).query).items()}, "code": code}
        answer = await thief.get("/login/oidc/callback", params=forged)
        assert answer.status_code == 502
        assert "this word: code" in answer.text
        assert code not in answer.text


async def test_an_attempt_lasts_ten_minutes(
    work_shop: Shop, provider_side: httpx2.AsyncClient
) -> None:
    async with browser_of(work_shop, "nl") as browser:
        back = await led_back(browser, provider_side, "ada")
        work_shop.clock.forward(ATTEMPT_MS)
        answer = await browser.get(back)
        assert answer.status_code == 400
        assert "Dat duurde te lang" in answer.text


@pytest.mark.parametrize(
    ("language", "said"), [("en", "that was cancelled"), ("nl", "dat is afgebroken")]
)
async def test_who_cancels_may_try_again(
    work_shop: Shop, provider_side: httpx2.AsyncClient, language: str, said: str
) -> None:
    async with browser_of(work_shop, language) as browser:
        back = await led_back(browser, provider_side, "ada", cancel=True)
        assert "error=access_denied" in back
        answer = await browser.get(back)
        assert answer.status_code == 401
        assert said in answer.text
        assert 'href="/login/oidc"' in answer.text


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        ("temporarily_unavailable", 503, "cannot be reached"),
        ("invalid_scope", 502, "this word: provider_error"),
        ("<script>alert(1)</script>", 502, "this word: provider_error"),
        (None, 502, "this word: provider_error"),
    ],
)
async def test_what_a_provider_may_bring_in_place_of_a_code(
    work_shop: Shop, error: str | None, status: int, said: str
) -> None:
    async with browser_of(work_shop) as browser:
        sent = await browser.get("/login/oidc")
        state = parse_qs(urlsplit(sent.headers["location"]).query)["state"][0]
        brought = {"state": state, "error_description": "text of theirs"}
        params = brought if error is None else {**brought, "error": error}
        answer = await browser.get("/login/oidc/callback", params=params)
        assert answer.status_code == status
        assert said in answer.text
        assert "text of theirs" not in answer.text
        assert "<script>alert" not in answer.text


async def test_a_provider_that_is_away_leaves_the_passwords(work_shop: Shop) -> None:
    gone = accounts(f"http://127.0.0.1:{free_port()}", work_shop)
    work_shop.services = replace(work_shop.services, accounts=gone)
    work_shop.employ("sam")
    async with browser_of(work_shop) as browser:
        answer = await browser.get("/login/oidc")
        assert answer.status_code == 503
        assert "cannot be reached" in answer.text
        assert 'name="password"' in answer.text
        tried = {"staff": "sam", "password": PASSWORD}
        assert (await browser.post("/login", data=tried)).headers["location"] == "/board"


async def test_signing_out_leads_to_the_provider(
    work_shop: Shop, provider_side: httpx2.AsyncClient, server: OidcServer
) -> None:
    async with browser_of(work_shop) as browser:
        secret = await come_in(browser, provider_side, "ada")
        answer = await browser.post("/logout")
        assert answer.status_code == 200
        assert f'content="0;url={server.issuer}/session/end?client_id=shopbell&amp;' in answer.text
        assert who_is(work_shop.database, secret, work_shop.clock.now_ms()) is None
        # Whoever came with a password has nothing to end there.
        work_shop.employ("sam")
        await browser.post("/login", data={"staff": "sam", "password": PASSWORD})
        assert (await browser.post("/logout")).headers["location"] == "/login"
    end = answer.text.split("0;url=")[1].split('"')[0].replace("&amp;", "&")
    assert (await provider_side.get(end)).status_code == 200


async def test_without_a_provider_there_is_no_such_page(shop: Shop) -> None:
    async with browser_of(shop) as browser:
        assert "/login/oidc" not in (await browser.get("/login")).text
        assert (await browser.get("/login/oidc")).status_code == 404
        assert (await browser.get("/login/oidc/callback")).status_code == 404
