from __future__ import annotations

from shopbell_server.core.ids import Day, Millis
from shopbell_server.usecases.customers.make_keys import KeysMade, make_keys
from tests.fakes.server import MemoryDatabase
from tests.server.web.shop import NOON, CountedEntropy

DAY_MS = 86_400_000
TODAY = NOON // DAY_MS


def days(database: MemoryDatabase) -> list[int]:
    with database.read() as work:
        every = [Day(day) for day in range(TODAY - 30, TODAY + 60)]
        return sorted(work.day_keys.keys(every))


def test_a_new_server_has_keys_for_today_and_the_next_seven_days() -> None:
    database = MemoryDatabase()
    assert make_keys(database, CountedEntropy(), NOON) == KeysMade(made=8, destroyed=0)
    assert days(database) == list(range(TODAY, TODAY + 8))


def test_running_again_changes_no_key() -> None:
    database = MemoryDatabase()
    make_keys(database, CountedEntropy(), NOON)
    with database.read() as work:
        before = work.day_keys.keys([Day(TODAY)])
    assert make_keys(database, CountedEntropy(), NOON) == KeysMade(made=0, destroyed=0)
    with database.read() as work:
        assert work.day_keys.keys([Day(TODAY)]) == before


def test_a_key_lives_for_fifteen_days() -> None:
    database, entropy = MemoryDatabase(), CountedEntropy()
    lives = set()
    for later in range(30):
        make_keys(database, entropy, Millis(NOON + later * DAY_MS))
        if TODAY + 10 in days(database):
            lives.add(TODAY + later)
    assert lives == set(range(TODAY + 3, TODAY + 18))
