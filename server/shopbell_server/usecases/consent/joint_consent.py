"""What follows for a group of joined people when one of them gives or withdraws a consent.

Owns: what changes in what all of them allow together, and the effects of that.
Never: the entry itself, or what follows for her phone and her fobs (`consents`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shopbell_server.core.consent.ledger import Change, Purpose, active, active_purposes
from shopbell_server.usecases.consent.consent_facts import stores_shown_in, tell_changes
from shopbell_server.usecases.visits.joint_presence import count_from_now, end_presence_of_all

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shopbell_server.core.consent.ledger import Entry
    from shopbell_server.core.ids import Millis, PersonId, StoreId
    from shopbell_server.core.visits.joined import Group
    from shopbell_server.ports.database import UnitOfWork
    from shopbell_server.ports.world import Entropy
    from shopbell_server.usecases.visits.recompute import Terms


def change_for_all(  # noqa: PLR0913  (each by name)
    work: UnitOfWork,
    entropy: Entropy,
    now_ms: Millis,
    *,
    group: Group,
    person: PersonId,
    entries: Sequence[Entry],
    terms: Terms,
) -> frozenset[StoreId]:
    """Let what `person` of `group` said at `now_ms` take effect for all of it; return the stores to announce.

    All of them are held; `group` is as before, and `entries` are in the ledger already. Sinks know all of
    them by the head and are told what is so of all: not that one of them allows what another forbids.
    """
    after = group.saying(person, entries)
    was = active_purposes(group.ledger, now_ms)
    now = active_purposes(after.ledger, now_ms)
    stores = stores_shown_in(work, group.head, was, now)
    if _withdrew(group, after, person, now_ms):
        stores |= end_presence_of_all(
            work, entropy, now_ms, person=person, group=after, terms=terms
        )
    if Purpose.RECOGNISE_IN_STORE in now - was:
        stores |= count_from_now(work, entropy, now_ms, group=after, terms=terms)
    if Purpose.SHARE_WITH_CDP in was - now:
        for each in after.persons:
            work.outgoing.cancel(each)
    if Purpose.SHARE_WITH_CDP in was | now:
        true = [
            each
            for each in entries
            if (each.purpose in now) is (each.change in {Change.GIVEN, Change.RENEWED})
        ]
        tell_changes(work, entropy, true, terms.sinks, whose=after.head)
    return stores


def _withdrew(group: Group, after: Group, person: PersonId, now_ms: Millis) -> bool:
    before, now = (
        active(each.member(person).entries, Purpose.RECOGNISE_IN_STORE, now_ms)
        for each in (group, after)
    )
    return before and not now
