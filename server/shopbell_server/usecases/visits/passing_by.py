"""Forget that joined people passed by a store, although no candidate visit says when to do so.

Owns: finding such evidence. Of somebody who is alone it is a candidate visit, which is deleted after a day.
While one of a group forbids recognition, evidence of the others makes neither a visit nor a candidate; so
this job looks for it.
Never: deletes what is in a visit of the group, or would be a visit if its person were alone: that is needed
when they are parted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shopbell_server.core.dating import OLDEST_MS
from shopbell_server.core.ids import Millis
from shopbell_server.usecases.groups import hold
from shopbell_server.usecases.visits.own import forget_candidates

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shopbell_server.core.ids import PersonId
    from shopbell_server.core.visits.rules import VisitRules
    from shopbell_server.ports.database import Database

LOOKED_BACK_MS: Final = OLDEST_MS + 2 * 86_400_000
"""What an edge brings may be eight days old. A day it is kept, and one is for a job that did not run."""

GROUPS: Final = 50
"""Read with one query. Each group is then a transaction of its own: edges wait for it some milliseconds."""


def forget_passing_by(database: Database, rules: VisitRules, now_ms: Millis) -> int:
    """Forget such stays a day after they ended; return how many. May run in any process, at any time."""
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
