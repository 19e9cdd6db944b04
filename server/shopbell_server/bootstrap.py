"""From settings to a running server: which adapters there are, which loops run, how they end.

The first loop to fail stops them all; the supervisor starts the process again.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import secrets
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import structlog
from prometheus_client import REGISTRY, Gauge

from shopbell_server.assembly import (
    in_url,
    line_of,
    listen,
    mark_of,
    notary_of,
    open_database,
    read_number_of,
    secret_in,
    sink_of,
    terms_of,
    weekly_of,
    witness_of,
    written_folders,
)
from shopbell_server.cdp.dispatch import Dispatch
from shopbell_server.config.limits import allowances
from shopbell_server.config.responsible import notice_of, texts_for
from shopbell_server.config.retention import limits_of
from shopbell_server.config.run import ROLES
from shopbell_server.core.delivery.cloud_events import Origin
from shopbell_server.core.delivery.customer_keys import sink_key
from shopbell_server.core.ids import StaffId, TenantId
from shopbell_server.core.units import DAY_MS
from shopbell_server.crypto import aes_block
from shopbell_server.erasing import Erasing
from shopbell_server.ingest.board_changes import BoardChanges
from shopbell_server.ingest.edges import Edges
from shopbell_server.ingest.embedded_broker import embedded_broker
from shopbell_server.ingest.loop import Ingest
from shopbell_server.jobs import REFUSALS_ROUNDS, ROUND_S, Jobs
from shopbell_server.locating import Locating
from shopbell_server.ports.database import DatabaseBusyError, DatabaseLostError
from shopbell_server.retaining import Retaining
from shopbell_server.system import SystemClock, SystemEntropy, without_room
from shopbell_server.usecases.delivery.deliver import Correspondence
from shopbell_server.usecases.intake.take import Intake
from shopbell_server.usecases.staff.refusals import Refusals
from shopbell_server.usecases.staff.sign_in import make_link
from shopbell_server.web.access.passwords import Argon2Passwords
from shopbell_server.web.app import create_app
from shopbell_server.web.demo import demo_routes
from shopbell_server.web.http.http_server import HttpServer
from shopbell_server.web.live.audience import Live
from shopbell_server.web.live.bells import Bells
from shopbell_server.web.live.looks import Looks
from shopbell_server.web.live.rows import Boards
from shopbell_server.web.live.sessions import Sessions
from shopbell_server.web.services import Services, Site

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Collection, Iterator, Sequence

    from fastapi import APIRouter

    from shopbell_server.config.settings import Settings
    from shopbell_server.db.unit_of_work import SqlDatabase
    from shopbell_server.ingest.embedded_broker import EmbeddedBroker
    from shopbell_server.ingest.nats_line import NatsLine
    from shopbell_server.ingest.subscriber import Subscriber
    from shopbell_server.ports.world import ServerClock
    from shopbell_server.witness import Witness

log = structlog.get_logger()

_ROLE = Gauge("shopbell_role", "1 if this process has the role.", ["role"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """Where the server is reached, once it is."""

    url: str
    sign_in: tuple[str, ...]
    """A link for each that was asked for, in that order."""
    stop: Callable[[], object]
    """Ends it, from any thread."""


class UnknownStaffError(LookupError):
    """Nobody of that name may sign in here."""


async def serve(
    settings: Settings,
    ready: Callable[[Ready], None],
    *,
    sign_in: Sequence[str] = (),
    broker: EmbeddedBroker | None = None,
    clock: ServerClock | None = None,
    signals: Collection[signal.Signals] = (signal.SIGTERM, signal.SIGINT),
) -> None:
    """Serve until SIGTERM or SIGINT, or until a loop fails. `ready` is called once, when HTTP listens.

    `sign_in` is whom to make sign-in links for; `broker` is the embedded one, if it was started already,
    and is ended with the rest; `clock` is another clock than the machine's; without
    `signals` (as in a thread) only `Ready.stop` ends it. Raises CannotListenError, BrokerFailedError,
    BrokerCertificatesError, UnknownStaffError, and what `open_database` raises.
    """
    with contextlib.ExitStack() as stack:
        listening = stack.enter_context(listen(settings.http.host, settings.http.port))
        database = stack.enter_context(contextlib.closing(open_database(settings)))
        # Before any thread: the broker's child is made to die with this process.
        broker = broker or embedded_broker(settings)
        if broker is not None:
            stack.enter_context(broker)
        bells = Bells()
        changes = BoardChanges(settings.tenant, bells.heard)
        line = line_of(settings, broker, changes)
        stack.enter_context(line)
        server = _Server(settings, database, line, broker, bells, clock or SystemClock())
        await server.run(listening, sign_in, ready, signals)


class _Server:
    """The loops of one process."""

    def __init__(
        self,
        settings: Settings,
        database: SqlDatabase,
        line: Subscriber | NatsLine,
        broker: EmbeddedBroker | None,
        bells: Bells,
        clock: ServerClock,
    ) -> None:
        self._settings = settings
        self._roles = frozenset(settings.run.roles)
        self._database = database
        self._line = line
        self._broker = broker
        self._clock = clock
        self._entropy = SystemEntropy()
        self._terms = terms_of(settings)
        self._stop = threading.Event()
        self._witness: Witness | None = None
        self._dispatching: Sequence[Dispatch] = ()
        self._stopping = asyncio.Event()
        self._looks = Looks(database, self._clock)
        self._live = Live(
            Boards(database, self._clock, self._terms.rules, settings.ladder.table()),
            Sessions(database, self._clock),
            self._looks,
            epoch=secrets.token_hex(4),
            others=line,
        )
        self._bells = bells
        bells.live = self._live
        self._refusals = Refusals()
        self._jobs = Jobs(
            database=database,
            clock=clock,
            entropy=self._entropy,
            terms=self._terms,
            announcer=self._bells,
            notary=notary_of(settings),
            refusals=self._refusals,
            weekly=weekly_of(settings, database),
            audit_kept_ms=settings.retention.audit_days * DAY_MS,
        )
        limits = limits_of(settings.retention)
        self._erasing = Erasing(
            database=database,
            clock=clock,
            entropy=self._entropy,
            terms=self._terms,
            limits=limits,
            announcer=self._bells,
        )
        self._locating = Locating(database, clock, self._entropy, self._terms, self._bells)
        self._retaining = Retaining(database=database, clock=clock, limits=limits)

    async def run(
        self,
        listening: socket.socket,
        sign_in: Sequence[str],
        ready: Callable[[Ready], None],
        signals: Collection[signal.Signals],
    ) -> None:
        for staff in sign_in:
            self._know(staff)
        for role in ROLES:
            _ROLE.labels(role).set(role in self._roles)
        self._jobs.keep_keys()
        if "jobs" in self._roles:
            self._jobs.sign_audit()
        web = HttpServer(
            create_app(
                self._services(),
                more=self._more_pages(),
                serves="everything" if "web" in self._roles else "operators",
            )
        )
        loop = asyncio.get_running_loop()
        for number in signals:
            loop.add_signal_handler(number, self._end, web)
        sinks = contextlib.ExitStack()
        if "jobs" in self._roles:
            self._dispatching = self._dispatches(sinks)
            self._bells.wakes += [each.wake for each in self._dispatching]
            self._witness = witness_of(self._settings, sinks, self._clock)
        try:
            async with asyncio.TaskGroup() as tasks:
                if "web" in self._roles:
                    tasks.create_task(self._live.run(self._stopping), name="live")
                tasks.create_task(self._web(web, listening), name="web")
                for name, work in self._threads():
                    tasks.create_task(self._thread(work, web), name=name)
                stop = partial(loop.call_soon_threadsafe, self._end, web)
                ready(self._ready(listening, sign_in, stop))
        finally:
            self._end(web)
            sinks.close()
        log.info("server_stopped")

    def _know(self, staff: str) -> None:
        """Refuse to begin with a link for nobody."""
        with self._database.read() as work:
            if work.registry.staff(StaffId(staff)) is None:
                raise UnknownStaffError(
                    f'there is no member of staff "{staff}"; add one with `shopbell-server seed`'
                )

    def _dispatches(self, stack: contextlib.ExitStack) -> list[Dispatch]:
        """Return one for every sink; each is closed when `stack` is."""
        settings = self._settings
        if settings.delivery.pairwise_key_file is None:
            return []
        pairwise = bytes.fromhex(secret_in(settings.delivery.pairwise_key_file))
        origin = Origin(
            root=settings.http.origin or f"http://{settings.http.host}:{settings.http.port}",
            tenant=TenantId(settings.tenant),
        )
        return [
            Dispatch(
                database=self._database,
                sink=stack.enter_context(contextlib.closing(sink_of(sink, self._clock))),
                to=Correspondence(
                    sink=sink.name,
                    user_id=sink.user_id,
                    key=sink_key(pairwise, sink.name),
                    origin=origin,
                    schedule_s=settings.delivery.schedule_s,
                ),
                clock=self._clock,
                chance=random.random,
            )
            for sink in settings.sinks
        ]

    def _more_pages(self) -> list[APIRouter]:
        """Return the pages that only some installations have."""
        shown = self._settings.demo
        return [] if shown is None else [demo_routes(Path(shown.folder))]

    def _threads(self) -> Iterator[tuple[str, Callable[[], None]]]:
        """Yield what this process does by its roles, each for a thread of its own."""
        if self._broker is not None:
            yield "broker", partial(self._broker.watch, self._stop)
        if "ingest" in self._roles:
            yield "ingest", partial(self._ingest().run, self._stop)
        if "jobs" in self._roles:
            yield "jobs", partial(self._jobs.run, self._stop)
            yield "retaining", partial(self._retaining.run, self._stop)
            yield "erasing", partial(self._erasing.run, self._stop)
            yield "locating", partial(self._locating.run, self._stop)
            for dispatch in self._dispatching:
                yield "dispatch", partial(dispatch.run, self._stop)
            if self._witness is not None:
                yield "witness", partial(self._witness.run, self._stop)
        elif "web" in self._roles:
            yield "refusals", self._write_refusals

    def _ingest(self) -> Ingest:
        settings = self._settings
        return Ingest(
            subscriber=self._line,
            intake=Intake(
                self._database,
                self._entropy,
                aes_block,
                self._terms,
                read_number_of(settings),
                mark_of(settings),
            ),
            edges=Edges(),
            announcer=self._bells,
            clock=self._clock,
            most=settings.gathering.most,
            wait_s=settings.gathering.wait_ms / 1000,
        )

    def _write_refusals(self) -> None:
        """Write whom this process did not let in, where another one has the jobs, until told to stop."""
        while not self._stop.wait(REFUSALS_ROUNDS * ROUND_S):
            with contextlib.suppress(
                DatabaseBusyError, DatabaseLostError
            ):  # they wait for the next
                self._jobs.write_refusals()

    async def _thread(self, work: Callable[[], None], web: HttpServer) -> None:
        """Run `work` in a thread of its own; when it ends, everything does.

        Not one of the loop's: those are few, and boards are read in them.
        """
        thread = ThreadPoolExecutor(max_workers=1)
        try:
            await asyncio.get_running_loop().run_in_executor(thread, work)
        finally:
            self._end(web)
            thread.shutdown(wait=False)

    async def _web(self, web: HttpServer, listening: socket.socket) -> None:
        try:
            await web.serve([listening])
        finally:
            self._end(web)

    def _end(self, web: HttpServer) -> None:
        self._stop.set()
        self._bells.wake()
        self._stopping.set()
        web.should_exit = True

    def _services(self) -> Services:
        settings = self._settings
        return Services(
            database=self._database,
            clock=self._clock,
            entropy=self._entropy,
            passwords=Argon2Passwords(),
            aes=aes_block,
            live=self._live,
            looks=self._looks,
            metrics=REGISTRY,
            checks=self._checks(),
            site=Site(
                retailer_uuid=settings.retailer.uuid,
                prefix=settings.retailer.prefix,
                power_dbm=settings.retailer.power_dbm,
                origin=settings.http.origin,
                sinks=frozenset(sink.name for sink in settings.sinks),
                rules=self._terms.rules,
                ladder=settings.ladder.table(),
                demo=settings.rules == "demo",
                guards=settings.identity.guards(),
                texts=texts_for(settings.privacy),
                notice=notice_of(settings.privacy),
            ),
            limits=allowances(settings.limits),
            refusals=self._refusals,
            mark_of=mark_of(settings),
        )

    def _checks(self) -> dict[str, Callable[[], str | None]]:
        """Return what this process cannot work without; boards and jobs do without a broker."""
        checks: dict[str, Callable[[], str | None]] = {}
        if "ingest" in self._roles:
            checks["broker"] = self._check_broker
        checks["disk"] = partial(without_room, written_folders(self._settings))
        return checks

    def _check_broker(self) -> str | None:
        return None if self._line.listening else "not connected: edges are not heard"

    def _ready(
        self, listening: socket.socket, sign_in: Sequence[str], stop: Callable[[], object]
    ) -> Ready:
        host, port = listening.getsockname()[:2]
        url = self._settings.http.origin or f"http://{in_url(host)}:{port}"
        log.info("server_started", url=url, tenant=self._settings.tenant)
        made = [
            make_link(self._database, self._entropy, self._clock.now_ms(), StaffId(staff))
            for staff in sign_in
        ]
        links = tuple(f"{url}/login?link={secret}" for secret in made)
        return Ready(url=url, sign_in=links, stop=stop)
