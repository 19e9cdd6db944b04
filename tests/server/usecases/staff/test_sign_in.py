from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from shopbell_server.core.access.allowance import Allowance, Wait
from shopbell_server.core.access.credentials import fingerprint
from shopbell_server.core.access.staff_session import IDLE_MS, SESSION_MS
from shopbell_server.core.ids import Millis, StaffId
from shopbell_server.usecases.keeping.forget_expired import forget_expired
from shopbell_server.usecases.staff.sign_in import (
    LINK_MS,
    follow_link,
    make_link,
    may_try,
    sign_out,
    who_are,
    who_is,
)
from tests.fakes.server import MemoryDatabase
from tests.server.web.shop import NOON, Shop

if TYPE_CHECKING:
    from tests.server.usecases.floor import Floor


def test_a_session_is_who_the_registry_says_now() -> None:
    shop = Shop()
    session = shop.employ("sam")
    shop.employ("sam", role="manager")
    staff = who_is(shop.database, session.secret, NOON)
    assert staff is not None
    assert staff.role == "manager"


def in_use(shop: Shop, secret: str, until_ms: int) -> bool:
    """Use it every half an hour from noon on; return whether it is still open at `until_ms`."""
    for at_ms in range(NOON, until_ms, IDLE_MS // 2):
        assert who_is(shop.database, secret, Millis(at_ms)) is not None
    return who_is(shop.database, secret, Millis(until_ms)) is not None


def test_a_session_lives_twelve_hours_however_much_it_is_used() -> None:
    shop = Shop()
    one, other = shop.employ("sam"), shop.employ("sam")
    assert in_use(shop, one.secret, NOON + SESSION_MS - 1)
    assert not in_use(shop, other.secret, NOON + SESSION_MS)


def test_a_session_that_nobody_uses_lives_an_hour() -> None:
    shop = Shop()
    one, other = shop.employ("sam"), shop.employ("sam")
    assert who_is(shop.database, one.secret, Millis(NOON + IDLE_MS - 1)) is not None
    assert who_is(shop.database, other.secret, Millis(NOON + IDLE_MS)) is None
    assert who_is(shop.database, one.secret, Millis(NOON + 2 * IDLE_MS - 2)) is not None


def test_an_open_board_uses_its_session() -> None:
    shop = Shop()
    session = fingerprint(shop.employ("sam").secret)
    for at_ms in range(NOON, NOON + 3 * IDLE_MS, IDLE_MS // 2):
        assert set(who_are(shop.database, [session], Millis(at_ms))) == {session}


def test_signing_out_ends_one_session_only() -> None:
    shop = Shop()
    one, other = shop.employ("sam"), shop.employ("sam")
    sign_out(shop.database, one.secret)
    assert who_is(shop.database, one.secret, NOON) is None
    assert who_is(shop.database, other.secret, NOON) is not None


def test_a_link_is_followed_once_and_in_time() -> None:
    shop = Shop()
    shop.employ("sam")
    link = make_link(shop.database, shop.entropy, NOON, StaffId("sam"))
    late = make_link(shop.database, shop.entropy, NOON, StaffId("sam"))
    signed_in = follow_link(shop.database, shop.entropy, Millis(NOON + LINK_MS - 1), link)
    assert signed_in is not None
    assert signed_in.staff == "sam"
    assert follow_link(shop.database, shop.entropy, NOON, link) is None
    assert follow_link(shop.database, shop.entropy, Millis(NOON + LINK_MS), late) is None


def test_nothing_stored_opens_a_door() -> None:
    database = MemoryDatabase()
    shop = Shop(database=database)
    session = shop.employ("sam")
    link = make_link(shop.database, shop.entropy, NOON, StaffId("sam"))
    stored = repr(database._tables)  # noqa: SLF001  (looking at what is stored is the test)
    assert session.secret not in stored
    assert link not in stored


FIVE = Allowance(burst=5, per_minute=5)


@pytest.mark.parametrize("name", ["sam", "nobody"])
def test_a_name_is_tried_so_often_whether_it_is_anybodys_or_not(floor: Floor, name: str) -> None:
    tries = [may_try(floor.database, name, FIVE, NOON) for _ in range(6)]
    assert tries == [None] * 5 + [Wait(retry_after_s=12)]
    assert may_try(floor.database, "kim", FIVE, NOON) is None
    assert may_try(floor.database, name, FIVE, Millis(NOON + 12_000)) is None


def test_processes_that_are_asked_at_once_count_together(floor: Floor) -> None:
    with ThreadPoolExecutor(4) as pool:
        tries = list(
            pool.map(lambda _: may_try(floor.database, "sam", FIVE, NOON), range(12), timeout=30)
        )
    assert tries.count(None) == 5


def test_tries_are_forgotten_when_they_do_not_count_any_more(floor: Floor) -> None:
    may_try(floor.database, "sam", FIVE, NOON)
    forget_expired(floor.database, Millis(NOON + 12_000))
    with floor.database.begin() as work:
        assert work.staff_sessions.hold_tries(fingerprint("shopbell/v1/sign-in\nsam")) == 0
