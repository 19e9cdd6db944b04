"""Tell a sink what it may know: take what is due, and note what became of it.

Owns: the two transactions around a delivery, what consent allows at that moment, and what follows from
each outcome.
Never: the delivery itself. It happens between the transactions, so that a slow sink holds none open.

A crash in between leaves deliveries leased but not noted: they are due again when the lease is over and
go out with the same id. Every event arrives at least once; receivers forget what they have seen by its id.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, assert_never

from shopbell_server.core.consent.ledger import may_share, may_tell_change
from shopbell_server.core.delivery.cloud_events import NAMES, cloud_event
from shopbell_server.core.delivery.customer_keys import customer_key
from shopbell_server.core.delivery.retry import TryAgain, after_failure
from shopbell_server.core.facts import ConsentChanged, ProfileErased
from shopbell_server.ports.sinks import Letter
from shopbell_server.ports.told import Told
from shopbell_server.usecases.delivery.sink_names import called
from shopbell_server.usecases.groups import groups_of, ledgers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shopbell_server.core.consent.ledger import Entry
    from shopbell_server.core.delivery.cloud_events import Origin
    from shopbell_server.core.facts import Fact
    from shopbell_server.core.ids import Millis
    from shopbell_server.ports.database import Database
    from shopbell_server.ports.outgoing import Delivery
    from shopbell_server.ports.sinks import Outcome
    from shopbell_server.usecases.delivery.sink_names import Called

LEASE_MARGIN_MS: Final = 5_000
"""Beyond the sink's own patience, for the two transactions: each waits 5 s for a lock at most, and a
lease that ends too early costs no more than an event that is sent twice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Correspondence:
    """How one sink is told: by which external id it knows people, under which key, how stubbornly."""

    sink: str
    user_id: str | None
    """Kind of external id (`crm`); None, or where she has none: the pairwise id."""
    key: bytes = field(repr=False)
    """`customer_keys.sink_key` of this sink."""
    origin: Origin
    schedule_s: tuple[float, ...]
    """Wait before each attempt; as many attempts as it is long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """What is to be handed over now: `letters` belong to `deliveries`, one by one.

    `withheld` counts those that consent does not cover any more: they are forgotten.
    """

    deliveries: tuple[Delivery, ...]
    letters: tuple[Letter, ...]
    withheld: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What became of deliveries. `dead` were given up, each with the sink's reason."""

    delivered: int
    again: int
    dead: tuple[tuple[Delivery, str], ...]


def take_due(
    database: Database, to: Correspondence, now_ms: Millis, *, limit: int, patience_s: float
) -> Due:
    """Lease what is due for a sink, one event a person, and write the letters that may be sent now.

    Consent is read in the same transaction: what was withdrawn or ran out since an event was queued
    keeps it here, and it is forgotten. That she withdrew may still be told.
    """
    with database.begin() as work:
        lease_ms = round(patience_s * 1000) + LEASE_MARGIN_MS
        claimed = work.outgoing.claim(to.sink, now_ms, lease_ms, limit)
        if not claimed:
            return Due(deliveries=(), letters=(), withheld=0)
        persons = {each.fact.person for each in claimed}
        enrolments = work.people.enrolments(persons)
        ledger = ledgers(work, persons, groups_of(work, enrolments.values()))
        known = called(work, [each.fact for each in claimed], enrolments, now_ms)
        may_go: list[Delivery] = []
        for each in claimed:
            person = each.fact.person
            if each.fact.fact in known and _may_tell(each.fact, ledger.get(person, ()), now_ms):
                may_go.append(each)
            else:
                work.outgoing.drop(to.sink, each.fact.fact)
        work.commit()
    return Due(
        deliveries=tuple(may_go),
        letters=tuple(_letter(each, known[each.fact.fact], to) for each in may_go),
        withheld=len(claimed) - len(may_go),
    )


def settle(
    database: Database,
    to: Correspondence,
    results: Sequence[tuple[Delivery, Outcome]],
    now_ms: Millis,
    chances: Sequence[float],
) -> Settled:
    """Note what became of deliveries. Doing it twice changes nothing more.

    `chances`, one for each result, are uniform in [0, 1): they spread the next attempts. A sink that is
    `gone` is not told again, so what it did not take stays due: for when the endpoint is mended.
    """
    delivered = again = 0
    dead: list[tuple[Delivery, str]] = []
    told: list[Told] = []
    with database.begin() as work:
        for (delivery, outcome), chance in zip(results, chances, strict=True):
            due_ms = _next(delivery, outcome, to, now_ms, chance)
            fact = delivery.fact.fact
            if outcome.kind == "delivered":
                work.outgoing.delivered(to.sink, fact, now_ms)
                told.append(_told(delivery, outcome, now_ms))
                delivered += 1
            elif due_ms is None:
                work.outgoing.give_up(to.sink, fact, now_ms, outcome.reason)
                told.append(_told(delivery, outcome, now_ms))
                dead.append((delivery, outcome.reason))
            else:
                work.outgoing.retry(to.sink, fact, due_ms)
                again += 1
        # Who was erased meanwhile is not written down again.
        there = work.people.enrolments({each.person for each in told})
        erased = {each.fact.person for each, _ in results if isinstance(each.fact, ProfileErased)}
        work.told.note([each for each in told if each.person in there or each.person in erased])
        work.commit()
    return Settled(delivered=delivered, again=again, dead=tuple(dead))


def _told(delivery: Delivery, outcome: Outcome, now_ms: Millis) -> Told:
    """Return what she may be told of it, long after the event itself is gone."""
    return Told(
        person=delivery.fact.person,
        sink=delivery.sink,
        fact=delivery.fact.fact,
        kind=NAMES[type(delivery.fact)][0],
        at_ms=now_ms,
        delivered=outcome.kind == "delivered",
        answer=outcome.reason,
    )


def _next(
    delivery: Delivery, outcome: Outcome, to: Correspondence, now_ms: Millis, chance: float
) -> Millis | None:
    """Return when it is due again; None: never."""
    match outcome.kind:
        case "delivered" | "refused":
            return None
        case "gone":
            return now_ms
        case "retry":
            after = after_failure(
                delivery.attempt,
                now_ms,
                chance,
                retry_after_s=outcome.retry_after_s,
                schedule_s=to.schedule_s,
            )
            return after.due_ms if isinstance(after, TryAgain) else None
        case _:
            assert_never(outcome.kind)


def _may_tell(fact: Fact, entries: Sequence[Entry], now_ms: Millis) -> bool:
    if isinstance(fact, ProfileErased):
        return True  # whoever was told of her has to hear that
    if isinstance(fact, ConsentChanged):
        return may_tell_change(entries, fact.at_ms, now_ms)
    return may_share(entries, fact.at_ms, now_ms)


def _letter(delivery: Delivery, names: Called, to: Correspondence) -> Letter:
    fact = delivery.fact
    sequence = delivery.sequence
    person = fact.person
    if isinstance(fact, ProfileErased):
        person = fact.customer
        sequence += fact.after
    customer = customer_key(person, names.ids, to.user_id, to.key)
    previous = (
        None
        if names.previous is None
        else customer_key(fact.person, names.previous, to.user_id, to.key)
    )
    event = cloud_event(
        fact,
        customer,
        to.origin,
        sequence,
        previous=None if previous == customer else previous,
    )
    # ASCII: a line separator of Unicode would end a line for some readers of files.
    return Letter(event=fact.fact, body=json.dumps(event, separators=(",", ":")).encode())
