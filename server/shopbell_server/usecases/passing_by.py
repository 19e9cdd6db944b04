"""Forget what somebody who is joined gave in passing, where that is in no visit of all of them.

Owns: finding it. It has no row that could fall due: while one of a group forbids it, what the others give
is in no visit and no candidate.
Never: what is in a visit of the group, or would be one if she were alone: it stays for when they are parted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shopbell_server.core.dating import OLDEST_MS
from shopbell_server.core.ids import Millis
from shopbell_server.usecases.groups import hold
from shopbell_server.usecases.own import forget_candidates

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shopbell_server.core.ids import PersonId
    from shopbell_server.core.visit_rules import VisitRules
    from shopbell_server.ports.database import Database

LOOKED_BACK_MS: Final = OLDEST_MS + 2 * 86_400_000
"""What an edge brings may be eight days old. A day it is kept, and one is for a job that did not run."""

GROUPS: Final = 50
"""Found with one question. Each is a transaction of its own: some milliseconds for which edges may wait."""


def forget_passing_by(database: Database, rules: VisitRules, now_ms: Millis) -> int:
    """Forget it a day after it ended, as candidates are; return how many stays. Any process may, any time."""
    forgotten = 0
    for head in _heads(database):
        with database.begin() as work:
            group = hold(work, [head]).get(head)
            stays = 0
            for person in () if group is None else group.persons:
                for store in sorted(work.intervals.stores_of([person])):
                    gone = forget_candidates(
                        work,
                        person,
                        store,
                        Millis(now_ms - LOOKED_BACK_MS),
                        now_ms,
                        rules,
                        due_by_ms=now_ms,
                        unless_visited_by=head,
                    )
                    stays += len(gone)
            if stays:
                work.commit()
            forgotten += stays
    return forgotten


def _heads(database: Database) -> Iterator[PersonId]:
    """Yield the heads of all groups, some at a time."""
    after: PersonId | None = None
    more = True
    while more:
        with database.read() as work:
            heads = work.joined.heads(after, GROUPS)
        yield from heads
        more = len(heads) == GROUPS
        after = heads[-1] if heads else None
