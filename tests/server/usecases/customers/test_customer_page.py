from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from shopbell_server.core.access.credentials import fingerprint
from shopbell_server.core.access.customer_sessions import IDLE_MS, LINK_MS, NOTED_MS
from shopbell_server.core.audit.chain import What
from shopbell_server.core.ids import Millis
from shopbell_server.usecases.customers.customer_page import customer_of, enter, leave_page
from shopbell_server.usecases.keeping.forget_expired import forget_expired
from tests.server.web.shop import Shop

if TYPE_CHECKING:
    from shopbell_server.core.access.customer_sessions import CustomerSession
    from tests.server.usecases.floor import Floor


@pytest.fixture
def shop(floor: Floor) -> Shop:
    return Shop(database=floor.database)


def kept(shop: Shop, secret: str) -> CustomerSession | None:
    with shop.database.read() as work:
        return work.customer_sessions.get(fingerprint(secret))


def test_of_two_who_follow_a_link_at_once_one_gets_in(shop: Shop) -> None:
    link = shop.link(shop.welcome())
    now_ms = shop.clock.now_ms()
    with ThreadPoolExecutor(2) as pool:
        both = pool.map(lambda _: enter(shop.database, shop.entropy, now_ms, link), range(2))
        assert sorted(entered is not None for entered in both) == [False, True]


def test_a_link_is_good_for_five_minutes_and_then_it_is_gone(shop: Shop) -> None:
    link = shop.link(shop.welcome())
    late_ms = Millis(shop.clock.now_ms() + LINK_MS)
    assert enter(shop.database, shop.entropy, late_ms, link) is None
    assert forget_expired(shop.database, late_ms).customer_sessions == 1
    assert kept(shop, link) is None


def test_coming_in_is_on_record_by_a_number_that_opens_nothing(shop: Shop) -> None:
    noor = shop.welcome()
    secret = shop.open_page(noor)
    with shop.database.read() as work:
        (*_, last) = work.audit.records(0)
    assert (last.act.what, last.act.person) == (What.PAGE_ENTERED, noor.person)
    assert last.act.actor.credential
    assert last.act.actor.credential not in secret


def test_a_use_is_written_down_once_a_minute_and_only_if_she_did_something(shop: Shop) -> None:
    secret = shop.open_page(shop.welcome())
    opened = kept(shop, secret)
    for after_ms, counts_as_use in ((NOTED_MS - 1, True), (NOTED_MS, False)):
        at_ms = Millis(shop.clock.now_ms() + after_ms)
        assert customer_of(shop.database, secret, at_ms, counts_as_use=counts_as_use) is not None
        assert kept(shop, secret) == opened
    used_ms = Millis(shop.clock.now_ms() + NOTED_MS)
    assert customer_of(shop.database, secret, used_ms) is not None
    session = kept(shop, secret)
    assert session is not None
    assert session.used_ms == used_ms


def test_a_session_that_nobody_uses_is_over_and_then_gone(shop: Shop) -> None:
    secret = shop.open_page(shop.welcome())
    late_ms = Millis(shop.clock.now_ms() + IDLE_MS)
    assert customer_of(shop.database, secret, late_ms) is None
    assert forget_expired(shop.database, late_ms).customer_sessions == 1


def test_a_session_of_somebody_who_left_opens_nothing(shop: Shop) -> None:
    noor = shop.welcome()
    secret, link = shop.open_page(noor), shop.link(noor)
    with shop.database.begin() as work:
        work.people.revoke(noor.person, shop.clock.now_ms())
        work.commit()
    assert customer_of(shop.database, secret, shop.clock.now_ms()) is None
    assert enter(shop.database, shop.entropy, shop.clock.now_ms(), link) is None


def test_signing_out_ends_it(shop: Shop) -> None:
    secret = shop.open_page(shop.welcome())
    leave_page(shop.database, secret)
    leave_page(shop.database, secret)
    assert customer_of(shop.database, secret, shop.clock.now_ms()) is None


def test_a_link_is_no_session_and_a_session_no_link(shop: Shop) -> None:
    noor = shop.welcome()
    secret, link = shop.open_page(noor), shop.link(noor)
    assert customer_of(shop.database, link, shop.clock.now_ms()) is None
    assert enter(shop.database, shop.entropy, shop.clock.now_ms(), secret) is None
