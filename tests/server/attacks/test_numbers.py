"""Row 20: somebody holds made-up loyalty numbers to a scanner."""

from __future__ import annotations

import random
from collections import Counter
from typing import TYPE_CHECKING

from shopbell_server.core.identity.identifiers import LOYALTY_NUMBER
from tests.server.usecases.floor import EDGES, MINUTE, NOW, SECOND, Floor
from tests.server.usecases.test_numbers import read, till

if TYPE_CHECKING:
    from tests.server.usecases.floor import Someone

__all__ = ["till"]

TRIES = 1_000
WORKERS = 4


def ean13(chance: random.Random) -> str:
    """Return a number of ours with its check digit: ten digits are anybody's guess."""
    digits = f"29{chance.randrange(10**10):010d}"
    odd, even = sum(map(int, digits[::2])), sum(map(int, digits[1::2]))
    return f"{digits}{-(odd + 3 * even) % 10}"


def customers(till: Floor, number: int = 50) -> list[Someone]:
    chance = random.Random("customers")
    return [
        till.enrol(f"guest{each}", each, external_ids={LOYALTY_NUMBER: ean13(chance)})
        for each in range(1, number + 1)
    ]


def test_a_thousand_guesses_at_a_till_hit_nobody_and_are_told(till: Floor) -> None:
    """Within a minute, through four workers: ten are looked up at all."""
    known = customers(till)
    chance = random.Random("guesses")
    began = NOW - 2 * MINUTE
    workers = [till.worker(f"w{number}") for number in range(WORKERS)]
    counts: Counter[str] = Counter()
    alarms = set()
    for begun in range(0, TRIES, 50):
        till.intake = workers[begun // 50 % WORKERS]
        tries = [
            read(ean13(chance), at_ms=began + (begun + at) * MINUTE // TRIES) for at in range(50)
        ]
        taken = till.hear(*tries, now_ms=NOW)
        counts += taken.events
        alarms |= set(taken.alarms)
    assert counts["number_unknown"] == 10
    assert counts["number_refused"] == TRIES - 10
    assert counts["number_accepted"] == 0
    assert alarms == {("number_guessing", EDGES[0])}
    assert not any(till.visits(each) for each in known)


def test_ten_a_minute_for_ever_are_told_every_minute(till: Floor) -> None:
    """Who keeps to the limit has 14 400 guesses a day of 10^10 numbers, and an alarm for each minute."""
    chance = random.Random("patient")
    for minute in range(3):
        began = NOW - 10 * MINUTE + 3 * minute * MINUTE
        tries = [read(ean13(chance), at_ms=began + at * SECOND) for at in range(10)]
        assert till.hear(*tries, now_ms=NOW).alarms == [("number_guessing", EDGES[0])]
