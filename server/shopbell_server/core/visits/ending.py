"""What becomes of visits by time passing, and by a purchase.

Owns: ends, forgotten candidates, conversions.
Never: evidence. Whether and when she was here is `sessions`' alone.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from shopbell_server.core.facts import VisitEnded
from shopbell_server.core.visits.reconcile import Reconciled, revised
from shopbell_server.core.visits.stored import account

if TYPE_CHECKING:
    from shopbell_server.core.visits.reconcile import Circumstances
    from shopbell_server.core.visits.rules import VisitRules
    from shopbell_server.core.visits.stored import Visit


def swept(visit: Visit, rules: VisitRules, around: Circumstances) -> Reconciled:
    """Return what is due for `visit`: its end, or that a candidate is forgotten; else nothing.

    Due after `visit.session.due_ms`. The intervals of a forgotten candidate must go with it. An end
    that could have been told before `off_board_ms` is late, as is one of backlog.
    """
    if visit.state == "ended" or around.now_ms <= visit.session.due_ms:
        return Reconciled()
    if visit.state == "candidate":
        return Reconciled(removed=(visit.id,))
    ended = replace(visit, state="ended")
    fact = VisitEnded(
        fact=around.new_fact(),
        person=visit.person,
        at_ms=visit.session.end_ms,
        recorded_ms=around.now_ms,
        late=not around.live or around.now_ms > visit.session.due_ms + rules.off_board_ms,
        store=visit.store,
        visit=visit.id,
        revision=visit.revision,
        account=account(ended, around.coverage(visit.session)),
    )
    return Reconciled(put=(ended,), facts=(fact,))


def converted(visit: Visit, around: Circumstances) -> Reconciled:
    """Return `visit` as one in which she bought something.

    An ended visit is revised; an open one says so when it ends, a candidate if it becomes a visit.
    """
    if visit.converted:
        return Reconciled()
    bought = replace(visit, converted=True)
    if visit.state != "ended":
        return Reconciled(put=(bought,))
    bought = replace(bought, revision=visit.revision + 1)
    return Reconciled(put=(bought,), facts=(revised(bought, (), around),))
