"""Made-up tokens under the retailer's own UUID, which anybody can read off the air."""

from __future__ import annotations

import pytest

from shopbell_edge.core.roster import MOST_TOKENS, STAYS_AT_ONCE, STAYS_PER_S, Roster
from shopbell_edge.core.rules import Rules
from shopbell_edge.core.units import Boottime, ScannerName
from shopbell_wire.messages import Clock, Presence
from tests.edge.core.advertisements import RETAILER, ibeacon

ENOUGH = Rules().enter_sightings
"""As often as a token must be heard to enter."""


class Shop:
    """A roster at which tokens are heard, all equally near; `told` is what came of it."""

    def __init__(self, most_tokens: int = MOST_TOKENS) -> None:
        self.now_ms = 1_000
        self.told: list[Presence] = []
        self.roster = Roster(
            scanner=ScannerName("hci0"), retailer=RETAILER, rules=Rules(), most_tokens=most_tokens
        )

    def hear(self, number: int) -> list[str]:
        """Return the phases that are told when token `number` is heard."""
        now = Boottime(self.now_ms)
        clock = Clock(boot="0" * 32, boottime_ms=now, wall_ms=self.now_ms, state="synced", err_ms=5)
        told = self.roster.take(clock) if self.roster.hear(ibeacon(number), now) else []
        self.told += told
        return [event.phase for event in told]

    def flood(self, *, seconds: int, tokens: int) -> None:
        """Let each second bring so many tokens that were not there before, each often enough to enter."""
        for second in range(seconds):
            first = 1_000 + second * tokens
            for _ in range(ENOUGH):
                for number in range(first, first + tokens):
                    self.hear(number)
                self.now_ms += 1_000 // ENOUGH

    @property
    def phases(self) -> set[str]:
        return {event.phase for event in self.told}


@pytest.fixture
def shop() -> Shop:
    return Shop()


def test_of_made_up_tokens_that_are_repeated_only_so_many_stays_begin(shop: Shop) -> None:
    shop.flood(seconds=20, tokens=300)
    assert shop.phases == {"entered"}
    assert STAYS_AT_ONCE <= len(shop.told) <= STAYS_AT_ONCE + 20 * STAYS_PER_S
    assert shop.roster.held_back == 20 * 300 - len(shop.told)


def test_who_was_held_back_comes_in_with_one_of_the_next_sightings(shop: Shop) -> None:
    shop.flood(seconds=1, tokens=STAYS_AT_ONCE + STAYS_PER_S)
    for number in range(2_000, 2_000 + STAYS_PER_S):  # take what is free
        for _ in range(ENOUGH):
            shop.hear(number)
    assert [shop.hear(0) for _ in range(ENOUGH)] == [[]] * ENOUGH
    shop.now_ms += 1_000 // STAYS_PER_S
    assert shop.hear(0) == ["entered"]


def test_a_shop_full_of_made_up_stays_lets_customers_in() -> None:
    shop = Shop(most_tokens=100)
    shop.flood(seconds=20, tokens=10)
    assert shop.roster.present == 90
    for number in range(ENOUGH - 1):
        assert shop.hear(0) == []
        for other in range(5):
            shop.hear(90_000 + 10 * number + other)
    assert shop.hear(0) == ["left", "entered"]
    assert shop.told[-2].reason == "pushed out: 90 tokens heard later"
    assert shop.roster.known <= 100
