"""Who gets in where: every kind of credential at every route, found in the application itself.

A route that is new must be named here with the credential that it takes, or this fails.
"""

from __future__ import annotations

import re
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal, get_args

import httpx2
import pytest
from fastapi.routing import APIRoute

from shopbell_server.core.access.allowance import Allowance
from shopbell_server.core.access.request_limits import Allowances, Limit
from shopbell_server.core.ids import TenantId
from shopbell_server.core.recognition.fixed_ids import marker
from shopbell_server.core.visits.app_reports import Spot, StoreBeacon
from shopbell_server.usecases.staff.api_keys import make_key
from shopbell_server.web.http.door import TRACKING_PATHS
from tests.server.web.access.test_api_keys import RECEIPT
from tests.server.web.conftest import HOST
from tests.server.web.phones.test_phones import consent
from tests.server.web.shop import AMS, UTR, Shop

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fastapi import FastAPI

    from shopbell_server.core.access.api_keys import System
    from shopbell_server.core.registry import Role

Opens = Literal[
    "nobody", "app", "till", "reader", "operating", "phone", "staff", "operator", "customer"
]
"""`reader`, `operating`: API keys of kinds reader and operator; `staff`, `operator`: sessions of an advisor
and of an operator. Phones always bring a ticket, which some routes want."""

KINDS: Final[tuple[Opens, ...]] = get_args(Opens)
KEYS: Final[dict[Opens, System]] = {
    "app": "app",
    "till": "till",
    "reader": "reader",
    "operating": "operator",
}
HERSELF: Final[tuple[Opens, ...]] = ("phone", "customer")
STAFF: Final[tuple[Opens, ...]] = ("staff", "operator")
"""Whoever is signed in. What each role is shown is another matter (`test_roles`)."""

ROUTES: Final[dict[tuple[str, str], Opens | tuple[Opens, ...]]] = {
    ("POST", "/v1/app/tickets"): "app",
    ("POST", "/v1/app/enrolments"): "nobody",  # its ticket is in the body
    ("GET", "/v1/app/tokens"): "phone",
    ("GET", "/v1/app/consents"): "phone",
    ("PUT", "/v1/app/consents"): "phone",
    ("DELETE", "/v1/app/enrolments/{enrolment_id}"): "phone",
    ("POST", "/v1/app/presence"): "phone",
    ("DELETE", "/v1/app/notices/{notice_id}"): "phone",
    ("GET", "/v1/app/fixed-ids"): "phone",
    ("POST", "/v1/app/fixed-ids"): "phone",
    ("DELETE", "/v1/app/fixed-ids/{fixed_id}"): "phone",
    ("GET", "/v1/app/consent-texts"): "nobody",
    ("POST", "/v1/app/me-link"): "phone",
    ("GET", "/v1/me"): HERSELF,
    ("DELETE", "/v1/me"): HERSELF,
    ("GET", "/v1/me/export"): HERSELF,
    ("GET", "/v1/me/now"): HERSELF,
    ("GET", "/v1/me/receipt"): HERSELF,
    ("GET", "/me"): "nobody",  # leads to /me/enter
    ("GET", "/me/enter"): "nobody",
    ("POST", "/me/enter"): "nobody",  # its link is in the body
    ("POST", "/me/leave"): "nobody",
    ("POST", "/me/consents"): "nobody",  # leads to /me/enter
    ("POST", "/me/let-go"): "nobody",  # leads to /me/enter
    ("POST", "/me/help"): "nobody",  # leads to /me/enter
    ("GET", "/me/pass"): "customer",
    ("GET", "/me/here"): "customer",
    ("GET", "/me/receipt"): "nobody",  # leads to /me/enter
    ("GET", "/me/take"): "nobody",  # leads to /me/enter
    ("GET", "/me/forget"): "nobody",  # leads to /me/enter
    ("POST", "/me/forget"): "nobody",  # leads to /me/enter
    ("POST", "/v1/pos/receipts"): "till",
    **{("POST", path): "nobody" for path in TRACKING_PATHS},  # a write key may be in the body
    **{("OPTIONS", f"/v1/{letter}"): "nobody" for letter in "btiagps"},
    ("GET", "/v1/stores/{store}/present"): (*STAFF, "reader"),
    ("GET", "/v1/stores/{store}/stream"): STAFF,
    ("GET", "/v1/visits"): (*STAFF, "reader"),
    ("GET", "/v1/visits/{visit}"): (*STAFF, "reader"),
    ("POST", "/v1/visits/{visit}/take"): STAFF,
    ("POST", "/v1/visits/{visit}/release"): STAFF,
    ("POST", "/v1/visits/{visit}/handover"): STAFF,
    ("POST", "/v1/visits/{visit}/served"): STAFF,
    ("POST", "/v1/visits/{visit}/not-this-person"): STAFF,
    ("GET", "/v1/profiles/{profile}"): (*STAFF, "reader", "operating"),
    ("GET", "/v1/profiles/{profile}/history"): ("operator", "reader", "operating"),
    ("POST", "/v1/profiles/{profile}/merge"): ("operator", "operating"),
    ("POST", "/v1/profiles/{profile}/split"): ("operator", "operating"),
    ("GET", "/v1/sinks"): ("operator", "operating"),
    ("GET", "/v1/sinks/{sink}/dead-letters"): ("operator", "operating"),
    ("GET", "/v1/sinks/{sink}/dead-letters/{fact}"): ("operator", "operating"),
    ("POST", "/v1/sinks/{sink}/dead-letters/replay"): ("operator", "operating"),
    ("POST", "/v1/sinks/{sink}/dead-letters/{fact}/replay"): ("operator", "operating"),
    ("POST", "/v1/sinks/{sink}/dead-letters/{fact}/discard"): ("operator", "operating"),
    # Pages of operators: they lead to /login, and are shown to two roles (`admin.test_pages`).
    ("GET", "/admin"): "nobody",
    ("GET", "/admin/edges"): "nobody",
    ("GET", "/admin/edges/{edge}"): "nobody",
    ("POST", "/admin/edges/{edge}/orders"): "nobody",
    ("GET", "/admin/stores"): "nobody",
    ("GET", "/admin/stores/{store}"): "nobody",
    ("GET", "/admin/sinks"): "nobody",
    ("GET", "/admin/sinks/{sink}"): "nobody",
    ("GET", "/admin/sinks/{sink}/{fact}"): "nobody",
    ("POST", "/admin/sinks/{sink}/replay"): "nobody",
    ("POST", "/admin/sinks/{sink}/discard"): "nobody",
    ("GET", "/admin/staff"): "nobody",
    ("POST", "/admin/staff/sessions/end"): "nobody",
    ("GET", "/admin/consents"): "nobody",
    ("GET", "/healthz"): "nobody",
    ("GET", "/readyz"): "nobody",
    ("GET", "/metrics"): "nobody",
    ("GET", "/"): "nobody",
    ("GET", "/favicon.ico"): "nobody",
    ("GET", "/login"): "nobody",
    ("POST", "/login"): "nobody",
    ("POST", "/logout"): "nobody",
    ("GET", "/login/oidc"): "nobody",
    ("GET", "/login/oidc/callback"): "nobody",  # its attempt is in a cookie
    ("GET", "/board"): "nobody",  # leads to /login
}
"""By method and path the kinds of credential that it takes; `nobody`: it takes none."""

BODIES: Final[dict[tuple[str, str], object]] = {
    ("POST", "/v1/app/tickets"): {"profile_id": "p-1"},
    ("POST", "/v1/app/enrolments"): {"ticket": "sbt_x", "consents": [consent()]},
    ("PUT", "/v1/app/consents"): {"consents": [consent()]},
    ("POST", "/v1/app/presence"): {
        "beacon": "door",
        "state": "enter",
        "at": "2026-11-21T13:00:00+01:00",
    },
    ("POST", "/v1/app/fixed-ids"): {"id": "ab" * 16},
    ("POST", "/v1/pos/receipts"): RECEIPT,
    ("POST", "/v1/visits/{visit}/served"): {"outcome": "bought"},
    ("POST", "/v1/profiles/{profile}/merge"): {
        "with": "p-2",
        "as": "household",
        "reason": "household",
    },
    ("POST", "/v1/profiles/{profile}/split"): {"undo": "e-1", "reason": "mistake"},
    ("POST", "/v1/sinks/{sink}/dead-letters/{fact}/discard"): {"reason": "mistake"},
}

OTHERS: Final[dict[tuple[str, str], object]] = {
    ("POST", "/v1/app/tickets"): {"profile_id": "p-2"},
    ("POST", "/v1/app/enrolments"): {"ticket": "sbt_x", "consents": []},
    ("PUT", "/v1/app/consents"): {"consents": [consent("show_to_staff")]},
    ("POST", "/v1/app/presence"): {
        "beacon": "door",
        "state": "exit",
        "at": "2026-11-21T13:00:00+01:00",
    },
    ("POST", "/v1/app/fixed-ids"): {"id": "cd" * 16},
    ("POST", "/v1/pos/receipts"): {**RECEIPT, "total": 2},
    ("POST", "/v1/visits/{visit}/served"): {"outcome": "advised"},
    ("POST", "/v1/profiles/{profile}/merge"): {
        "with": "p-2",
        "as": "one_person",
        "reason": "duplicate",
    },
    ("POST", "/v1/profiles/{profile}/split"): {"undo": "e-2", "reason": "mistake"},
    ("POST", "/v1/sinks/{sink}/dead-letters/{fact}/discard"): {"reason": "out_of_date"},
}
"""Of every route that takes a body another one, which means something else."""

UNNAMED: Final = (
    frozenset(
        {
            "/login",
            "/logout",
            "/me/enter",
            "/me/leave",
            "/me/consents",
            "/me/let-go",
            "/me/forget",
            "/me/help",
        }
    )
    | TRACKING_PATHS
    | {
        "/admin/edges/{edge}/orders",
        "/admin/sinks/{sink}/replay",
        "/admin/sinks/{sink}/discard",
        "/admin/staff/sessions/end",
    }
)
"""Forms of pages: a browser sends no such header. Doing them twice is as good as once: another session of the
same person, or none. Operators' forms have their key in a field (`admin.test_pages`). Events of other
channels have a `messageId` each."""

STREAM: Final = "/v1/stores/{store}/stream"


@pytest.fixture
def shop() -> Shop:
    """Make a shop that recognises fobs, and whose door has a beacon."""
    shop = Shop()
    shop.services = replace(shop.services, mark_of=marker(bytes(32), TenantId("acme")))
    spot = Spot(uuid="d3300000-5b0e-4de3-8000-5be110000001", major=1, minor=1)
    with shop.database.begin() as work:
        work.registry.put_beacon(StoreBeacon(name="door", store=AMS, spot=spot, zone=None))
        work.commit()
    return shop


def routes_of(app: FastAPI) -> Iterator[tuple[str, str]]:
    for each in app.routes:
        if isinstance(each, APIRoute):
            for method in each.methods or ():
                yield method, each.path
        else:
            assert getattr(each, "path", None) in {"/openapi.json", "/static"}


def test_every_route_is_declared() -> None:
    assert set(routes_of(Shop().app())) == set(ROUTES)


@pytest.mark.parametrize(
    "route",
    [each for each in ROUTES if each[0] != "GET" and each[1] not in UNNAMED],
    ids=" ".join,
)
async def test_every_write_reads_its_idempotency_key(
    shop: Shop, client: httpx2.AsyncClient, route: tuple[str, str]
) -> None:
    method, path = route
    guest = shop.welcome()
    headers = (
        {**guest.bearer, "Shopbell-Ticket": shop.ticket("profile-1")}
        if "phone" in takes(route)
        else credential_of(shop, client, next(iter(takes(route))))
    )
    answer = await client.request(
        method,
        path.format(
            enrolment_id=guest.person,
            fixed_id="f-1",
            notice_id="n-1",
            profile="p-1",
            sink="cdp",
            fact="e-1",
            visit="v-1",
        ),
        json=BODIES.get(route),
        headers={**headers, "Idempotency-Key": "x" * 256},
    )
    assert answer.status_code == 400
    assert answer.json()["type"] == "urn:shopbell:problem:invalid-key"


def test_the_description_of_every_write_names_the_header() -> None:
    paths = Shop().app().openapi()["paths"]
    for method, path in ROUTES:
        if method != "GET" and path not in UNNAMED:
            named = {each["name"] for each in paths[path][method.lower()]["parameters"]}
            assert "Idempotency-Key" in named


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "route", [each for each, opens in ROUTES.items() if opens != "nobody"], ids=" ".join
)
async def test_a_credential_of_one_kind_opens_no_door_of_another(
    shop: Shop, client: httpx2.AsyncClient, route: tuple[str, str], kind: Opens
) -> None:
    method, path = route
    if path == STREAM and kind in takes(route):
        pytest.skip("a stream does not end; `test_stream` opens them")
    headers = credential_of(shop, client, kind)
    filled = re.sub(r"\{\w+\}", "ams-01", path)
    answer = await client.request(method, filled, json=BODIES.get(route), headers=headers)
    if kind in takes(route):
        assert answer.status_code not in {401, 403}
    elif kind in KEYS and KEYS.keys() & takes(route):
        assert answer.status_code == 403
        assert answer.json()["type"] == "urn:shopbell:problem:scope-needed"
    elif kind == "staff" and "operator" in takes(route):
        assert answer.status_code == 403
        assert answer.json()["type"] == "urn:shopbell:problem:not-an-operator"
    else:
        assert answer.status_code == 401
        assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "route",
    # Who is forgotten has no credential to ask with again.
    [each for each in ROUTES if ROUTES[each] != "nobody" and each != ("DELETE", "/v1/me")],
    ids=" ".join,
)
async def test_one_request_too_many_is_told_when_to_come_back(
    shop: Shop, route: tuple[str, str]
) -> None:
    once: Allowances = MappingProxyType(dict.fromkeys(Limit, Allowance(burst=1, per_minute=2)))
    shop.services = replace(shop.services, limits=once)
    method, path = route
    filled = re.sub(r"\{\w+\}", "nowhere", path)
    transport = httpx2.ASGITransport(app=shop.app())
    async with httpx2.AsyncClient(transport=transport, base_url=HOST) as client:
        headers = credential_of(shop, client, takes(route)[0])
        await client.request(method, filled, json=BODIES.get(route), headers=headers)
        answer = await client.request(method, filled, json=BODIES.get(route), headers=headers)
    assert answer.status_code == 429
    assert answer.headers["retry-after"] == "30"
    assert answer.json()["type"] == "urn:shopbell:problem:too-often"


@pytest.mark.parametrize("page", ["present", "stream"])
async def test_a_store_of_others_does_not_exist(
    shop: Shop, client: httpx2.AsyncClient, page: str
) -> None:
    credential_of(shop, client, "staff")
    others = await client.get(f"/v1/stores/{UTR}/{page}")
    nowhere = await client.get(f"/v1/stores/nowhere/{page}")
    assert (others.status_code, others.content) == (404, nowhere.content)


async def test_whose_address_a_header_names_is_nobodys_business(
    client: httpx2.AsyncClient,
) -> None:
    """One peer has one bucket, whatever it says of those behind it."""
    statuses = set()
    for number in range(61):
        headers = {"Authorization": "Bearer sbk_x", "X-Forwarded-For": f"192.0.2.{number}"}
        statuses.add((await client.get("/v1/app/tokens", headers=headers)).status_code)
    assert statuses == {401, 429}


def takes(route: tuple[str, str]) -> tuple[Opens, ...]:
    opens = ROUTES[route]
    return opens if isinstance(opens, tuple) else (opens,)


def credential_of(shop: Shop, client: httpx2.AsyncClient, kind: Opens) -> dict[str, str]:
    match kind:
        case "app" | "till" | "reader" | "operating":
            _, secret = make_key(
                shop.database,
                shop.entropy,
                shop.clock.now_ms(),
                name="acme",
                by="olga",
                system=KEYS[kind],
            )
            return {"Authorization": f"Bearer {secret}"}
        case "phone":
            guest = shop.welcome(profile="profile-1")
            return {**guest.bearer, "Shopbell-Ticket": shop.ticket("profile-1")}
        case "customer":
            client.cookies.set("__Host-shopbell-me", shop.open_page(shop.welcome()))
            return {"Origin": HOST}
        case "staff" | "operator":
            role: Role = "advisor" if kind == "staff" else "operator"
            client.cookies.set("__Host-shopbell", shop.employ(kind, role=role).secret)
            return {"Origin": HOST}
        case "nobody":
            return {}


def test_every_body_has_a_name_of_its_own() -> None:
    """Of one name, two are told apart by their modules: that is nobody's business, and changes."""
    bodies = Shop().app().openapi()["components"]["schemas"]
    assert [name for name in bodies if "__" in name] == []
