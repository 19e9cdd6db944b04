"""Operators' pages: who sees them, what they say, and what their forms do once."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import httpx2
import pytest

from shopbell_server.core.audit.chain import What
from shopbell_server.core.ids import EdgeId
from tests.server.web.admin.furnished import DOOR, Line, furnished
from tests.server.web.conftest import HOST
from tests.server.web.shop import MINUTE, Shop
from tests.server.web.test_every_route import ROUTES

if TYPE_CHECKING:
    from shopbell_server.core.audit.chain import Act
    from shopbell_server.core.registry import Role

PAGES = (
    *("/admin", "/admin/edges", "/admin/edges/ams01-till", "/admin/stores"),
    *("/admin/stores/ams-01", "/admin/sinks", "/admin/sinks/cdp"),
    *("/admin/staff", "/admin/consents"),
)
ACTS = ("/admin/sinks/cdp/f-1",)
"""A look at a customer's event."""
FORMS = tuple(path for method, path in ROUTES if method == "POST" and path.startswith("/admin"))


@pytest.fixture
def place() -> tuple[Shop, Line]:
    return furnished()


@pytest.fixture
def shop(place: tuple[Shop, Line]) -> Shop:
    return place[0]


@pytest.fixture
def line(place: tuple[Shop, Line]) -> Line:
    return place[1]


@pytest.fixture
def operator(shop: Shop, client: httpx2.AsyncClient) -> httpx2.AsyncClient:
    enter(shop, client, "operator")
    return client


def enter(shop: Shop, client: httpx2.AsyncClient, role: Role, language: str = "en") -> None:
    session = shop.employ("olga", role=role, language=language)
    client.cookies.set("__Host-shopbell", session.secret)
    client.headers["Origin"] = HOST


def acts(shop: Shop, what: What) -> list[Act]:
    with shop.database.read() as work:
        return [each.act for each in work.audit.records(0) if each.act.what == what]


def filled(path: str) -> str:
    return path.format(edge=DOOR, sink="cdp")


@pytest.mark.parametrize("path", [*PAGES, *ACTS])
async def test_who_is_not_signed_in_is_led_to_the_door(
    client: httpx2.AsyncClient, path: str
) -> None:
    answer = await client.get(path)
    assert (answer.status_code, answer.headers["location"]) == (303, "/login?next=/admin")


@pytest.mark.parametrize("role", ["advisor", "manager"])
@pytest.mark.parametrize("path", [*PAGES, *ACTS])
async def test_for_others_there_are_no_such_pages(
    shop: Shop, client: httpx2.AsyncClient, path: str, role: Role
) -> None:
    enter(shop, client, role)
    assert (await client.get(path)).status_code == 404


@pytest.mark.parametrize("language", ["nl", "en"])
@pytest.mark.parametrize("path", PAGES)
async def test_operators_and_auditors_read_them_in_their_language(
    shop: Shop, client: httpx2.AsyncClient, path: str, language: str
) -> None:
    for role in ("operator", "auditor"):
        enter(shop, client, role, language)
        answer = await client.get(path)
        assert answer.status_code == 200
        assert f'<html lang="{language}">' in answer.text
        assert "Noor" not in answer.text
        forms = re.findall(r'method="post" action="/(?!logout)', answer.text)
        assert role == "operator" or forms == []


async def test_an_auditor_looks_at_nobodys_event(shop: Shop, client: httpx2.AsyncClient) -> None:
    enter(shop, client, "auditor")
    for path in ACTS:
        assert (await client.get(path)).status_code == 403


@pytest.mark.parametrize("path", FORMS)
async def test_only_operators_change_something_and_only_from_their_own_pages(
    shop: Shop, client: httpx2.AsyncClient, path: str
) -> None:
    enter(shop, client, "operator")
    elsewhere = {"Origin": "https://evil.example"}
    assert (await client.post(filled(path), headers=elsewhere)).status_code == 403
    for role, status in (("auditor", 403), ("advisor", 404)):
        enter(shop, client, role)  # type: ignore[arg-type]  # one of the roles
        assert (await client.post(filled(path))).status_code == status
    client.cookies.clear()
    assert (await client.post(filled(path))).status_code == 303


async def test_the_overview_says_what_is_not_well_first_and_what_to_do(
    shop: Shop, line: Line, operator: httpx2.AsyncClient
) -> None:
    text = (await operator.get("/admin")).text
    for said in (
        "Offline: ams01-back. Does not hear: ams01-till.",
        "2 batches are missing.",
        "2 events were given up.",
        "Phones get tokens for 8 days.",
        "Nobody signs them.",
    ):
        assert said in text
    verdicts = re.findall(r'data-verdict="(\w+)"', text)
    assert verdicts == sorted(verdicts, key=["FAIL", "WARN", "PASS"].index)
    line.away = True
    assert "The broker cannot be asked how they do." in (await operator.get("/admin")).text
    shop.clock.forward(59 * MINUTE)
    late = (await operator.get("/admin")).text
    assert late.count('class="line" data-verdict="FAIL"') == 2, "the broker and the receiver"


async def test_an_order_is_signed_sent_once_and_on_record(
    shop: Shop, line: Line, operator: httpx2.AsyncClient
) -> None:
    form = {"what": "restart-scanner", "scanner": "entrance", "once": "a1"}
    for _ in range(2):
        answer = await operator.post(f"/admin/edges/{DOOR}/orders", data=form)
        assert answer.headers["location"] == f"/admin/edges/{DOOR}?said=ordered#orders"
    ((edge, kind, payload),) = line.sent
    order = json.loads(payload)["order"]
    assert (edge, kind, order["task"]["scanner"]) == (DOOR, "command", "entrance")
    (act,) = acts(shop, What.EDGE_ORDERED)
    assert (act.actor.kind, act.actor.name, act.about) == ("staff", "olga", DOOR)
    assert "None yet" in (await operator.get(f"/admin/edges/{DOOR}?said=ordered")).text
    other = await operator.post(f"/admin/edges/{DOOR}/orders", data={**form, "what": "identify"})
    assert other.status_code == 409


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ("a = ", "no TOML"),
        ("[orders]\nkey_file = 'x'", "orders"),
        ("x = " + "[" * 40_000, "40004 characters"),
    ],
)
async def test_settings_that_cannot_be_sent_are_given_back_with_the_reason(
    shop: Shop, line: Line, operator: httpx2.AsyncClient, settings: str, says: str
) -> None:
    form = {"what": "configure", "settings": settings, "once": "a1"}
    answer = await operator.post(f"/admin/edges/{DOOR}/orders", data=form)
    assert answer.status_code == 422
    assert says in answer.text
    assert line.sent == []
    assert acts(shop, What.EDGE_ORDERED) == []


async def test_settings_are_kept_by_the_broker(line: Line, operator: httpx2.AsyncClient) -> None:
    form = {"what": "configure", "settings": "", "once": "a1"}
    assert (await operator.post(f"/admin/edges/{DOOR}/orders", data=form)).status_code == 303
    assert [kind for _, kind, _ in line.sent] == ["config"]


async def test_an_order_that_cannot_be_sent_is_none(
    shop: Shop, line: Line, operator: httpx2.AsyncClient
) -> None:
    line.away = True
    form = {"what": "identify", "once": "a1"}
    answer = await operator.post(f"/admin/edges/{DOOR}/orders", data=form)
    assert answer.status_code == 503
    assert "The order was not sent" in answer.text
    assert acts(shop, What.EDGE_ORDERED) == []
    line.away = False
    assert (await operator.post("/admin/edges/nobodys/orders", data=form)).status_code == 404
    wild = await operator.post(f"/admin/edges/{DOOR}/orders", data={"what": "self-destruct"})
    assert wild.status_code == 422


async def test_without_a_key_nothing_is_ordered() -> None:
    shop, line = furnished(signs=False)
    transport = httpx2.ASGITransport(app=shop.app())
    async with httpx2.AsyncClient(transport=transport, base_url=HOST) as other:
        enter(shop, other, "operator")
        answer = await other.post(f"/admin/edges/{DOOR}/orders", data={"what": "identify"})
    assert answer.status_code == 409
    assert line.sent == []


async def test_a_dead_letter_is_looked_at_and_she_is_told(
    shop: Shop, operator: httpx2.AsyncClient
) -> None:
    page = await operator.get("/admin/sinks/cdp/f-1")
    assert "shopbell.consent.changed.v1" in page.text
    (act,) = acts(shop, What.DEAD_LETTER_READ)
    assert act.person is not None
    assert (await operator.get("/admin/sinks/cdp/f-9")).status_code == 404


async def test_dead_letters_are_sent_again_and_thrown_away_once(
    shop: Shop, operator: httpx2.AsyncClient
) -> None:
    async def said(act: str, **form: str) -> str:
        answer = await operator.post(f"/admin/sinks/cdp/{act}", data=form)
        return answer.headers.get("location", str(answer.status_code))

    back = "/admin/sinks/cdp?said="
    assert await said("discard", fact="f-1", reason="Noor") == "422"
    assert await said("discard", fact="f-1", reason="mistake", once="a") == f"{back}gone"
    assert await said("discard", fact="f-1", reason="mistake", once="a") == f"{back}gone"
    assert await said("discard", fact="f-1", reason="mistake", once="b") == f"{back}nothing"
    assert await said("replay", fact="f-9", once="c") == f"{back}nothing"
    for _ in range(2):
        assert await said("replay", once="d") == f"{back}again"
    assert len(acts(shop, What.DEAD_LETTER_DISCARDED)) == 1
    assert [each.why for each in acts(shop, What.DEAD_LETTERS_REPLAYED)] == ["1"]
    assert "Nothing: it took everything." in (await operator.get(f"{back}again")).text


async def test_a_session_is_ended_from_the_list(shop: Shop, operator: httpx2.AsyncClient) -> None:
    shop.employ("sam")
    page = (await operator.get("/admin/staff")).text
    (name,) = [
        session
        for session, whose in re.findall(r'name="session" value="(\w+)".*?hidden"> (\w+)<', page)
        if whose == "Sam"
    ]
    form = {"session": name, "once": "a1"}
    for _ in range(2):
        answer = await operator.post("/admin/staff/sessions/end", data=form)
        assert answer.headers["location"] == "/admin/staff?said=ended"
    (act,) = acts(shop, What.SESSION_REVOKED)
    assert (act.actor.kind, act.actor.name, act.about) == ("staff", "olga", name)
    again = await operator.post("/admin/staff/sessions/end", data={**form, "once": "a2"})
    assert again.headers["location"] == "/admin/staff?said=nothing"


async def test_few_consents_are_not_counted_out(shop: Shop, operator: httpx2.AsyncClient) -> None:
    page = (await operator.get("/admin/consents")).text
    assert re.findall(r"<td>([^<]*)</td>", page) == ["&lt; 10"] * page.count("<td>")
    for number in range(9):
        shop.welcome(f"Guest{number}", profile=f"many-{number}")
    cells = re.findall(r"<td>([^<]*)</td>", (await operator.get("/admin/consents")).text)
    assert "10" in cells
    assert not {"0", "9"} & set(cells)


@pytest.mark.parametrize("path", ["edges/%00", "edges/no", "stores/no", "sinks/no", "sinks/no/f"])
async def test_what_is_not_there_is_not_found(operator: httpx2.AsyncClient, path: str) -> None:
    assert (await operator.get(f"/admin/{path}")).status_code == 404


async def test_an_edge_without_a_word_is_not_known(
    line: Line, operator: httpx2.AsyncClient
) -> None:
    del line.said[EdgeId("ams01-door")]
    text = (await operator.get("/admin/edges/ams01-door")).text
    assert "Not known" in text
    assert "It has not said which scanners it has." in text
