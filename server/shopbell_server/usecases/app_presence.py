"""A phone says where it is: at a beacon of a store, or no longer.

Owns: taking one report in: whose it is, whether it counts, and what it changes.
Never: what a report is worth (`core.app_reports`), or a visit's rules.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING

from shopbell_server.core.acceptance import allowed, knowable, span_of
from shopbell_server.core.app_reports import evidence_of, problem_with
from shopbell_server.usecases.arrived import LIVE_MS
from shopbell_server.usecases.doubts import new_conflicts, write_down
from shopbell_server.usecases.recompute import circumstances, recompute, tell

if TYPE_CHECKING:
    from shopbell_server.core.app_reports import Spot, State
    from shopbell_server.core.ids import Millis, StoreId
    from shopbell_server.core.people import Enrolment
    from shopbell_server.ports.database import UnitOfWork
    from shopbell_server.ports.world import Entropy
    from shopbell_server.usecases.recompute import Terms


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a phone says. `beacon` is its name here, or how it is known on the air."""

    beacon: str | Spot
    state: State
    at_ms: Millis


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """It is taken. `changed` are the stores whose boards may look different now."""

    store: StoreId
    changed: frozenset[StoreId]


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

    The phone of somebody who works here is thanked, and not listened to.
    """
    beacon = work.registry.beacon(report.beacon)
    if beacon is None:
        return NotReported.UNKNOWN_BEACON
    problem = problem_with(report.at_ms, now_ms)
    if problem is not None:
        return NotReported.FROM_THE_FUTURE if problem == "ahead" else NotReported.TOO_OLD
    person = enrolment.person
    # A withdrawal that runs at the same time is wholly before this or wholly after it.
    work.people.lock([person])
    profile = work.people.profiles([enrolment.profile]).get(enrolment.profile)
    if profile is not None and profile.staff:
        return Reported(store=beacon.store, changed=frozenset())
    ledger = work.ledger.entries([person])
    spans = allowed(enrolment, profile, ledger.get(person, ()))
    if span_of(knowable(spans, now_ms), report.at_ms) is None:
        return NotReported.NO_CONSENT
    said = evidence_of(person, beacon, report.state, report.at_ms)
    work.intervals.join([said])
    is_live = now_ms - report.at_ms <= LIVE_MS
    facts = recompute(
        work,
        {(person, beacon.store): [said]},
        terms,
        lambda store: circumstances(
            work,
            entropy,
            store,
            now_ms,
            live=is_live,
            off_board_ms=terms.rules.off_board_ms,
        ),
    )
    tell(work, facts, ledger, terms.sinks, now_ms)
    doubts = new_conflicts(work, [said], now_ms)
    write_down(work, doubts, now_ms)
    elsewhere = {visit.store for each in doubts for visit in (each.one, each.other)}
    return Reported(store=beacon.store, changed=frozenset({beacon.store, *elsewhere}))
