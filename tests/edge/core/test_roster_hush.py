"""A roster that was told of whom nothing more is to be said."""

from __future__ import annotations

import pytest

from shopbell_edge.core.hush import FOR_MS, Hush
from shopbell_edge.core.roster import Roster
from shopbell_edge.core.rules import Rules
from shopbell_edge.core.telling import PARTING
from shopbell_edge.core.units import Boottime, ScannerName
from tests.edge.core.advertisements import RETAILER, ibeacon
from tests.edge.core.roster_shop import Shop, phases


class Quiet(Shop):
    """Knows its hush."""

    def __init__(self) -> None:
        self.hush = Hush()
        super().__init__(
            Roster(scanner=ScannerName("hci0"), retailer=RETAILER, rules=Rules(), hush=self.hush)
        )

    def learn(self, *tokens: str) -> None:
        self.hush.learn(tokens, Boottime(self.now_ms))


@pytest.fixture
def shop() -> Quiet:
    return Quiet()


def test_a_stay_that_goes_on_is_told_no_more_nor_that_it_ended(shop: Quiet) -> None:
    entered = shop.enter(ibeacon(1))
    assert phases(shop.stay_near(ibeacon(1), 31_000)) == ["present"]
    shop.learn(entered.token)
    assert shop.stay_near(ibeacon(1), 60_000) == []
    assert shop.wait(FOR_MS - 61_000) == []
    assert shop.roster.known == 0


def test_others_are_told_all_the_same(shop: Quiet) -> None:
    one, other = shop.enter(ibeacon(1)), shop.enter(ibeacon(2))
    shop.learn(one.token)
    events = shop.stay_near(ibeacon(2), 31_000) + shop.wait(200_000)
    assert {each.token for each in events} == {other.token}
    assert [*dict.fromkeys(phases(events))] == ["present", "inactive", "left"]


def test_who_comes_back_meanwhile_is_not_told_either(shop: Quiet) -> None:
    entered = shop.enter(ibeacon(1))
    shop.learn(entered.token)
    shop.wait(200_000)
    assert shop.roster.present == 0
    assert shop.stay_near(ibeacon(1), 90_000) == []
    assert shop.roster.present == 1


def test_after_a_while_it_is_told_once_more(shop: Quiet) -> None:
    entered = shop.enter(ibeacon(1))
    shop.learn(entered.token)
    events = shop.stay_near(ibeacon(1), FOR_MS + 1_000)
    assert [(each.phase, each.first_ms) for each in events] == [("present", entered.first_ms)]


def test_not_even_at_parting(shop: Quiet) -> None:
    entered = shop.enter(ibeacon(1))
    shop.learn(entered.token)
    shop.stay_near(ibeacon(1), 5_000)
    assert shop.tick(PARTING) == []
    shop.roster.close()
    assert shop.roster.take(shop.clock()) == []
