"""What stored visits become when their evidence is computed anew.

Owns: which stored visit a session is, what changes, and which facts follow.
Never: the sessions (`sessions`), the passing of time (`ending`), who may be told.

A session is the visit that overlaps it: of several the one that others were told of, then the oldest
id; the rest is absorbed. Where a visit fell in two, the earlier part keeps its name. So names depend
on history, and nothing else does.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from shopbell_server.core.facts import (
    CustomerRecognized,
    VisitCancelled,
    VisitRevised,
    VisitStarted,
)
from shopbell_server.core.visits.stored import Visit, account

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from shopbell_server.core.facts import VisitFact
    from shopbell_server.core.ids import FactId, Millis, PersonId, StoreId, VisitId
    from shopbell_server.core.visits.sessions import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What the world adds when visits are reconciled: the time, new names, what scanners could hear."""

    now_ms: Millis
    live: bool
    """False for backlog: what it makes known is late."""
    new_visit: Callable[[], VisitId]
    """Sorts after every id given before."""
    new_handle: Callable[[], int]
    new_fact: Callable[[], FactId]
    coverage: Callable[[Session], float | None]
    """The share of the session's time in which its scanners could hear; None if none said so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciled:
    """What to write: visits to insert or replace, ids to remove, facts in the order to tell them."""

    put: tuple[Visit, ...] = ()
    removed: tuple[VisitId, ...] = ()
    facts: tuple[VisitFact, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Match:
    session: Session
    survivor: Visit | None
    absorbed: tuple[Visit, ...]
    """The other visits that it overlaps, oldest id first, candidates last."""

    @property
    def superseded(self) -> tuple[Visit, ...]:
        """Those of the absorbed that others were told of."""
        return tuple(visit for visit in self.absorbed if visit.reported)

    @property
    def recognised(self) -> bool:
        """Whether others were told of one of them that she was recognised."""
        of_survivor = self.survivor is not None and self.survivor.recognised
        return of_survivor or any(visit.recognised for visit in self.absorbed)


def reconcile(
    person: PersonId,
    store: StoreId,
    stored: Sequence[Visit],
    sessions: Sequence[Session],
    bought: Collection[Millis],
    around: Circumstances,
) -> Reconciled:
    """Return what becomes of `stored` now that the evidence gives `sessions` (oldest first).

    Both must be complete for one stretch of the person's time in the store: a stored visit without a
    session is gone. `bought` has the beginnings of the sessions in which she bought (`purchases`).
    Applying the result and reconciling again changes nothing and tells nothing.
    """
    matches, vanished = _matched(stored, sessions)
    put: list[Visit] = []
    facts: list[VisitFact] = []
    for match in matches:
        visit = _named(match, person, store, around, converted=match.session.start_ms in bought)
        visit = _moved_on(visit, match, around)
        shown = visit.reported and visit.session.shown is not None
        visit = replace(visit, recognised=match.recognised or shown)
        if visit != match.survivor:
            put.append(visit)
        facts += _told(visit, match, around)
        facts += [_cancelled(gone, visit.id, around) for gone in match.superseded]
    facts += [_cancelled(gone, None, around) for gone in vanished if gone.reported]
    removed = [gone.id for match in matches for gone in match.absorbed]
    removed += [gone.id for gone in vanished]
    return Reconciled(put=tuple(put), removed=tuple(removed), facts=tuple(facts))


def left_behind(
    gone: Iterable[Visit], instead: Iterable[Visit], around: Circumstances
) -> Reconciled:
    """Return what becomes of visits that stand under an id under which there are none any more.

    Their person was joined with another one, or was parted from her. Each is gone, absorbed by the one of
    `instead`, the visits that there are now, that it shares a moment with. A visit does not change whose it
    is: who was told of it by one name would be told of its change by another, in no order.
    """
    there = sorted(
        (visit for visit in instead if visit.reported), key=lambda visit: visit.session.start_ms
    )
    removed: list[VisitId] = []
    facts: list[VisitFact] = []
    for visit in gone:
        removed.append(visit.id)
        if visit.reported:
            heir = next((each.id for each in there if _overlap(visit.session, each.session)), None)
            facts.append(_cancelled(visit, heir, around))
    return Reconciled(removed=tuple(removed), facts=tuple(facts))


def _overlap(one: Session, other: Session) -> bool:
    return one.start_ms <= other.end_ms and other.start_ms <= one.end_ms


def _matched(
    stored: Iterable[Visit], sessions: Sequence[Session]
) -> tuple[tuple[_Match, ...], tuple[Visit, ...]]:
    """Return each session with the visit that it is, and the visits that no session is."""
    left = sorted(stored, key=lambda visit: (not visit.reported, visit.id))
    survivors: list[Visit | None] = []
    for session in sessions:
        survivor = next((visit for visit in left if _may_become(visit, session)), None)
        if survivor is not None:
            left.remove(survivor)
        survivors.append(survivor)
    matches = []
    for session, survivor in zip(sessions, survivors, strict=True):
        absorbed = [visit for visit in left if _may_become(visit, session)]
        left = [visit for visit in left if visit not in absorbed]
        matches.append(_Match(session=session, survivor=survivor, absorbed=tuple(absorbed)))
    return tuple(matches), tuple(left)


def _may_become(visit: Visit, session: Session) -> bool:
    """Return whether `session` may be `visit` as it is now.

    What was told cannot become untold, so a visit that shrank to a candidate is cancelled.
    """
    if visit.reported and session.kind == "candidate":
        return False
    return _overlap(visit.session, session)


def _named(
    match: _Match, person: PersonId, store: StoreId, around: Circumstances, *, converted: bool
) -> Visit:
    """Return the visit with its session as computed now, its history as it was."""
    if match.survivor is None:
        return Visit(
            id=around.new_visit(),
            person=person,
            store=store,
            handle=around.new_handle(),
            state="candidate",
            revision=0,
            converted=converted,
            session=match.session,
        )
    before = match.survivor
    now = Visit(
        id=before.id,
        person=person,
        store=store,
        handle=before.handle,
        state=before.state,
        revision=before.revision,
        converted=converted,
        session=match.session,
    )
    other_rules = match.session.rule_version != before.session.rule_version
    if other_rules and _content(now) == _content(before):
        # Nothing but the rules changed: it stays a visit by the rules of its time.
        return before
    return now


def _moved_on(visit: Visit, match: _Match, around: Circumstances) -> Visit:
    """Return `visit` in the state and revision that it has now."""
    if match.session.kind == "candidate":
        return visit
    if match.survivor is None or not match.survivor.reported:
        return replace(visit, state="open", revision=1)
    # Its reach must have grown: two workers' clocks differ, and one of them may just have ended it.
    reach_ms = visit.session.reach_ms
    grew = reach_ms > match.survivor.session.reach_ms
    if visit.state == "ended" and grew and around.now_ms <= reach_ms:
        visit = replace(visit, state="open")
    if _differs(visit, match):
        return replace(visit, revision=visit.revision + 1)
    return visit


def _differs(visit: Visit, match: _Match) -> bool:
    """Return whether what others were told of the survivor is no longer so.

    Of an open visit they know that and when it began; that it goes on is no news. Of an ended one
    they know all.
    """
    before = match.survivor
    if before is None or match.superseded:
        return True
    if before.state == "open":
        return visit.session.start_ms != before.session.start_ms
    return _content(visit) != _content(before)


def _content(visit: Visit) -> object:
    return visit.state, replace(account(visit, None), rule_version="")


def _told(visit: Visit, match: _Match, around: Circumstances) -> list[VisitFact]:
    """Return what to tell of `visit` itself."""
    before = match.survivor
    facts: list[VisitFact] = []
    if not visit.reported:
        return facts
    late = not around.live or around.now_ms > visit.session.reach_ms
    if before is None or not before.reported:
        facts.append(
            VisitStarted(
                fact=around.new_fact(),
                person=visit.person,
                at_ms=visit.session.start_ms,
                recorded_ms=around.now_ms,
                late=late,
                store=visit.store,
                visit=visit.id,
                account=account(visit, around.coverage(visit.session)),
            )
        )
    elif visit.revision != before.revision:
        facts.append(revised(visit, tuple(gone.id for gone in match.superseded), around))
    shown = visit.session.shown
    if shown is not None and not match.recognised:
        facts.append(
            CustomerRecognized(
                fact=around.new_fact(),
                person=visit.person,
                at_ms=shown.at_ms,
                recorded_ms=around.now_ms,
                late=late,
                store=visit.store,
                visit=visit.id,
                evidence=shown.evidence,
                carrier=shown.carrier,
                zone=shown.zone,
            )
        )
    return facts


def revised(visit: Visit, supersedes: tuple[VisitId, ...], around: Circumstances) -> VisitRevised:
    """Return the fact that `visit` is now as it is, in place of what was told before.

    Late by nature: it rings no bell.
    """
    return VisitRevised(
        fact=around.new_fact(),
        person=visit.person,
        at_ms=around.now_ms,
        recorded_ms=around.now_ms,
        late=True,
        store=visit.store,
        visit=visit.id,
        revision=visit.revision,
        supersedes=supersedes,
        ended=visit.state == "ended",
        account=account(visit, around.coverage(visit.session)),
    )


def _cancelled(gone: Visit, absorbed_by: VisitId | None, around: Circumstances) -> VisitCancelled:
    return VisitCancelled(
        fact=around.new_fact(),
        person=gone.person,
        at_ms=around.now_ms,
        recorded_ms=around.now_ms,
        late=True,
        store=gone.store,
        visit=gone.id,
        revision=gone.revision + 1,
        absorbed_by=absorbed_by,
    )
