"""What may be shown of a visit at this moment: the one way from a visit to a screen or an API.

Owns: gathering what the disclosure table asks for.
Never: the table (`core.disclosure`). Staff and people who left are nobody here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from shopbell_server.core.consent import Purpose, active_purposes
from shopbell_server.core.disclosure import Known, Standing, disclose
from shopbell_server.core.handles import handle

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from shopbell_server.core.disclosure import Disclosed, Viewer
    from shopbell_server.core.ids import Millis, PersonId
    from shopbell_server.core.people import Profile
    from shopbell_server.core.visits import Visit
    from shopbell_server.ports.database import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Somebody who may be shown, and what she allows now."""

    profile: Profile
    purposes: frozenset[Purpose]


def subjects(
    work: UnitOfWork, persons: Collection[PersonId], now_ms: Millis
) -> Mapping[PersonId, Subject]:
    """Return those of `persons` of whom anything may be shown; the others are left out."""
    enrolments = {
        person: enrolment
        for person, enrolment in work.people.enrolments(persons).items()
        if enrolment.revoked_ms is None
    }
    profiles = work.people.profiles({each.profile for each in enrolments.values()})
    ledger = work.ledger.entries(enrolments.keys())
    return {
        person: Subject(
            profile=profiles[enrolment.profile],
            purposes=active_purposes(ledger.get(person, ()), now_ms),
        )
        for person, enrolment in enrolments.items()
        if enrolment.profile in profiles and not profiles[enrolment.profile].staff
    }


def seen(visit: Visit, subject: Subject | None, viewer: Viewer) -> Disclosed | None:
    """Return what `viewer` may see of the person of `visit`; None: not even that she is there."""
    if subject is None:
        return None
    session = visit.session
    return disclose(
        Known(
            handle=handle(visit.handle),
            language=subject.profile.language,
            first_name=subject.profile.first_name,
            reason_kind=None,
            reason=None,
        ),
        Standing(
            evidence=session.evidence,
            confidence=session.confidence,
            shown=session.shown is not None,
        ),
        subject.purposes,
        viewer,
    )
