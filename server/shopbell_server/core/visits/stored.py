"""A visit as it is stored: a session with a name and a history.

Owns: the visit, and what is told of it.
Never: how it comes to be or changes (`reconcile`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from shopbell_server.core.facts import Account, ZoneStay

if TYPE_CHECKING:
    from shopbell_server.core.ids import PersonId, StoreId, VisitId
    from shopbell_server.core.visits.sessions import Session

State = Literal["candidate", "open", "ended"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One stay of one person in one store, or a candidate for one.

    `state` is "candidate" exactly where `session.kind` is. Everything in `session` follows from the
    evidence, `converted` from that and the receipts; what is beside them was decided once and is kept.
    """

    id: VisitId
    person: PersonId
    store: StoreId
    handle: int
    """"Guest 12": what staff and her own page call her for this visit."""
    state: State
    revision: int
    """What was told first is 1; candidates, of which nothing was told, have 0."""
    converted: bool
    """She bought something (`purchases`)."""
    session: Session
    recognised: bool = field(default=False, compare=False)
    """Others were told that she was recognised, which is told once, though the evidence of it may go and
    come back (pieces of an overlong stay shift). What was told is no part of what a visit is."""

    @property
    def reported(self) -> bool:
        """Whether others were told of it."""
        return self.state != "candidate"


def account(visit: Visit, coverage: float | None) -> Account:
    """Return what is told of `visit`; `coverage` is the share of the time its scanners could hear."""
    session = visit.session
    return Account(
        began_ms=session.start_ms,
        last_ms=session.end_ms,
        duration_s=(session.end_ms - session.start_ms) // 1_000,
        duration_known=session.duration_known,
        evidence=session.evidence,
        confidence=session.confidence,
        confidence_reasons=session.reasons,
        zones=tuple(
            ZoneStay(zone=time.zone, dwell_s=time.dwell_ms // 1_000, dwelt=time.dwelt)
            for time in session.zones
        ),
        reentries=session.reentries,
        engaged=session.engaged,
        converted=visit.converted,
        overlong=session.overlong,
        coverage=coverage,
        rule_version=session.rule_version,
    )
