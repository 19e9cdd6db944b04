"""Which visit a purchase belongs to.

Owns: the one stay that a receipt is of, and so which visits are converted.
Never: who bought or what; nor is a receipt evidence: a till's clock is not ours, and anybody can read
the number of a card to it.

Follows from the stays and the receipts alone. So it does not matter which of them came first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from shopbell_server.core.ids import Millis
    from shopbell_server.core.visits.rules import VisitRules
    from shopbell_server.core.visits.sessions import Session


def session_of(at_ms: Millis, sessions: Sequence[Session], rules: VisitRules) -> Session | None:
    """Return the stay, of those of one person in one store (oldest first), in which she bought then.

    It is the one that evidence of that moment would belong to: the last that had begun, up to its
    reach. Otherwise the next, if it begins within `early_ms`. None: it waits for evidence.
    """
    coming: Session | None = None
    for session in reversed(sessions):
        if session.start_ms <= at_ms:
            if at_ms <= session.reach_ms:
                return session
            break
        coming = session
    return coming if coming is not None and coming.start_ms - at_ms <= early_ms(rules) else None


def early_ms(rules: VisitRules) -> int:
    """Return how long before her first evidence a purchase may be.

    Receipts are dated when the first article goes over the counter and her pass is read at the end, and
    tills' clocks are minutes off. As long as she stays on the board after her last evidence: for so
    long she is taken to be there unheard.
    """
    return rules.off_board_ms


def reach_ms(rules: VisitRules) -> int:
    """Return how far apart two stays may lie that a purchase could be of: evidence so far must be known."""
    return rules.widest_reach_ms + early_ms(rules)


def bought(
    purchases: Iterable[Millis], sessions: Sequence[Session], rules: VisitRules
) -> frozenset[Millis]:
    """Return the beginnings of those `sessions` (as for `session_of`) in which she bought something."""
    found = (session_of(at_ms, sessions, rules) for at_ms in purchases)
    return frozenset(session.start_ms for session in found if session is not None)
