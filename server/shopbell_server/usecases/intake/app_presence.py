"""A phone says where it is: at a beacon of a store, or no longer.

Owns: taking one report in: whose it is, whether it counts, and what it changes.
Never: what a report is worth (`core.visits.app_reports`), or a visit's rules.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING

from shopbell_server.core.recognition.acceptance import allowed, knowable, span_of
from shopbell_server.core.visits.app_reports import evidence_of, problem_with
from shopbell_server.usecases.groups import head_of, hold, hold_one, ledgers
from shopbell_server.usecases.intake.arrived import arrived
from shopbell_server.usecases.recognition.recognised import Recognised
from shopbell_server.usecases.visits.doubts import new_conflicts, write_down
from shopbell_server.usecases.visits.recompute import tell

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from shopbell_server.core.identity.people import Enrolment
    from shopbell_server.core.ids import Millis, PersonId, StoreId
    from shopbell_server.core.visits.app_reports import Spot, State
    from shopbell_server.ports.database import UnitOfWork
    from shopbell_server.ports.world import Entropy
    from shopbell_server.usecases.visits.recompute import Terms


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a phone says. `beacon` is its name here, or how it is known on the air."""

    beacon: str | Spot
    state: State
    at_ms: Millis


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """It is taken. `changed` are those who may look different on the boards of these stores now."""

    store: StoreId
    changed: Mapping[StoreId, Collection[PersonId]]


class NotReported(Enum):
    """Why a report is not taken."""

    UNKNOWN_BEACON = auto()
    FROM_THE_FUTURE = auto()
    TOO_OLD = auto()
    NO_CONSENT = auto()
    """She did not let herself be recognised then, or does not now."""


def report_presence(
    work: UnitOfWork,
    entropy: Entropy,
    now_ms: Millis,
    *,
    enrolment: Enrolment,
    report: Report,
    terms: Terms,
) -> Reported | NotReported:
    """Take a report of the phone of `enrolment` in; said again it changes nothing.

    The phone of somebody who works here is thanked, and not listened to. Raises DatabaseBusyError if she was
    forgotten meanwhile.
    """
    beacon = work.registry.beacon(report.beacon)
    if beacon is None:
        return NotReported.UNKNOWN_BEACON
    problem = problem_with(report.at_ms, now_ms)
    if problem is not None:
        return NotReported.FROM_THE_FUTURE if problem == "ahead" else NotReported.TOO_OLD
    person = enrolment.person
    # A withdrawal that runs at the same time is wholly before this or wholly after it.
    hold_one(work, person)
    groups = hold(work, [person])
    if work.people.staff_among([enrolment.profile]):
        return Reported(store=beacon.store, changed={})
    ledger = work.ledger.entries([person]).get(person, ())
    spans = allowed(enrolment, ledger, works_here=False)
    if span_of(knowable(spans, now_ms), report.at_ms) is None:
        return NotReported.NO_CONSENT
    said = evidence_of(person, beacon, report.state, report.at_ms)
    facts = arrived(work, entropy, Recognised(intervals=[said], groups=groups), terms, now_ms)
    if facts:
        whose = ledgers(work, {fact.person for fact in facts}, groups)
        tell(work, facts, whose, terms.sinks, now_ms)
    doubts = new_conflicts(work, [said], now_ms, groups)
    write_down(work, doubts, now_ms)
    changed = {beacon.store: {head_of(groups, person)}}
    for visit in (visit for each in doubts for visit in (each.one, each.other)):
        changed.setdefault(visit.store, set()).add(visit.person)
    return Reported(store=beacon.store, changed=changed)
