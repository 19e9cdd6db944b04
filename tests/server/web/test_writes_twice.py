"""Every write, asked twice with one Idempotency-Key: one answer, one effect, and no other request."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, cast

import pytest

from tests.fakes.server import MemoryDatabase
from tests.server.web.systems.test_sinks import with_dead_letters
from tests.server.web.test_every_route import (
    BODIES,
    OTHERS,
    ROUTES,
    UNNAMED,
    credential_of,
    takes,
)
from tests.server.web.test_every_route import shop as shop  # noqa: PLC0414  (a fixture)

if TYPE_CHECKING:
    import httpx2

    from tests.server.web.shop import Shop
    from tests.server.web.test_every_route import Opens

MERGE = ("POST", "/v1/profiles/{profile}/merge")
ENDS_HER = ("DELETE", "/v1/me")
"""Nobody knows her any more when it is done: asked again, her phone is refused as any stranger is."""

WRITES = [each for each in ROUTES if each[0] != "GET" and each[1] not in UNNAMED]
KEY = {"Idempotency-Key": "the-one"}


class Asker:
    """Somebody who may use a route, and what they send."""

    def __init__(self, shop: Shop, client: httpx2.AsyncClient, route: tuple[str, str]) -> None:
        self._client = client
        self._method, path = route
        self._body = cast("dict[str, Any] | None", BODIES.get(route))
        kind: Opens = takes(route)[0]
        self.headers: dict[str, str]
        guest = shop.welcome(profile="profile-1")
        shop.welcome(profile="p-2")  # whom a merge names
        shop.scan(guest)
        with shop.database.read() as work:
            (visit,) = work.visits.of_person(guest.person)
        with_dead_letters(shop, "f1")
        own = {
            "enrolment_id": str(guest.person),
            "profile": "profile-1",
            "visit": visit.id,
            "sink": "cdp",
            "fact": "f1",
        }
        if kind == "phone":
            self.headers = {**guest.bearer, "Shopbell-Ticket": shop.ticket("profile-1")}
        else:
            self.headers = credential_of(shop, client, kind)
        self._path = re.sub(r"\{(\w+)\}", lambda name: own.get(name[1], "x-1"), path)
        if route == ("POST", "/v1/app/enrolments"):
            # It is what names the asker here: a key is one's own.
            self._ticket = {"ticket": shop.ticket("profile-2")}
        else:
            self._ticket = {}

    async def prepare(self) -> None:
        """Do what must have been done before."""
        if self._path.endswith("/split"):
            merged = await self._client.post(
                self._path.replace("/split", "/merge"), json=BODIES[MERGE], headers=self.headers
            )
            self._body = {**(self._body or {}), "undo": merged.json()["entry"]["entry_id"]}

        if self._path.endswith(("/release", "/handover", "/served")):
            take = self._path.rpartition("/")[0] + "/take"
            assert (await self._client.post(take, headers=self.headers)).status_code == 200

    async def ask(self, other: object = None) -> httpx2.Response:
        body = self._body if other is None else cast("dict[str, Any]", other)
        if body is not None:
            body = {**body, **self._ticket}
        return await self._client.request(
            self._method, self._path, json=body, headers={**self.headers, **KEY}
        )


def test_every_write_with_a_body_has_another_one_here() -> None:
    assert BODIES.keys() & set(WRITES) == OTHERS.keys()


@pytest.mark.parametrize("route", WRITES, ids=" ".join)
async def test_the_second_gets_the_first_answer_and_has_no_effect(
    shop: Shop, client: httpx2.AsyncClient, route: tuple[str, str]
) -> None:
    asker = Asker(shop, client, route)
    await asker.prepare()
    first = await asker.ask()
    assert first.status_code < 500
    before = stored(shop)
    shop.clock.forward(1000)
    second = await asker.ask()
    if route == ENDS_HER:
        assert second.status_code == 401
    else:
        assert (second.status_code, second.content) == (first.status_code, first.content)
    assert stored(shop) == before


@pytest.mark.parametrize("route", OTHERS, ids=" ".join)
async def test_another_request_with_the_key_is_refused_and_has_no_effect(
    shop: Shop, client: httpx2.AsyncClient, route: tuple[str, str]
) -> None:
    asker = Asker(shop, client, route)
    await asker.prepare()
    first = await asker.ask()
    assert first.status_code < 400, first.text
    before = stored(shop)
    other = await asker.ask(OTHERS[route])
    assert other.status_code == 409, other.text
    assert other.json()["type"] == "urn:shopbell:problem:key-reused"
    assert stored(shop) == before


def stored(shop: Shop) -> str:
    """Return everything that is kept, the record of who did what included."""
    assert isinstance(shop.database, MemoryDatabase)
    return repr(shop.database.take(writes=False))
