"""A worker as the use case is one, over tables in memory; and a sink that believes all it is told."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from shopbell_server.core.edges.deafness import Ear, changed, deafness_of, ears_of
from shopbell_server.core.facts import (
    CustomerRecognized,
    VisitCancelled,
    VisitEnded,
    VisitRevised,
    VisitStarted,
)
from shopbell_server.core.ids import Millis
from shopbell_server.core.visits.ending import converted, swept
from shopbell_server.core.visits.intervals import gathered
from shopbell_server.core.visits.neighbourhood import neighbourhood
from shopbell_server.core.visits.purchases import bought, reach_ms, session_of
from shopbell_server.core.visits.reconcile import Reconciled, reconcile
from shopbell_server.core.visits.sessions import sessions
from shopbell_server.core.visits.stored import account
from tests.server.core.stays import ADA, STORE, around, named

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from shopbell_server.core.edges.deafness import Deaf, Mark, Scanner
    from shopbell_server.core.evidence import Interval, IntervalKey
    from shopbell_server.core.facts import Account, VisitFact
    from shopbell_server.core.ids import VisitId
    from shopbell_server.core.visits.rules import VisitRules
    from shopbell_server.core.visits.sessions import Session
    from shopbell_server.core.visits.stored import Visit

_UNKNOWN = Ear(Millis(0), ())


@dataclass
class Worker:
    """Holds no state of its own: what is here is the database."""

    rules: VisitRules
    intervals: dict[IntervalKey, Interval] = field(default_factory=dict)
    visits: dict[VisitId, Visit] = field(default_factory=dict)
    purchases: list[Millis] = field(default_factory=list)
    marks: set[Mark] = field(default_factory=set)
    facts: list[VisitFact] = field(default_factory=list)
    names: Callable[[], str] = field(default_factory=named)

    def take(self, batch: Sequence[Interval], now_ms: int) -> None:
        for report in batch:
            known = self.intervals.get(report.key, report)
            (self.intervals[report.key],) = gathered((known, report))
        self.recompute(batch, now_ms)

    def feel(self, batch: Sequence[Mark], now_ms: int) -> None:
        before = ears_of(self.marks)
        self.marks |= set(batch)
        after = ears_of(self.marks)
        touched = [
            each
            for scanner, ear in after.items()
            for each in self._touched(
                scanner, changed(before.get(scanner, _UNKNOWN).deaf, ear.deaf)
            )
        ]
        if touched:
            self.recompute(touched, now_ms)

    def _touched(self, scanner: Scanner, change: Deaf | None) -> list[Interval]:
        return [
            each
            for each in self.intervals.values()
            if (each.key.edge, each.key.scanner) == scanner
            and change is not None
            and each.last_ms >= change.from_ms - self.rules.deaf_reach_ms
            and (change.to_ms is None or each.key.first_ms < change.to_ms)
        ]

    def deaf(self) -> Mapping[Scanner, tuple[Deaf, ...]]:
        return deafness_of(ears_of(self.marks))

    def recompute(self, batch: Sequence[Interval], now_ms: int) -> None:
        near = neighbourhood(batch, self.touching, reach_ms(self.rules))
        evidence = [
            each
            for each in self.intervals.values()
            if each.key.first_ms <= near.to_ms and each.last_ms >= near.from_ms
        ]
        stays = sessions(evidence, self.rules, self.deaf())
        self.apply(
            reconcile(
                ADA,
                STORE,
                near.visits,
                stays,
                bought(self.purchases, stays, self.rules),
                around(now_ms, names=self.names),
            )
        )

    def sell(self, at_ms: Millis, now_ms: int) -> None:
        self.purchases.append(at_ms)
        visits = sorted(self.visits.values(), key=lambda visit: visit.session.start_ms)
        session = session_of(at_ms, [visit.session for visit in visits], self.rules)
        for visit in visits:
            if visit.session is session:
                self.apply(converted(visit, around(now_ms, names=self.names)))

    def sweep(self, now_ms: int) -> None:
        """End visits. Candidates stay, as they do for a day: forgetting evidence is not a merge."""
        for visit in list(self.visits.values()):
            if visit.reported:
                self.apply(swept(visit, self.rules, around(now_ms, names=self.names)))

    def touching(self, from_ms: Millis, to_ms: Millis) -> Sequence[Visit]:
        return [
            visit
            for visit in self.visits.values()
            if visit.session.start_ms <= to_ms and visit.session.end_ms >= from_ms
        ]

    def apply(self, change: Reconciled) -> None:
        for gone in change.removed:
            del self.visits[gone]
        self.visits.update({visit.id: visit for visit in change.put})
        self.facts += change.facts

    def stays(self) -> list[Session]:
        """Return what every visit is, without its name and history."""
        return sorted(
            (visit.session for visit in self.visits.values()), key=lambda each: each.start_ms
        )

    def converted(self) -> frozenset[Millis]:
        """Return when those stays began in which she bought something."""
        return frozenset(
            visit.session.start_ms for visit in self.visits.values() if visit.converted
        )


@dataclass
class Sink:
    """What somebody knows who was told the facts in their order, and checks that they make sense."""

    known: dict[VisitId, Account] = field(default_factory=dict)
    revision: dict[VisitId, int] = field(default_factory=dict)
    ended: set[VisitId] = field(default_factory=set)
    recognised: set[VisitId] = field(default_factory=set)
    gone: set[VisitId] = field(default_factory=set)
    heard: int = 0

    def hear_all(self, facts: Sequence[VisitFact]) -> None:
        """Hear those that are new."""
        for fact in facts[self.heard :]:
            self.hear(fact)
        self.heard = len(facts)

    def hear(self, fact: VisitFact) -> None:
        match fact:
            case VisitStarted():
                assert fact.visit not in self.known
                assert fact.visit not in self.gone
                self.known[fact.visit], self.revision[fact.visit] = fact.account, 1
            case VisitRevised():
                assert fact.revision == self.revision[fact.visit] + 1
                self.known[fact.visit], self.revision[fact.visit] = fact.account, fact.revision
                self.ended.discard(fact.visit)
                if fact.ended:
                    self.ended.add(fact.visit)
            case VisitEnded():
                assert fact.visit not in self.ended
                assert fact.revision == self.revision[fact.visit]
                self.known[fact.visit] = fact.account
                self.ended.add(fact.visit)
            case VisitCancelled():
                assert fact.revision == self.revision[fact.visit] + 1
                assert fact.absorbed_by is None or fact.absorbed_by in self.known
                del self.known[fact.visit]
                self.ended.discard(fact.visit)
                self.gone.add(fact.visit)
            case CustomerRecognized():
                assert fact.visit in self.known
                assert fact.visit not in self.recognised
                self.recognised.add(fact.visit)
            case _:
                raise AssertionError(fact)

    def is_up_to_date(self, visits: Sequence[Visit]) -> bool:
        """Return whether nothing that was told is untrue: all of an ended visit, when an open began."""
        stored = {visit.id: visit for visit in visits if visit.reported}
        return self.known.keys() == stored.keys() and all(
            account(visit, None) == self.known[key]
            if visit.state == "ended"
            else visit.session.start_ms == self.known[key].began_ms
            for key, visit in stored.items()
        )

    def agrees_with(self, visits: Sequence[Visit]) -> bool:
        """Return whether what was told is what is stored, every visit being ended."""
        stored = {visit.id: visit for visit in visits if visit.reported}
        return (
            self.ended == stored.keys()
            and self.known == {key: account(visit, None) for key, visit in stored.items()}
            and all(visit.revision == self.revision[key] for key, visit in stored.items())
        )
