"""Two retailers in one database: what is one's does not exist for the other, over any route.

Ids of the other's are not told from ids that nobody has: the same status, the same bytes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import httpx2
import pytest

from shopbell_server.core.ids import EdgeId, Millis, StoreId, TenantId
from shopbell_server.core.recognition.fixed_ids import marker
from shopbell_server.core.registry import Edge, Store
from shopbell_server.core.visits.app_reports import Spot, StoreBeacon
from tests.rigs.databases import open_sql
from tests.server.db.rows import fact
from tests.server.web.access.test_api_keys import RECEIPT
from tests.server.web.conftest import HOST
from tests.server.web.phones.test_phones import consent
from tests.server.web.shop import AMS, CountedEntropy, Guest, Shop
from tests.server.web.test_every_route import BODIES, KINDS, ROUTES, STREAM, credential_of, takes

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from tests.server.web.test_every_route import Opens

Route = tuple[str, str]

NOBODYS = "nobody-01"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant:
    """A retailer with a store, a customer who is there with a second phone, and somebody who asks."""

    shop: Shop
    client: httpx2.AsyncClient
    guest: Guest
    ids: dict[str, str]
    """By the name that routes give them."""


@pytest.fixture
def shops(url: str) -> Iterator[list[Shop]]:
    databases = [open_sql(url, TenantId(name)) for name in ("acme", "bolt")]
    # Nothing that one draws by lot is the other's by chance.
    entropies = [CountedEntropy(), CountedEntropy(1_000_000)]
    yield [
        Shop(database=database, entropy=entropy)
        for database, entropy in zip(databases, entropies, strict=True)
    ]
    for database in databases:
        database.close()


@pytest.fixture
async def tenants(shops: list[Shop]) -> AsyncIterator[tuple[Tenant, Tenant]]:
    acme, bolt = shops
    async with client_of(acme) as acme_client, client_of(bolt) as bolt_client:
        yield (
            await furnished("acme", acme, acme_client),
            await furnished("bolt", bolt, bolt_client),
        )


def client_of(shop: Shop) -> httpx2.AsyncClient:
    shop.services = replace(shop.services, mark_of=marker(bytes(32), TenantId("acme")))
    transport = httpx2.ASGITransport(app=shop.app())
    return httpx2.AsyncClient(transport=transport, base_url=HOST)


async def furnished(name: str, shop: Shop, client: httpx2.AsyncClient) -> Tenant:
    """Give it one of everything that a route names."""
    store = StoreId(f"{name}-01")
    spot = Spot(uuid="d3300000-5b0e-4de3-8000-5be110000001", major=1, minor=len(name))
    with shop.database.begin() as work:
        work.registry.put_store(Store(id=store, name=name, timezone="Europe/Amsterdam"))
        work.registry.put_beacon(
            StoreBeacon(name=f"{name}-door", store=store, spot=spot, zone=None)
        )
        work.commit()
    guest = shop.welcome("Noor", profile=f"profile-{name}")
    shop.welcome("Noor", profile=f"profile-{name}")  # of which the first phone is told
    shop.welcome("Ravi", profile="p-2")  # whom a merge names
    shop.scan(guest, store=store)
    edge = Edge(id=EdgeId(f"{name}-edge"), store=store, active=True, zones={})
    letter = replace(fact(f"letter-{name}"), person=guest.person)
    with shop.database.begin() as work:
        work.registry.put_edge(edge)
        work.outgoing.add([letter], [f"crm-{name}"], Millis(0))
        work.outgoing.give_up(f"crm-{name}", letter.fact, Millis(0), "HTTP 400")
        work.commit()
    shop.employ("sam", store)
    registered = await client.post(
        "/v1/app/fixed-ids", json={"id": name.encode().hex().zfill(32)}, headers=guest.bearer
    )
    (notice,) = (await client.get("/v1/app/consents", headers=guest.bearer)).json()["notices"]
    with shop.database.read() as work:
        (visit,) = work.visits.of_person(guest.person)
    return Tenant(
        shop=shop,
        client=client,
        guest=guest,
        ids={
            "store": store,
            "visit": visit.id,
            "enrolment_id": guest.person,
            "notice_id": notice["notice_id"],
            "fixed_id": registered.json()["fixed_id"],
            "profile": f"profile-{name}",
            "profile_id": f"profile-{name}",
            "edge": edge.id,
            "sink": f"crm-{name}",
            "fact": letter.fact,
        },
    )


def own(tenant: Tenant, kind: Opens) -> dict[str, str]:
    """Return a credential of that kind, of her who is in the store or of somebody for it."""
    if kind == "phone":
        return dict(tenant.guest.bearer)
    if kind in {"staff", "operator"}:
        headers = credential_of(tenant.shop, tenant.client, kind)
        role = "advisor" if kind == "staff" else "operator"
        signed_in = tenant.shop.employ(kind, StoreId(tenant.ids["store"]), role=role)  # type: ignore[arg-type]  # one of the roles
        tenant.client.cookies.set("__Host-shopbell", signed_in.secret)
        return headers
    return credential_of(tenant.shop, tenant.client, kind)


async def ask(
    tenant: Tenant, route: Route, ids: dict[str, str], headers: dict[str, str]
) -> httpx2.Response:
    method, path = route
    filled = re.sub(r"\{(\w+)\}", lambda name: ids[name[1]], path)
    return await tenant.client.request(method, filled, json=BODIES.get(route), headers=headers)


def opened_by(route: Route) -> tuple[Opens, ...]:
    """Return who sees what it names: pages of operators lead others elsewhere, whatever they ask for."""
    return ("operator",) if route[1].startswith("/admin/") else takes(route)


SPLIT = "/v1/profiles/{profile}/split"
"""Names an entry of the history, which is looked for first."""

NAMING = [route for route in ROUTES if "{" in route[1]]


@pytest.mark.parametrize("route", NAMING, ids=" ".join)
async def test_what_is_anothers_does_not_exist(
    tenants: tuple[Tenant, Tenant], route: Route
) -> None:
    acme, bolt = tenants
    for kind in opened_by(route):
        headers = own(acme, kind)
        others = await ask(acme, route, bolt.ids, headers)
        nobodys = await ask(acme, route, dict.fromkeys(bolt.ids, NOBODYS), headers)
        assert others.status_code == 404
        assert (others.status_code, others.content) == (nobodys.status_code, nobodys.content)


@pytest.mark.parametrize(
    "route", [each for each in NAMING if each[1] not in {STREAM, SPLIT}], ids=" ".join
)
async def test_what_is_ones_own_does(tenants: tuple[Tenant, Tenant], route: Route) -> None:
    """So that the test above is not true of ids that nobody has."""
    acme, _ = tenants
    headers = own(acme, opened_by(route)[0])
    nobodys = await ask(acme, route, dict.fromkeys(acme.ids, NOBODYS), headers)
    answer = await ask(acme, route, acme.ids, headers)
    assert answer.content != nobodys.content


@pytest.mark.parametrize("kind", [each for each in KINDS if each != "nobody"])
async def test_the_credentials_of_another_open_nothing(
    tenants: tuple[Tenant, Tenant], kind: Opens
) -> None:
    acme, bolt = tenants
    theirs = own(bolt, kind)
    nobodys = {name: re.sub(r"(sb\w_)\S+", r"\1nobodys", value) for name, value in theirs.items()}
    for route in [each for each in ROUTES if kind in takes(each)]:
        acme.client.cookies.update(bolt.client.cookies)
        answer = await ask(acme, route, acme.ids, theirs)
        for cookie in list(acme.client.cookies.jar):
            acme.client.cookies.set(str(cookie.name), "sbs_nobodys")
        refused = await ask(acme, route, acme.ids, nobodys)
        assert answer.status_code == 401, route
        assert answer.content == refused.content, route


BODIES_OF_OTHERS: dict[str, tuple[Route, Opens, Any]] = {
    "a store": (
        ("POST", "/v1/pos/receipts"),
        "till",
        lambda ids: {**RECEIPT, "receipt_id": "r-2", "store": ids["store"]},
    ),
    "a beacon": (
        ("POST", "/v1/app/presence"),
        "phone",
        lambda ids: {
            "beacon": ids["store"].replace("-01", "-door"),
            "state": "enter",
            "at": "2026-11-21T13:00:00+01:00",
        },
    ),
}


@pytest.mark.parametrize("what", BODIES_OF_OTHERS)
async def test_what_a_body_names_is_looked_for_among_ones_own(
    tenants: tuple[Tenant, Tenant], what: str
) -> None:
    acme, bolt = tenants
    (method, path), kind, body = BODIES_OF_OTHERS[what]
    headers = own(acme, kind)

    async def sent(ids: dict[str, str]) -> httpx2.Response:
        return await acme.client.request(method, path, json=body(ids), headers=headers)

    nobodys = await sent(dict.fromkeys(bolt.ids, NOBODYS))
    others = await sent(bolt.ids)
    assert others.status_code >= 400
    assert (others.status_code, others.content) == (nobodys.status_code, nobodys.content)
    assert (await sent(acme.ids)).status_code < 300


async def test_a_ticket_of_another_is_none(tenants: tuple[Tenant, Tenant]) -> None:
    acme, bolt = tenants
    for ticket in (bolt.shop.ticket("p-1"), "sbt_nobodys"):
        body = {"ticket": ticket, "consents": [consent()]}
        answer = await acme.client.post("/v1/app/enrolments", json=body)
        assert answer.status_code == 410


@pytest.mark.parametrize("kind", ["staff", "reader"])
async def test_lists_hold_ones_own(tenants: tuple[Tenant, Tenant], kind: Opens) -> None:
    """Stores of both are called the same, and customers of both are in one."""
    acme, bolt = tenants
    for each in tenants:
        each.shop.scan(each.guest, store=AMS)
    headers = own(acme, kind)
    if kind == "staff":
        signed_in = acme.shop.employ("kim", AMS, StoreId(acme.ids["store"]))
        acme.client.cookies.set("__Host-shopbell", signed_in.secret)
    board = (await acme.client.get(f"/v1/stores/{AMS}/present", headers=headers)).json()
    assert len(board["rows"]) == 1
    visits = (await acme.client.get("/v1/visits", headers=headers)).json()["visits"]
    with bolt.shop.database.read() as work:
        theirs = {each.id for each in work.visits.of_person(bolt.guest.person)}
    assert visits
    assert not theirs & {each["id"] for each in visits}
