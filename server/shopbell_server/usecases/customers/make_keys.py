"""Make the keys that tokens are issued with, and destroy those whose time is over.

Owns: which days have a key.
Never: what is made of it (`core.recognition.tokens`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from shopbell_server.core.ids import Day
from shopbell_server.core.keeping.owners import owner_of_day
from shopbell_server.core.recognition.tokens import DAY_KEY_BYTES
from shopbell_server.core.token_windows import day_of, key_days

if TYPE_CHECKING:
    from shopbell_server.core.ids import Millis
    from shopbell_server.ports.database import Database
    from shopbell_server.ports.world import Entropy


@dataclass(frozen=True, slots=True, kw_only=True)
class KeysMade:
    """How many keys there are more, and how many less."""

    made: int
    destroyed: int


def make_keys(database: Database, entropy: Entropy, now_ms: Millis) -> KeysMade:
    """Let exactly the days of `key_days` have a key. Run at the start and then every hour.

    May run in many processes at once: a day keeps the first key that it got. A new server makes no
    keys for days gone by: nothing was issued with them. What a day's key is sealed with goes before the
    row: whoever stops in between finds the row there the next time, and goes on.
    """
    days = key_days(now_ms)
    today = day_of(now_ms)
    with database.read() as work:
        over = work.day_keys.before(Day(days[0]))
    if over:
        database.boxes.destroy([owner_of_day(day) for day in over])
    with database.begin() as work:
        known = work.day_keys.keys([Day(day) for day in days])
        missing = [Day(day) for day in days if day >= today and day not in known]
        for day in missing:
            work.day_keys.add(day, entropy.token(DAY_KEY_BYTES))
        destroyed = work.day_keys.destroy_before(Day(days[0]))
        work.commit()
    return KeysMade(made=len(missing), destroyed=destroyed)
