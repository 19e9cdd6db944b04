"""She asks for help from her own page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from shopbell_server.core.audit.chain import HERSELF
from shopbell_server.core.consent.ledger import Purpose
from tests.server.web.conftest import HOST
from tests.server.web.customer.test_me_pages import signed_in
from tests.server.web.staff.test_taking import Advisor, visit_of

if TYPE_CHECKING:
    import httpx2

    from tests.server.web.shop import Guest, Shop

OWN = {"Origin": HOST}
ASK, BACK = "Hulp vragen", "Ik heb geen hulp meer nodig"


@pytest.fixture
def guest(shop: Shop, client: httpx2.AsyncClient) -> Guest:
    guest = shop.welcome("Noor")
    shop.scan(guest)
    signed_in(shop, client, guest)
    return guest


async def asks(client: httpx2.AsyncClient, wants: str = "yes") -> httpx2.Response:
    return await client.post("/me/help", data={"help": wants}, headers=OWN)


async def own_page(client: httpx2.AsyncClient) -> str:
    return (await client.get("/me/here?language=nl")).text


async def test_who_asks_comes_first_until_somebody_takes_her(
    shop: Shop, client: httpx2.AsyncClient, guest: Guest
) -> None:
    sam = Advisor(shop, client, "sam")
    assert ASK in await own_page(client)
    answer = await asks(client)
    assert (answer.status_code, answer.headers["location"]) == (303, "/me#here")
    (row,) = await sam.rows()
    assert (row["asked"], row["turn"]) == (True, 0)
    page = await own_page(client)
    assert BACK in page
    assert ASK not in page
    await sam.do("take", visit_of(shop, guest))
    (row,) = await sam.rows()
    assert (row["asked"], row["turn"]) == (False, 4)
    page = await own_page(client)
    assert "helpt u" in page
    assert "sam" not in page.lower()
    assert ASK not in page


async def test_she_takes_it_back_and_asking_twice_is_asking_once(
    shop: Shop, client: httpx2.AsyncClient, guest: Guest
) -> None:
    sam = Advisor(shop, client, "sam")
    for wants in ("yes", "yes", "no", "no"):
        assert (await asks(client, wants)).status_code == 303
    (row,) = await sam.rows()
    assert (row["asked"], row["turn"]) == (False, 3)
    with shop.database.read() as work:
        acts = [each.act for each in work.audit.records(0)]
    mine = [each.what for each in acts if each.actor == HERSELF and each.about]
    assert [each for each in mine if each.startswith("help.")] == [
        "help.asked",
        "help.taken_back",
    ]
    assert {each.person for each in acts if each.what == "help.asked"} == {guest.person}


@pytest.mark.parametrize("over", ["served", "not-this-person"])
async def test_she_asks_again_after_it_was_over(
    shop: Shop, client: httpx2.AsyncClient, guest: Guest, over: str
) -> None:
    sam = Advisor(shop, client, "sam")
    visit = visit_of(shop, guest)
    await sam.do("take", visit)
    await sam.do(over, visit)
    await asks(client)
    (row,) = await sam.rows()
    assert (row["asked"], row["taken"]) == (True, None)
    assert (await sam.do("take", visit)).status_code == 200


async def test_whom_staff_do_not_see_asks_nobody(
    shop: Shop, client: httpx2.AsyncClient, guest: Guest
) -> None:
    shop.say(guest, Purpose.SHOW_TO_STAFF, given=False)
    assert ASK not in await own_page(client)
    assert (await asks(client)).status_code == 303
    with shop.database.read() as work:
        assert work.engagements.of([each.id for each in work.visits.of_person(guest.person)]) == {}


@pytest.mark.usefixtures("guest")
async def test_a_form_of_another_page_and_another_word_are_refused(
    client: httpx2.AsyncClient,
) -> None:
    assert (await client.post("/me/help", data={"help": "yes"})).status_code == 403
    assert (await asks(client, "maybe")).status_code == 422


async def test_who_is_not_signed_in_is_led_to_the_door(client: httpx2.AsyncClient) -> None:
    answer = await asks(client)
    assert (answer.status_code, answer.headers["location"]) == (303, "/me/enter")
