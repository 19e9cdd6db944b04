"""Somebody of whom something may be shown, and what may be seen of a visit of hers.

Owns: who is nobody here (staff, people who left), and what the disclosure table is asked with.
Never: the table (`disclosure`), or whether she is here (`state`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from shopbell_server.core.board.disclosure import TABLE, Known, Standing, disclose
from shopbell_server.core.board.handles import handle
from shopbell_server.core.channels.reasons import reason_of
from shopbell_server.core.consent.ledger import active_purposes
from shopbell_server.core.consent.of_profile import shared_purposes

if TYPE_CHECKING:
    from collections.abc import Iterable

    from shopbell_server.core.board.disclosure import Disclosed, Table, Viewer
    from shopbell_server.core.channels.facts import ChannelFact
    from shopbell_server.core.consent.ledger import Entry, Purpose
    from shopbell_server.core.identity.people import Enrolment, Profile
    from shopbell_server.core.ids import Millis
    from shopbell_server.core.visits.stored import Visit


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Somebody who may be shown if her ledger allows it at that moment."""

    profile: Profile
    ledger: tuple[Entry, ...]
    others: tuple[tuple[Entry, ...], ...] = ()
    """The ledgers of the others who are enrolled under her profile: of what belongs to it they decide too."""

    facts: tuple[ChannelFact, ...] = ()
    """What other channels said of her profile, as it stands."""

    def shared(self, at_ms: Millis) -> frozenset[Purpose]:
        """Return the purposes that everybody under her profile allows at `at_ms`."""
        return shared_purposes((self.ledger, *self.others), at_ms)


def subject_of(
    enrolment: Enrolment,
    profile: Profile | None,
    ledger: Iterable[Entry],
    others: Iterable[tuple[Entry, ...]] = (),
    facts: tuple[ChannelFact, ...] = (),
) -> Subject | None:
    """Return whom an enrolment is of; None if nothing may ever be shown: she left, or works here.

    `others` are the ledgers of the others under her profile who have not left.
    """
    if enrolment.revoked_ms is not None or profile is None or profile.staff:
        return None
    return Subject(profile=profile, ledger=tuple(ledger), others=tuple(others), facts=facts)


def known_of(visit: Visit, subject: Subject, now_ms: Millis) -> Known:
    """Return what is known of the person of `visit`, and why she may want help there at `now_ms`.

    A reason is one of those that everybody under her profile lets be shown.
    """
    reason = reason_of(subject.facts, visit.store, now_ms, subject.shared(now_ms))
    return Known(
        handle=handle(visit.handle),
        language=subject.profile.language,
        first_name=subject.profile.first_name,
        reason_kind=None if reason is None else reason.kind,
        reason=None if reason is None else reason.what,
        due_ms=None if reason is None else reason.due_ms,
        ask_first=reason is not None and reason.ask_first,
    )


def standing_of(visit: Visit, now_ms: Millis, withheld_ms: Millis | None) -> Standing:
    """Return how sure it is that it is she; until `withheld_ms` it is too doubtful to be shown."""
    session = visit.session
    return Standing(
        evidence=session.evidence,
        confidence=session.confidence,
        shown=session.shown is not None and (withheld_ms is None or now_ms >= withheld_ms),
    )


def seen(
    visit: Visit,
    subject: Subject | None,
    now_ms: Millis,
    viewer: Viewer,
    withheld_ms: Millis | None,
    table: Table = TABLE,
) -> Disclosed | None:
    """Return what `viewer` may see of the person of `visit`; None: not even that she is there."""
    if subject is None:
        return None
    purposes = active_purposes(subject.ledger, now_ms)
    standing = standing_of(visit, now_ms, withheld_ms)
    shared = subject.shared(now_ms)
    return disclose(
        known_of(visit, subject, now_ms), standing, purposes, viewer, table, shared=shared
    )
