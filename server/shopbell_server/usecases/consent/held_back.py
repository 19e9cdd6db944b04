"""Why somebody is not recognised although she allows it: another enrolment of hers does not.

Owns: which one it is, and letting go of one whose consent ran out.
Never: what a group allows (`core.visits.joined`).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING

from shopbell_server.core.consent.ledger import Place, Purpose, active
from shopbell_server.core.visits.recognised_by import recognition_of
from shopbell_server.usecases.consent.consents import Said, change_consents, leave, standing_of
from shopbell_server.usecases.groups import groups_of, hold, hold_one

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from shopbell_server.core.identity.people import Enrolment
    from shopbell_server.core.identity.profile_view import Recognition
    from shopbell_server.core.ids import Millis, PersonId, StoreId
    from shopbell_server.core.visits.joined import Group
    from shopbell_server.core.visits.rules import VisitRules
    from shopbell_server.ports.database import UnitOfWork
    from shopbell_server.ports.world import Entropy


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldBackBy:
    """An enrolment of the same human that does not allow what hers does."""

    person: PersonId
    enrolled_ms: Millis
    recognition: Recognition

    @property
    def may_go(self) -> bool:
        """Return whether she may let go of it: nobody said no there, and nobody says anything any more."""
        return self.recognition.state == "ran_out"


class NotLetGo(Enum):
    """There is nothing to let go of."""

    UNKNOWN = auto()
    """It is none of hers, or it does not hold her back, or somebody said no there."""


def held_back_by(work: UnitOfWork, enrolment: Enrolment, now_ms: Millis) -> tuple[HeldBackBy, ...]:
    """Return which enrolments keep her from being recognised, the first enrolled first.

    None while she does not allow it herself. Nothing else of them: a join may be wrong.
    """
    group = groups_of(work, [enrolment]).get(enrolment.person)
    return () if group is None else _held_back(group, enrolment.person, now_ms)


def let_go(  # noqa: PLR0913  (each by name)
    work: UnitOfWork,
    entropy: Entropy,
    now_ms: Millis,
    *,
    enrolment: Enrolment,
    other: PersonId,
    rules: VisitRules,
    sinks: Collection[str],
) -> frozenset[StoreId] | NotLetGo:
    """End an enrolment of the same human whose consent ran out; return the stores to announce.

    It leaves, as by its own phone, and what she allows counts from now on: she says so with it.
    """
    hold_one(work, enrolment.person)
    group = hold(work, [enrolment.person]).get(enrolment.person)
    found = () if group is None else _held_back(group, enrolment.person, now_ms)
    if other not in {each.person for each in found if each.may_go}:
        return NotLetGo.UNKNOWN
    dead = work.people.enrolments([other])[other]
    stores = leave(work, entropy, now_ms, enrolment=dead, rules=rules, sinks=sinks)
    changed = change_consents(
        work,
        entropy,
        now_ms,
        enrolment=enrolment,
        said=_again(work, enrolment.person, now_ms),
        rules=rules,
        sinks=sinks,
        place=Place.PASS_PAGE,
        evidence="page_session",
    )
    return stores | changed.stores


def _held_back(group: Group, person: PersonId, now_ms: Millis) -> tuple[HeldBackBy, ...]:
    if not active(group.member(person).entries, Purpose.RECOGNISE_IN_STORE, now_ms):
        return ()
    others = [
        HeldBackBy(
            person=each.person,
            enrolled_ms=each.enrolment.created_ms,
            recognition=recognition_of(each.entries, now_ms),
        )
        for each in group.members
        if each.person != person and each.enrolment.revoked_ms is None
    ]
    return tuple(each for each in others if each.recognition.state != "allowed")


def _again(work: UnitOfWork, person: PersonId, now_ms: Millis) -> Sequence[Said]:
    """Return what she allows, said again as she said it: by the text that she read, until when she said."""
    return [
        Said(
            purpose=each.purpose,
            given=True,
            text_version=each.last.text_version,
            text_sha256=each.last.text_sha256,
            language=each.last.language,
            until_ms=each.last.until_ms,
        )
        for each in standing_of(work, person, now_ms)
        if each.active and each.last is not None
    ]
