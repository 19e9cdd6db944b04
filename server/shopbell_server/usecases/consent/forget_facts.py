"""Forget what other channels said of whom nobody may know any more.

Owns: when that is.
Never: whether she withdrew (`consents`), or what becomes of her visits (`withdrawal`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shopbell_server.core.consent.ledger import Purpose, active
from shopbell_server.usecases.staff.channel_facts import with_their_parts
from shopbell_server.usecases.staff.subjects import ledgers_under

if TYPE_CHECKING:
    from shopbell_server.core.ids import Millis, ProfileId
    from shopbell_server.ports.database import UnitOfWork


def forget_unallowed(work: UnitOfWork, profile: ProfileId, now_ms: Millis) -> None:
    """Forget what was said of `profile` unless somebody who is enrolled under it is recognised still.

    The caller holds who withdrew: whoever takes in facts of her waits, or was first.
    """
    ledgers = ledgers_under(work, [profile]).get(profile, {}).values()
    if not any(active(each, Purpose.RECOGNISE_IN_STORE, now_ms) for each in ledgers):
        work.channels.forget(with_their_parts(work, [profile]).keys())
