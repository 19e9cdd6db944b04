"""Sinks as operators see them: what waits, and the dead letters: look at one, send it again, throw it away.

Owns: what is read for it, and that looks and acts are on record.
Never: when a delivery is given up (`deliver`), or sending: what is revived is due, as if never tried.

Whether she still allows it is asked when it is sent, as of every delivery: replaying tells nothing that may
not be told any more.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import TYPE_CHECKING, Final, Literal

from shopbell_server.core.audit.chain import Act, What
from shopbell_server.core.delivery.cloud_events import NAMES, without_customer
from shopbell_server.usecases.staff.lookers import SYSTEM, purpose_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from shopbell_server.core.audit.chain import Actor
    from shopbell_server.core.ids import FactId, Millis
    from shopbell_server.ports.database import Database, UnitOfWork
    from shopbell_server.ports.outgoing import DeadLetter

Reason = Literal["never_taken", "out_of_date", "told_otherwise", "mistake"]
"""Why one is thrown away: the sink will never take it; nobody needs it any more; the sink was told in another
way; it should never have been sent. A closed list: a free text would hold names."""

MOST: Final = 200
"""Dead letters in a list: more than anybody looks through one by one."""


class Nothing(Enum):
    """There is no such dead letter: it was sent again, thrown away, or its time was over."""

    NOTHING = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class SinkNow:
    """How a sink does. One that is not `configured` was taken out of the settings, and gets nothing."""

    name: str
    configured: bool
    waiting: int
    since_ms: Millis | None
    """When the oldest that waits was queued; None if nothing waits."""
    dead: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A dead letter, without anything of a customer."""

    fact: FactId
    kind: str
    """Type of the event, as the sink reads it."""
    recorded_ms: Millis
    dead_ms: Millis
    attempts: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A dead letter that somebody looks at: `event` is what the sink would get, but for who it is about."""

    listed: Listed
    event: Mapping[str, object]


def sinks_now(work: UnitOfWork, configured: Collection[str]) -> Sequence[SinkNow]:
    """Return how the sinks do, by name: those of the settings, and others that have dead letters."""
    dead = work.outgoing.dead()
    found = []
    for name in sorted({*configured, *dead}):
        waiting, since_ms = work.outgoing.waiting(name)
        found.append(
            SinkNow(
                name=name,
                configured=name in configured,
                waiting=waiting,
                since_ms=since_ms,
                dead=dead.get(name, 0),
            )
        )
    return found


def dead_letters(work: UnitOfWork, sink: str) -> Sequence[Listed]:
    """Return the latest MOST dead letters of a sink, the latest first."""
    return [_listed(each) for each in work.outgoing.dead_letters(sink, MOST)]


def look_at(
    database: Database, now_ms: Millis, *, sink: str, fact: FactId, actor: Actor
) -> Seen | None:
    """Return what is in a dead letter; None if there is none. She whom it is about is told of the look."""
    with database.begin() as work:
        found = work.outgoing.dead_letter(sink, fact)
        if found is None:
            return None
        named = replace(actor, role=actor.role or SYSTEM)
        told = found.delivery.fact
        act = Act(
            at_ms=now_ms,
            actor=named,
            what=What.DEAD_LETTER_READ,
            person=told.person,
            about=f"{sink} {fact}",
            why=purpose_of(named, What.DEAD_LETTER_READ),
        )
        work.audit.note([act])
        work.commit()
    return Seen(listed=_listed(found), event=without_customer(told))


def replay(
    work: UnitOfWork, now_ms: Millis, *, sink: str, fact: FactId | None, actor: Actor
) -> int | Nothing:
    """Let a dead letter, or all of a sink (None), be sent again; return how many.

    Nothing if there is none of that id; of all, 0.
    """
    revived = work.outgoing.revive(sink, fact, now_ms)
    if not revived:
        return Nothing.NOTHING if fact is not None else 0
    act = Act(
        at_ms=now_ms,
        actor=actor,
        what=What.DEAD_LETTERS_REPLAYED,
        about=sink if fact is None else f"{sink} {fact}",
        why=str(revived),
    )
    work.audit.note([act])
    return revived


def discard(
    work: UnitOfWork, now_ms: Millis, *, sink: str, fact: FactId, actor: Actor, reason: Reason
) -> int | Nothing:
    """Throw a dead letter away, for good; return 1, or Nothing if there is none."""
    if not work.outgoing.discard(sink, fact):
        return Nothing.NOTHING
    act = Act(
        at_ms=now_ms,
        actor=actor,
        what=What.DEAD_LETTER_DISCARDED,
        about=f"{sink} {fact}",
        why=reason,
    )
    work.audit.note([act])
    return 1


def _listed(letter: DeadLetter) -> Listed:
    delivery = letter.delivery
    return Listed(
        fact=delivery.fact.fact,
        kind=NAMES[type(delivery.fact)][0],
        recorded_ms=delivery.fact.recorded_ms,
        dead_ms=letter.dead_ms,
        attempts=delivery.attempt,
        reason=letter.reason,
    )
