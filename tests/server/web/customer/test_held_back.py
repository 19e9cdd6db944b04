"""An old phone whose consent ran out silences all of its group: she sees which it is, and lets go of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from shopbell_server.core.audit.chain import Actor
from shopbell_server.core.consent.ledger import Purpose
from shopbell_server.core.ids import ProfileId
from shopbell_server.usecases.identity.profiles import Asking, Done, merge
from shopbell_server.usecases.visits.recompute import Terms
from shopbell_server.web.access.session_cookies import PAGE_COOKIE
from tests.server.web.conftest import HOST
from tests.server.web.shop import MINUTE, Guest, Shop

if TYPE_CHECKING:
    import httpx2

    from shopbell_server.ports.database import Database

OWN = {"Origin": HOST}
DAY = 24 * 60 * MINUTE


@pytest.fixture
def shop(database: Database) -> Shop:
    return Shop(database=database)


def two_phones(shop: Shop) -> tuple[Guest, Guest]:
    """Enrol her old phone, and eleven months later her new one; an operator says that they are hers both."""
    old = shop.welcome(profile="p-old")
    shop.clock.forward(330 * DAY)
    new = shop.welcome(profile="p-new")
    terms = Terms(rules=shop.rules, sinks=())
    actor = Actor(kind="staff", name="op", role="operator")
    with shop.database.begin() as work:
        asking = Asking(now_ms=shop.clock.now_ms(), actor=actor, reason="duplicate", terms=terms)
        done = merge(
            work,
            shop.entropy,
            asking,
            profile=ProfileId("p-new"),
            other=ProfileId("p-old"),
            joined_as="one_person",
            guards=shop.site.guards,
        )
        work.commit()
    assert isinstance(done, Done)
    return old, new


def signed_in(shop: Shop, client: httpx2.AsyncClient, guest: Guest) -> None:
    client.cookies.set(PAGE_COOKIE.name, shop.open_page(guest))


async def me(client: httpx2.AsyncClient, guest: Guest) -> dict[str, Any]:
    found: dict[str, Any] = (await client.get("/v1/me", headers=guest.bearer)).json()
    return found


async def let_go(client: httpx2.AsyncClient, enrolment: str) -> httpx2.Response:
    return await client.post("/me/let-go", data={"enrolment": enrolment}, headers=OWN)


async def test_she_sees_which_device_it_is_and_lets_go_of_it(
    shop: Shop, client: httpx2.AsyncClient
) -> None:
    old, new = two_phones(shop)
    assert (await me(client, new))["held_back_by"] == []
    shop.clock.forward(40 * DAY)
    shop.scan(new)
    assert (await me(client, new))["recognised_now"] == []
    (held,) = (await me(client, new))["held_back_by"]
    assert (held["enrolment_id"], held["state"], held["may_go"]) == (old.person, "ran_out", True)
    signed_in(shop, client, new)
    page = (await client.get("/me?language=en")).text
    assert "its permission ran out on" in page
    assert "Let go of that device" in page
    assert (await let_go(client, old.person)).status_code == 303
    assert (await me(client, new))["held_back_by"] == []
    assert "Let go of that device" not in (await client.get("/me?language=en")).text
    # It is nobody's phone any more, and hers is recognised from now on.
    assert (await client.get("/v1/app/tokens", headers=old.bearer)).status_code == 401
    shop.clock.forward(MINUTE)
    shop.scan(new)
    (here,) = (await me(client, new))["recognised_now"]
    assert here["store"]["id"] == "ams-01"


async def test_who_said_no_there_is_not_overruled_here(
    shop: Shop, client: httpx2.AsyncClient
) -> None:
    old, new = two_phones(shop)
    shop.say(old, Purpose.RECOGNISE_IN_STORE, given=False)
    (held,) = (await me(client, new))["held_back_by"]
    assert (held["state"], held["may_go"]) == ("withdrawn", False)
    signed_in(shop, client, new)
    page = (await client.get("/me?language=en")).text
    assert "recognition was switched off there on" in page
    assert "ask in the store" in page
    assert "Let go of that device" not in page
    await let_go(client, old.person)
    assert (await client.get("/v1/me", headers=old.bearer)).status_code == 200


@pytest.mark.parametrize("whose", ["a stranger's", "nobody's", "her own"])
async def test_nobody_lets_go_of_what_is_not_theirs(
    shop: Shop, client: httpx2.AsyncClient, whose: str
) -> None:
    _, new = two_phones(shop)
    stranger = shop.welcome(profile="p-other")
    shop.clock.forward(40 * DAY)
    signed_in(shop, client, new)
    named = {"a stranger's": stranger.person, "her own": new.person}.get(whose, "x\x00")
    assert (await let_go(client, named)).status_code == 303
    for each in (stranger, new):
        assert (await client.get("/v1/me", headers=each.bearer)).status_code == 200


async def test_who_allows_nothing_herself_is_held_back_by_nobody(
    shop: Shop, client: httpx2.AsyncClient
) -> None:
    old, new = two_phones(shop)
    shop.clock.forward(40 * DAY)
    assert (await me(client, old))["held_back_by"] == []
    shop.say(new, Purpose.RECOGNISE_IN_STORE, given=False)
    assert (await me(client, new))["held_back_by"] == []


async def test_only_her_own_page_lets_go(shop: Shop, client: httpx2.AsyncClient) -> None:
    old, new = two_phones(shop)
    shop.clock.forward(40 * DAY)
    assert (await let_go(client, old.person)).headers["location"].startswith("/me/enter")
    signed_in(shop, client, new)
    foreign = await client.post("/me/let-go", data={"enrolment": old.person})
    assert foreign.status_code == 403
    assert (await client.get("/v1/me", headers=old.bearer)).status_code == 200
