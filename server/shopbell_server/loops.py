"""What one process does by its roles: which loops it has, and what each is made of.

Owns: the loops of each role, each for a thread of its own.
Never: the event loop, HTTP, or how a process ends (`bootstrap`); what a loop does.
"""

from __future__ import annotations

import contextlib
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shopbell_server.assembly import (
    mark_of,
    notary_of,
    read_number_of,
    secret_in,
    sink_of,
    weekly_of,
    witness_of,
)
from shopbell_server.cdp.dispatch import Dispatch
from shopbell_server.config.retention import limits_of
from shopbell_server.core.delivery.cloud_events import Origin
from shopbell_server.core.delivery.customer_keys import sink_key
from shopbell_server.core.ids import TenantId
from shopbell_server.core.units import DAY_MS
from shopbell_server.crypto import aes_block
from shopbell_server.erasing import Erasing
from shopbell_server.ingest.edges import Edges
from shopbell_server.ingest.loop import Ingest
from shopbell_server.jobs import Jobs
from shopbell_server.locating import Locating
from shopbell_server.retaining import Retaining
from shopbell_server.usecases.delivery.deliver import Correspondence
from shopbell_server.usecases.intake.take import Intake

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from threading import Event

    from shopbell_server.config.run import Role
    from shopbell_server.config.settings import Settings
    from shopbell_server.db.unit_of_work import SqlDatabase
    from shopbell_server.ingest.embedded_broker import EmbeddedBroker
    from shopbell_server.ingest.nats_line import NatsLine
    from shopbell_server.ingest.subscriber import Subscriber
    from shopbell_server.ports.world import Entropy, ServerClock
    from shopbell_server.usecases.staff.refusals import Refusals
    from shopbell_server.usecases.visits.recompute import Terms
    from shopbell_server.web.live.bells import Bells


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What the loops and the pages of one process share."""

    settings: Settings
    database: SqlDatabase
    line: Subscriber | NatsLine
    broker: EmbeddedBroker | None
    """The embedded one, which runs."""
    bells: Bells
    clock: ServerClock
    entropy: Entropy
    terms: Terms
    refusals: Refusals

    def has(self, role: Role) -> bool:
        """Return whether this process has `role`."""
        return role in self.settings.run.roles


class Loops:
    """The loops of one process."""

    def __init__(self, parts: Parts, stack: contextlib.ExitStack) -> None:
        """Make them; what speaks to systems elsewhere is closed with `stack`, when the loops have ended."""
        self._parts = parts
        settings = parts.settings
        self._jobs = Jobs(
            database=parts.database,
            clock=parts.clock,
            entropy=parts.entropy,
            terms=parts.terms,
            announcer=parts.bells,
            notary=notary_of(settings),
            refusals=parts.refusals,
            weekly=weekly_of(settings, parts.database),
            audit_kept_ms=settings.retention.audit_days * DAY_MS,
        )
        here = parts.has("jobs")
        self._dispatches = list(_dispatches(parts, stack)) if here else []
        self._witness = witness_of(settings, stack, parts.clock) if here else None
        parts.bells.wakes += [each.wake for each in self._dispatches]

    def prepare(self) -> None:
        """Do what has to be done before anything is taken in or shown."""
        self._jobs.keep_keys()
        if self._parts.has("jobs"):
            self._jobs.sign_audit()

    def each(self) -> Iterator[tuple[str, Callable[[Event], None]]]:
        """Yield the name of each loop, and the loop: it runs until the event is set."""
        parts = self._parts
        if parts.broker is not None:
            yield "broker", parts.broker.watch
        if parts.has("ingest"):
            yield "ingest", _ingest(parts).run
        if parts.has("jobs"):
            yield "jobs", self._jobs.run
            yield from _keeping(parts)
            for dispatch in self._dispatches:
                yield "dispatch", dispatch.run
            if self._witness is not None:
                yield "witness", self._witness.run
        elif parts.has("web"):
            yield "refusals", self._jobs.run_refusals


def _ingest(parts: Parts) -> Ingest:
    settings = parts.settings
    return Ingest(
        subscriber=parts.line,
        intake=Intake(
            parts.database,
            parts.entropy,
            aes_block,
            parts.terms,
            read_number_of(settings),
            mark_of(settings),
        ),
        edges=Edges(),
        announcer=parts.bells,
        clock=parts.clock,
        most=settings.gathering.most,
        wait_s=settings.gathering.wait_ms / 1000,
    )


def _keeping(parts: Parts) -> Iterator[tuple[str, Callable[[Event], None]]]:
    """Yield the jobs that take longer than a moment, so that none waits for another."""
    database, clock, entropy = parts.database, parts.clock, parts.entropy
    limits = limits_of(parts.settings.retention)
    yield "retaining", Retaining(database=database, clock=clock, limits=limits).run
    erasing = Erasing(
        database=database,
        clock=clock,
        entropy=entropy,
        terms=parts.terms,
        limits=limits,
        announcer=parts.bells,
    )
    yield "erasing", erasing.run
    yield "locating", Locating(database, clock, entropy, parts.terms, parts.bells).run


def _dispatches(parts: Parts, stack: contextlib.ExitStack) -> Iterator[Dispatch]:
    """Yield one for every sink; each is closed when `stack` is."""
    settings = parts.settings
    if settings.delivery.pairwise_key_file is None:
        return
    pairwise = bytes.fromhex(secret_in(settings.delivery.pairwise_key_file))
    origin = Origin(
        root=settings.http.origin or f"http://{settings.http.host}:{settings.http.port}",
        tenant=TenantId(settings.tenant),
    )
    for sink in settings.sinks:
        yield Dispatch(
            database=parts.database,
            sink=stack.enter_context(contextlib.closing(sink_of(sink, parts.clock))),
            to=Correspondence(
                sink=sink.name,
                user_id=sink.user_id,
                key=sink_key(pairwise, sink.name),
                origin=origin,
                schedule_s=settings.delivery.schedule_s,
            ),
            clock=parts.clock,
            chance=random.random,
        )
