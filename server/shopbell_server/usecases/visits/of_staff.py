"""Somebody is listed as one who works here: whatever she was taken for until now is no visit of a customer.

Owns: what becomes of the visits that are under way when that is said.
Never: that her phone is not listened to from then on (`core.recognition.acceptance`), or visits that are
over: she may have been a customer then, and what was told is not redefined in silence.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shopbell_server.core.visits.reconcile import left_behind
from shopbell_server.usecases.groups import head_of, hold, ledgers, members_of
from shopbell_server.usecases.visits.recompute import circumstances, tell, write
from shopbell_server.usecases.visits.traces import forget_within

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from shopbell_server.core.facts import Fact
    from shopbell_server.core.ids import Millis, PersonId
    from shopbell_server.core.visits.stored import Visit
    from shopbell_server.ports.database import UnitOfWork
    from shopbell_server.ports.world import Entropy
    from shopbell_server.usecases.visits.recompute import Terms


def leave_out(
    work: UnitOfWork,
    entropy: Entropy,
    now_ms: Millis,
    *,
    persons: Collection[PersonId],
    terms: Terms,
) -> int:
    """Forget the visits and candidates of `persons` that have not ended; return how many.

    Holds them, and whoever is one human with one of them. Who was told of such a visit is told that it is
    none.
    """
    groups = hold(work, persons)
    heads = {head_of(groups, person) for person in persons}
    facts: list[Fact] = []
    left_out = 0
    for head in sorted(heads):
        under_way = [each for each in work.visits.of_person(head) if each.state != "ended"]
        for visit in under_way:
            around = circumstances(work, entropy, visit.store, now_ms, live=True, rules=terms.rules)
            made = left_behind([visit], (), around)
            write(work, [made])
            facts += made.facts
            _forget(work, visit, members_of(groups, head))
        left_out += len(under_way)
    tell(work, facts, ledgers(work, heads, groups), terms.sinks, now_ms)
    return left_out


def _forget(work: UnitOfWork, visit: Visit, persons: Iterable[PersonId]) -> None:
    when = visit.session.start_ms, visit.session.end_ms
    for person in persons:
        forget_within(work, person, visit.store, *when)
