"""What is read of a few people makes the same board as what is read of everybody."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shopbell_server.core.consent.ledger import Purpose
from shopbell_server.core.ids import StoreId, ZoneId
from shopbell_server.core.registry import Zone
from shopbell_server.web.live.rows import Boards, Picture, View
from tests.server.web.shop import AMS, MINUTE, SECOND, Shop

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from shopbell_server.core.ids import PersonId, VisitId
    from tests.server.web.shop import Guest

VIEWS = (
    View(AMS, "advisor", "nl"),
    View(AMS, "manager", "nl"),
    View(AMS, "auditor", "nl"),
    View(AMS, "tablet", "en"),
)


class Screens:
    """Boards that follow what they are told, beside boards that read everything every time."""

    def __init__(self, shop: Shop) -> None:
        self._boards = Boards(shop.database, shop.clock, shop.rules)
        self.followed = self._picture(None, None)
        self.whole = self._picture(None, None)

    def hear_of(self, persons: Collection[PersonId]) -> None:
        self.followed = self._picture(self.followed, persons)
        self.whole = self._picture(self.whole, None)

    def _picture(self, before: Picture | None, persons: Collection[PersonId] | None) -> Picture:
        picture = self._boards.picture(AMS, VIEWS, before, persons)
        assert picture is not None
        return picture

    def rows(self, view: View = VIEWS[0]) -> Mapping[VisitId, bytes]:
        return self.followed.rows[view]


@pytest.fixture
def screens(shop: Shop) -> Screens:
    return Screens(shop)


Deed = tuple[str, int]
deeds = st.lists(
    st.tuples(
        st.sampled_from(
            ["near shoes", "near till", "scans", "hides", "shows", "leaves", "comes", "waits"]
        ),
        st.integers(0, 2),
    ),
    max_size=12,
)


def do(shop: Shop, guest: Guest, deed: str) -> None:
    match deed:
        case "near shoes" | "near till":
            shop.hear(guest, zone=deed.removeprefix("near "), loss_db=9.0)
        case "scans":
            shop.scan(guest)
        case "hides" | "shows":
            shop.say(guest, Purpose.SHOW_TO_STAFF, given=deed == "shows")
        case "leaves" | "comes":
            shop.say(guest, Purpose.RECOGNISE_IN_STORE, given=deed == "comes")
        case _:
            shop.clock.forward(3 * MINUTE)


@settings(max_examples=40, deadline=None)
@given(deeds, st.integers(0, 90))
def test_following_is_as_good_as_reading_everything(done: list[Deed], pause_s: int) -> None:
    shop = Shop()
    guests = [shop.welcome(name) for name in ("Noor", "Ravi", "Aisha")]
    away: set[int] = set()
    screens = Screens(shop)
    shop.clock.forward(5 * MINUTE)
    for deed, number in done:
        if deed in {"leaves", "comes"}:
            (away.add if deed == "leaves" else away.discard)(number)
        elif number in away and deed not in {"waits", "hides", "shows"}:
            continue  # ingest would not recognise her
        do(shop, guests[number], deed)
        screens.hear_of([guests[number].person])
        assert screens.followed.rows == screens.whole.rows
        shop.clock.forward(pause_s * SECOND)


def test_a_row_that_stays_is_not_encoded_again(shop: Shop, screens: Screens) -> None:
    noor, ravi = shop.welcome("Noor"), shop.welcome("Ravi")
    shop.scan(noor)
    shop.scan(ravi)
    screens.hear_of([noor.person, ravi.person])
    before = dict(screens.rows())
    shop.scan(ravi, zone="till")
    screens.hear_of([ravi.person])
    now = screens.rows()
    assert [now[visit] is before[visit] for visit in now] == [True, False]
    # Two who may see the same are sent the same bytes.
    other = screens.rows(VIEWS[1])
    assert all(now[visit] is other[visit] for visit in now)


def test_a_picture_in_which_nothing_changed_is_the_same(shop: Shop, screens: Screens) -> None:
    noor = shop.welcome("Noor")
    shop.scan(noor)
    screens.hear_of([noor.person])
    before = screens.rows()
    screens.hear_of([])
    assert screens.rows() is before


def test_who_withdraws_is_gone_although_nobody_announced_it(shop: Shop, screens: Screens) -> None:
    noor = shop.welcome("Noor")
    shop.scan(noor)
    screens.hear_of([noor.person])
    shop.say(noor, Purpose.SHOW_TO_STAFF, given=False)
    screens.hear_of([])
    assert screens.rows() != {}
    assert screens.whole.rows[VIEWS[0]] == {}


def test_a_zone_that_gets_another_name_shows(shop: Shop, screens: Screens) -> None:
    noor = shop.welcome("Noor")
    shop.scan(noor)
    screens.hear_of([noor.person])
    with shop.database.begin() as work:
        work.registry.put_zone(Zone(id=ZoneId("entrance"), store=AMS, name="Voordeur"))
        work.commit()
    screens.hear_of([])
    (row,) = screens.whole.rows[VIEWS[0]].values()
    assert b"Voordeur" in row


def test_a_clock_that_was_put_back_has_everything_read(shop: Shop, screens: Screens) -> None:
    noor = shop.welcome("Noor")
    shop.hear(noor)
    shop.clock.forward(11 * MINUTE)
    screens.hear_of([noor.person])
    assert screens.rows() == {}
    shop.clock.forward(-11 * MINUTE)
    screens.hear_of([])
    assert len(screens.rows()) == 1


def test_a_store_that_is_not_there_has_no_picture(shop: Shop) -> None:
    boards = Boards(shop.database, shop.clock, shop.rules)
    assert boards.picture(StoreId("nowhere"), VIEWS, None, None) is None
