from __future__ import annotations

from shopbell_server.core.ids import Millis, StaffId
from shopbell_server.usecases.sign_in import (
    LINK_MS,
    SESSION_MS,
    follow_link,
    make_link,
    sign_out,
    who_is,
)
from tests.fakes.server import MemoryDatabase
from tests.server.web.shop import NOON, Shop


def test_a_session_is_who_the_registry_says_now() -> None:
    shop = Shop()
    session = shop.employ("sam")
    shop.employ("sam", role="manager")
    staff = who_is(shop.database, session.secret, NOON)
    assert staff is not None
    assert staff.role == "manager"


def test_a_session_lives_twelve_hours() -> None:
    shop = Shop()
    session = shop.employ("sam")
    assert who_is(shop.database, session.secret, Millis(NOON + SESSION_MS - 1)) is not None
    assert who_is(shop.database, session.secret, Millis(NOON + SESSION_MS)) is None


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
