"""Consents that ended by themselves are written down as ended, so that the ledger tells the whole story.

Owns: whose they are, and in which transactions.
Never: their effect: what she allows changes by itself at that moment, written down or not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shopbell_server.usecases.consent.consents import write_expired

if TYPE_CHECKING:
    from collections.abc import Collection

    from shopbell_server.core.ids import Millis
    from shopbell_server.ports.database import Database
    from shopbell_server.ports.world import Entropy

AT_ONCE: Final = 100
"""People held at a time: some milliseconds, for which nobody's visit has to wait longer."""


def record_expired(
    database: Database,
    entropy: Entropy,
    since_ms: Millis,
    now_ms: Millis,
    *,
    sinks: Collection[str],
) -> int:
    """Write down what ended by itself from `since_ms` to `now_ms`; return how many entries that made.

    Again, or in several processes at once, it adds nothing. Raises DatabaseBusyError when one of them is just
    being changed by somebody else: what was written until then stays.
    """
    with database.read() as work:
        persons = work.ledger.run_out(since_ms, now_ms)
    written = 0
    for start in range(0, len(persons), AT_ONCE):
        with database.begin() as work:
            # Whoever is not there any more was erased: she withdrew everything with that.
            held = work.people.lock(persons[start : start + AT_ONCE])
            for person in sorted(held):
                written += write_expired(work, entropy, now_ms, person=person, sinks=sinks)
            work.commit()
    return written
