"""What may be done with what belongs to a profile, and so to everybody who is enrolled under it.

Owns: that the most restrictive of them decides.
Never: what belongs to one of them alone (her visits, that she is here): that is her own ledger's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shopbell_server.core.consent.ledger import active_purposes

if TYPE_CHECKING:
    from collections.abc import Iterable

    from shopbell_server.core.consent.ledger import Entry, Purpose
    from shopbell_server.core.ids import Millis


def shared_purposes(ledgers: Iterable[Iterable[Entry]], at_ms: Millis) -> frozenset[Purpose]:
    """Return the purposes that all of `ledgers` allow at `at_ms`; none if there is no ledger.

    One ledger, perhaps empty, of each enrolment of a profile that is not revoked: who withdrew with one phone
    is not called by her name because of another, and no household is greeted by the name of one who does not
    want it. When profiles are split, each enrolment keeps its own ledger, so nothing has to be given again.
    """
    each = [active_purposes(ledger, at_ms) for ledger in ledgers]
    return frozenset.intersection(*each) if each else frozenset()
