"""What only lived for a while is deleted when its time is over.

Owns: which rows those are: sessions and links of staff and of customers, tickets, answers kept for repeated
requests, counts of tokens, conflicts, notices, what scanners tried of loyalty numbers.
Never: what is forgotten of people (`withdrawal`, `sweep`), or of keys (`make_keys`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from shopbell_server.core.access.customer_sessions import IDLE_MS
from shopbell_server.core.ids import Millis
from shopbell_server.core.recognition.spray import KEPT_MINUTES, minute_of

if TYPE_CHECKING:
    from shopbell_server.ports.database import Database


CONFLICTS_KEPT_MS: Final = 30 * 86_400_000
"""That somebody was in two stores at once is kept for a month: as long as a complaint about it may take, and
as long as an edge may keep from us what it heard, whose repetition would be told as new."""


GUESSES_KEPT_MS: Final = 86_400_000
"""What a scanner tried a minute ago counts for a minute by its own times. One that is behind by more than a
day's work catches up in one go, and begins anew after it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgotten:
    """How many of each."""

    sessions: int
    customer_sessions: int
    tickets: int
    answers: int
    minutes: int
    """In which tokens were counted at an edge."""
    conflicts: int
    notices: int
    guesses: int


NOTHING: Final = Forgotten(
    sessions=0,
    customer_sessions=0,
    tickets=0,
    answers=0,
    minutes=0,
    conflicts=0,
    notices=0,
    guesses=0,
)


def forget_expired(database: Database, now_ms: Millis) -> Forgotten:
    """Delete what is over at `now_ms`; any process may, at any time: while one does, others do nothing.

    None of it opens anything any more: whoever asks for it is told so by its time, deleted or not.
    """
    with database.begin() as work:
        if not work.retention.is_alone(_JOB):
            return NOTHING
        forgotten = Forgotten(
            sessions=work.staff_sessions.drop_expired(now_ms),
            customer_sessions=work.customer_sessions.drop_expired(now_ms, Millis(now_ms - IDLE_MS)),
            tickets=work.people.drop_expired_tickets(now_ms),
            answers=work.answers.drop_expired(now_ms),
            minutes=work.edge_records.drop_tokens(minute_of(now_ms) - KEPT_MINUTES),
            conflicts=work.visits.drop_conflicts(Millis(now_ms - CONFLICTS_KEPT_MS)),
            notices=work.notices.drop_expired(now_ms),
            guesses=work.edge_records.drop_guesses(Millis(now_ms - GUESSES_KEPT_MS)),
        )
        work.commit()
    return forgotten


_JOB: Final = "forget expired"
