"""Two people with a tablet, and one customer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from shopbell_server.core.consent.ledger import Purpose
from shopbell_server.core.facts import CustomerHelped
from shopbell_server.core.serving.engagement import HELD_MS, Outcome
from shopbell_server.web.access.session_cookies import STAFF_COOKIE
from tests.server.web.conftest import HOST
from tests.server.web.shop import AMS, MINUTE, SECOND, UTR, Guest, Shop

if TYPE_CHECKING:
    import httpx2

    from shopbell_server.core.ids import StoreId
    from shopbell_server.core.registry import Role

PRESENT = f"/v1/stores/{AMS}/present"
ACTS = ["take", "release", "handover", "served", "not-this-person"]


class Advisor:
    """Somebody of the staff with a tablet."""

    def __init__(
        self,
        shop: Shop,
        client: httpx2.AsyncClient,
        name: str,
        *stores: StoreId,
        role: Role = "advisor",
    ) -> None:
        self._client = client
        secret = shop.employ(name, *stores, role=role).secret
        self._headers = {"Cookie": f"{STAFF_COOKIE.name}={secret}", "Origin": HOST}

    async def do(
        self, act: str, visit: object, outcome: str = "bought", **headers: str
    ) -> httpx2.Response:
        return await self._client.post(
            f"/v1/visits/{visit}/{act}",
            json={"outcome": outcome} if act == "served" else None,
            headers={**self._headers, **headers},
        )

    async def rows(self) -> list[dict[str, object]]:
        answer = await self._client.get(PRESENT, headers=self._headers)
        rows: list[dict[str, object]] = answer.json()["rows"]
        return rows

    async def get(self, path: str) -> httpx2.Response:
        return await self._client.get(path, headers=self._headers)


@pytest.fixture
def sam(shop: Shop, client: httpx2.AsyncClient) -> Advisor:
    return Advisor(shop, client, "sam")


@pytest.fixture
def ana(shop: Shop, client: httpx2.AsyncClient) -> Advisor:
    return Advisor(shop, client, "ana")


@pytest.fixture
def guest(shop: Shop) -> Guest:
    guest = shop.welcome("Noor")
    shop.scan(guest)
    return guest


def visit_of(shop: Shop, guest: Guest) -> str:
    with shop.database.read() as work:
        (visit,) = work.visits.of_person(guest.person)
    return visit.id


async def test_one_takes_her_and_the_other_is_told_by_whom(
    shop: Shop, guest: Guest, sam: Advisor, ana: Advisor
) -> None:
    visit = visit_of(shop, guest)
    first, second = await sam.do("take", visit), await ana.do("take", visit)
    assert (first.status_code, first.json()) == (200, {"visit": visit, "state": "taken"})
    assert second.status_code == 409
    assert second.json()["type"] == "urn:shopbell:problem:taken"
    assert second.json()["detail"] == "This customer is taken: by Sam (advisor)."
    for colleague in (sam, ana):
        (row,) = await colleague.rows()
        assert row["taken"] == {
            "staff": "sam",
            "name": "Sam",
            "role": "advisor",
            "with_her": False,
        }


async def test_from_taking_to_serving_to_served(shop: Shop, guest: Guest, sam: Advisor) -> None:
    visit = visit_of(shop, guest)
    states = [(await sam.do(act, visit)).json()["state"] for act in ("take", "take", "served")]
    assert states == ["taken", "serving", "served"]
    (row,) = await sam.rows()
    assert (row["taken"], row["served"], row["turn"]) == (None, True, 5)
    again = await sam.do("take", visit)
    assert (again.status_code, again.json()["type"]) == (409, "urn:shopbell:problem:served")


async def test_who_hands_her_over_leaves_her_to_the_next(
    shop: Shop, guest: Guest, sam: Advisor, ana: Advisor
) -> None:
    visit = visit_of(shop, guest)
    await sam.do("take", visit)
    assert (await sam.do("handover", visit)).json()["state"] == "handed_over"
    assert (await ana.do("take", visit)).status_code == 200


@pytest.mark.parametrize("act", ["release", "handover", "served"])
async def test_only_who_has_her_gives_her_up(
    shop: Shop, guest: Guest, sam: Advisor, act: str
) -> None:
    answer = await sam.do(act, visit_of(shop, guest))
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:shopbell:problem:not-taken")


async def test_a_tablet_that_is_put_down_lets_go_of_her(
    shop: Shop, guest: Guest, sam: Advisor, ana: Advisor
) -> None:
    visit = visit_of(shop, guest)
    await sam.do("take", visit)
    shop.clock.forward(HELD_MS)
    shop.hear(guest, lasting_ms=2 * MINUTE)
    (row,) = await ana.rows()
    assert (row["taken"], row["turn"]) == (None, 3)
    assert (await ana.do("take", visit)).status_code == 200


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("role", ["operator", "auditor"])
async def test_who_helps_nobody_takes_nobody(
    shop: Shop, client: httpx2.AsyncClient, guest: Guest, act: str, role: Role
) -> None:
    other = Advisor(shop, client, "olga", role=role)
    answer = await other.do(act, visit_of(shop, guest))
    nobodys = await other.do(act, "nobody-01")
    assert (answer.status_code, answer.content) == (404, nobodys.content)


@pytest.mark.parametrize("act", ACTS)
async def test_a_visit_in_another_store_does_not_exist(
    shop: Shop, client: httpx2.AsyncClient, guest: Guest, act: str
) -> None:
    answer = await Advisor(shop, client, "uma", UTR).do(act, visit_of(shop, guest))
    assert answer.status_code == 404


@pytest.mark.parametrize("act", ACTS)
async def test_who_withdrew_is_taken_by_nobody(
    shop: Shop, guest: Guest, sam: Advisor, act: str
) -> None:
    visit = visit_of(shop, guest)
    await sam.do("take", visit)
    shop.say(guest, Purpose.SHOW_TO_STAFF, given=False)
    assert (await sam.do(act, visit)).status_code == 404


@pytest.mark.parametrize("act", ACTS)
async def test_who_has_left_is_taken_by_nobody(shop: Shop, sam: Advisor, act: str) -> None:
    guest = shop.welcome("Noor")
    shop.hear(guest)
    visit = visit_of(shop, guest)
    assert (await sam.do("take", visit)).status_code == 200
    shop.clock.forward(15 * MINUTE)
    assert (await sam.do(act, visit)).status_code == 404


@pytest.mark.parametrize("act", ACTS)
async def test_another_page_cannot_make_a_browser_do_it(
    shop: Shop, guest: Guest, sam: Advisor, act: str
) -> None:
    answer = await sam.do(act, visit_of(shop, guest), Origin="https://evil.example")
    assert (answer.status_code, answer.json()["type"]) == (
        403,
        "urn:shopbell:problem:foreign-origin",
    )


async def test_what_came_of_it_is_one_of_a_short_list(
    shop: Shop, guest: Guest, sam: Advisor
) -> None:
    answer = await sam.do("served", visit_of(shop, guest), outcome="she was rude")
    assert answer.status_code == 422
    assert "rude" not in answer.text


async def test_it_is_done_once_however_often_it_is_sent(
    shop: Shop, guest: Guest, sam: Advisor
) -> None:
    visit = visit_of(shop, guest)
    key = {"Idempotency-Key": "one"}
    answers = [await sam.do("take", visit, **key) for _ in range(2)]
    assert [each.json()["state"] for each in answers] == ["taken", "taken"]


async def test_somebody_else_is_on_no_board_and_in_no_list_for_that_visit(
    shop: Shop, guest: Guest, sam: Advisor, ana: Advisor
) -> None:
    visit = visit_of(shop, guest)
    assert (await sam.do("not-this-person", visit)).json()["state"] == "not_this_person"
    assert await ana.rows() == []
    assert (await ana.get(f"/v1/visits/{visit}")).status_code == 404
    assert (await ana.get("/v1/visits")).json()["visits"] == []
    assert (await ana.do("take", visit)).status_code == 404


async def test_a_manager_lets_go_for_who_cannot(
    shop: Shop, client: httpx2.AsyncClient, guest: Guest, sam: Advisor
) -> None:
    visit = visit_of(shop, guest)
    await sam.do("take", visit)
    boss = Advisor(shop, client, "mo", role="manager")
    assert (await boss.do("take", visit)).status_code == 409
    assert (await boss.do("release", visit)).status_code == 200


async def test_the_list_is_in_the_order_in_which_they_are_helped(
    shop: Shop, sam: Advisor, ana: Advisor
) -> None:
    guests = []
    for name in ("Ada", "Bea", "Cor"):
        guests.append(shop.welcome(name))
        shop.scan(guests[-1])
        shop.clock.forward(SECOND)
    ada, bea, cor = (visit_of(shop, each) for each in guests)
    assert [row["visit"] for row in await sam.rows()] == [ada, bea, cor]
    await sam.do("take", ada)
    await ana.do("take", bea)
    await ana.do("served", bea)
    assert [row["visit"] for row in await sam.rows()] == [cor, ada, bea]
    shop.clock.forward(SECOND)
    await sam.do("release", ada)
    assert [row["visit"] for row in await sam.rows()] == [cor, ada, bea]


async def test_every_act_is_in_the_record(shop: Shop, guest: Guest, sam: Advisor) -> None:
    visit = visit_of(shop, guest)
    for act in ("take", "release", "take", "handover", "take", "served"):
        await sam.do(act, visit)
    with shop.database.read() as work:
        acts = [each.act for each in work.audit.records(0)]
    done = [(each.what, each.why) for each in acts if each.about == visit and each.store == AMS]
    assert done == [
        ("visit.taken", ""),
        ("visit.released", ""),
        ("visit.taken", ""),
        ("visit.handed_over", ""),
        ("visit.taken", ""),
        ("visit.served", "bought"),
    ]


@pytest.mark.parametrize("shares", [True, False])
async def test_sinks_are_told_what_came_of_it_and_never_who_helped(
    shop: Shop, sam: Advisor, *, shares: bool
) -> None:
    kept = set(Purpose) if shares else set(Purpose) - {Purpose.SHARE_WITH_CDP}
    guest = shop.welcome("Noor", purposes=kept)
    shop.scan(guest)
    visit = visit_of(shop, guest)
    await sam.do("take", visit)
    shop.clock.forward(MINUTE)
    await sam.do("served", visit, outcome="advised")
    told: list[CustomerHelped] = []
    now_ms = shop.clock.now_ms()
    with shop.database.begin() as work:
        while due := work.outgoing.claim("cdp", now_ms, 1_000, 99):
            for each in due:
                work.outgoing.delivered("cdp", each.fact.fact, now_ms)
            told += [each.fact for each in due if isinstance(each.fact, CustomerHelped)]
    assert len(told) == shares
    for fact in told:
        assert (fact.outcome, fact.at_ms - fact.taken_ms) == (Outcome.ADVISED, MINUTE)
        assert "sam" not in repr(fact).lower()
