from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from shopbell_server.core.access.customer_sessions import FRESH_MS, CustomerSession
from shopbell_server.core.audit.chain import Actor
from shopbell_server.core.identity.guards import Guards, Limit
from shopbell_server.core.ids import Millis, ProfileId
from shopbell_server.usecases.customers.enrol import TICKET_MS
from shopbell_server.usecases.customers.fresh_proof import ByPage, ByTicket, NotProven, Proof, prove
from shopbell_server.usecases.identity.profiles import Asking, Done, merge
from shopbell_server.usecases.visits.recompute import Terms
from tests.server.web.shop import Guest, Shop

if TYPE_CHECKING:
    from tests.server.usecases.floor import Floor


@pytest.fixture
def shop(floor: Floor) -> Shop:
    return Shop(database=floor.database)


def proven(shop: Shop, guest: Guest, proof: Proof) -> bool:
    """Do what a route does: nothing is committed that is not proven."""
    with shop.database.begin() as work:
        enrolment = work.people.enrolments([guest.person])[guest.person]
        refused = prove(work, enrolment, proof, shop.clock.now_ms())
        if refused is None:
            work.commit()
        return refused is not NotProven.NOT_FRESH


def test_a_ticket_of_hers_proves_it_once(shop: Shop) -> None:
    noor = shop.welcome("Noor", profile="p-1")
    ticket = ByTicket(ticket=shop.ticket("p-1"))
    assert proven(shop, noor, ticket)
    assert not proven(shop, noor, ticket)


def test_a_ticket_of_somebody_else_proves_nothing_and_is_not_used_up(shop: Shop) -> None:
    noor = shop.welcome("Noor", profile="p-1")
    ravi = shop.welcome("Ravi", profile="p-2")
    ticket = ByTicket(ticket=shop.ticket("p-2"))
    assert not proven(shop, noor, ticket)
    assert proven(shop, ravi, ticket)


def test_a_ticket_of_a_profile_that_became_part_of_hers_proves_it(shop: Shop) -> None:
    noor = shop.welcome("Noor", profile="p-1")
    shop.ticket("p-2")
    asking = Asking(
        now_ms=shop.clock.now_ms(),
        actor=Actor(kind="staff", name="op", role="operator"),
        reason="duplicate",
        terms=Terms(rules=shop.rules, sinks=()),
    )
    with shop.database.begin() as work:
        done = merge(
            work,
            shop.entropy,
            asking,
            profile=ProfileId("p-1"),
            other=ProfileId("p-2"),
            joined_as="household",
            guards=Guards(limits={"crm": Limit(profiles=9, values=9)}),
        )
        assert isinstance(done, Done)
        work.commit()
    assert proven(shop, noor, ByTicket(ticket=shop.ticket("p-2")))


@pytest.mark.parametrize("text", ["", "sbt_x", "x" * 200])
def test_what_is_no_ticket_proves_nothing(shop: Shop, text: str) -> None:
    assert not proven(shop, shop.welcome(), ByTicket(ticket=text))


def test_a_ticket_that_is_old_proves_nothing(shop: Shop) -> None:
    noor = shop.welcome("Noor", profile="p-1")
    ticket = ByTicket(ticket=shop.ticket("p-1"))
    shop.clock.forward(TICKET_MS)
    assert not proven(shop, noor, ticket)


def test_a_page_proves_it_for_five_minutes_after_she_came(shop: Shop) -> None:
    noor = shop.welcome()
    now_ms = shop.clock.now_ms()
    session = CustomerSession(
        person=noor.person, opened_ms=now_ms, used_ms=now_ms, expires_ms=Millis(2**52)
    )
    shop.clock.forward(FRESH_MS - 1)
    assert proven(shop, noor, ByPage(session=session))
    shop.clock.forward(1)
    assert not proven(shop, noor, ByPage(session=session))
