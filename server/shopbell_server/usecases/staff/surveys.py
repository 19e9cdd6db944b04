"""Surveys of floors: walked with a phone, brought as a file, or thrown away.

Owns: reading what was heard of the phone, and what becomes of the plan.
Never: the terminal (`surveying`), or what a survey says (`core.zones`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from shopbell_server.core.audit.chain import Act, What
from shopbell_server.core.ids import PersonId
from shopbell_server.core.zones.plan import surveyed
from shopbell_server.core.zones.survey_walk import reading_at, survey_with

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shopbell_server.core.audit.chain import Actor
    from shopbell_server.core.ids import Millis, ProfileId, StoreId
    from shopbell_server.core.zones.plan import FloorPlan, Level, Reading, Survey
    from shopbell_server.core.zones.survey_walk import Stand
    from shopbell_server.ports.database import Database, UnitOfWork


class NoPlanError(LookupError):
    """The store, or that level of it, has no floor plan; the text says what to do."""


class NoPhoneError(LookupError):
    """It is not clear whose phone is meant; the text says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Walked:
    """What a walk found, point by point, and the survey that there is now."""

    readings: tuple[Reading, ...]
    survey: Survey


def plan_of(work: UnitOfWork, store: StoreId) -> FloorPlan:
    """Return the plan of a store, or raise NoPlanError."""
    if work.registry.store(store) is None:
        known = ", ".join(each.id for each in work.registry.stores()) or "none"
        raise NoPlanError(f'there is no store "{store}"; there is: {known}')
    plan = work.floor_plans.of(store)
    if plan is None:
        raise NoPlanError(
            f'store "{store}" has no floor plan; write `floor` into its seed and sow it again'
        )
    return plan


def level_of(plan: FloorPlan, store: StoreId, name: str | None) -> Level:
    """Return the level of that name, or the only one; raises NoPlanError."""
    if name is None and len(plan.levels) == 1:
        return plan.levels[0]
    names = ", ".join(each.name for each in plan.levels)
    if name is None:
        raise NoPlanError(f'store "{store}" has levels {names}; name one with --level')
    level = plan.level(name)
    if level is None:
        raise NoPlanError(f'store "{store}" has no level "{name}"; it has {names}')
    return level


def phone_of(work: UnitOfWork, *, person: str | None, profile: ProfileId | None) -> PersonId:
    """Return the enrolment of that id, or the only one of a profile; raises NoPhoneError.

    Phones of who works here are never observed, so they cannot survey.
    """
    if person is not None:
        found = [PersonId(person)] if work.people.enrolments([PersonId(person)]) else []
    else:
        enrolled = [] if profile is None else work.identity.enrolled([profile]).get(profile, ())
        there = work.people.enrolments(enrolled)
        found = sorted(each for each, one in there.items() if one.revoked_ms is None)
    if len(found) != 1:
        how_many = "no phone" if not found else f"{len(found)} phones"
        raise NoPhoneError(
            f"{how_many} enrolled there; `shopbell-server identity show PROFILE` lists enrolments: "
            "name one with --person"
        )
    enrolment = work.people.enrolments(found)[found[0]]
    of = work.people.profiles([enrolment.profile]).get(enrolment.profile)
    if of is not None and of.staff:
        raise NoPhoneError(
            "this phone is of somebody who works here, and these are not observed; "
            "enrol one for the survey under a profile without `staff: true`"
        )
    return found[0]


def record(  # noqa: PLR0913  (each by name)
    database: Database,
    now_ms: Millis,
    *,
    store: StoreId,
    level: str | None,
    person: PersonId,
    stands: Sequence[Stand],
    actor: Actor,
    instead: bool = False,
) -> Walked:
    """Add what was heard of a phone at some points to the survey of a level, or make a new one `instead`.

    Points at which no scanner of the level heard it are in `readings` and not in the survey. Written into
    the audit: somebody read where a phone was. Raises NoPlanError.
    """
    with database.begin() as work:
        plan = plan_of(work, store)
        where = level_of(plan, store, level)
        from_ms = min(each.from_ms for each in stands)
        to_ms = max(each.to_ms for each in stands)
        heard = work.observations.of([person], store, from_ms, to_ms).get(person, ())
        readings = tuple(reading_at(each, heard, where) for each in stands)
        found = [each for each in readings if each.heard_dbm]
        survey = survey_with(None if instead else where.survey, found, where)
        if found:
            work.floor_plans.put(store, surveyed(plan, where.name, survey))
        work.audit.note(
            [Act(at_ms=now_ms, actor=actor, what=What.SURVEYED, person=person, store=store)]
        )
        work.commit()
    return Walked(readings=readings, survey=survey)


def put_survey(
    database: Database, *, store: StoreId, level: str | None, survey: Survey | None
) -> Survey | None:
    """Let `survey` be that of a level, or none; return the one before. Raises NoPlanError."""
    with database.begin() as work:
        plan = plan_of(work, store)
        where = level_of(plan, store, level)
        work.floor_plans.put(store, surveyed(plan, where.name, survey))
        work.commit()
    return where.survey
