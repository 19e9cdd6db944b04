"""From settings to a running server: what it serves, and how it begins and ends.

Owns: the event loop, its tasks, and a thread for each of the `loops`.
The first of them to fail stops them all; the supervisor starts the process again.
"""

from __future__ import annotations

import asyncio
import contextlib
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
    accounts_of,
    in_url,
    listen,
    mark_of,
    open_database,
    signer_of,
    terms_of,
    written_folders,
)
from shopbell_server.config.limits import allowances
from shopbell_server.config.responsible import notice_of, texts_for
from shopbell_server.config.run import ROLES
from shopbell_server.core.ids import StaffId, TenantId
from shopbell_server.crypto import aes_block
from shopbell_server.ingest.board_changes import BoardChanges
from shopbell_server.ingest.embedded_broker import embedded_broker
from shopbell_server.lines import OperatorsLine, line_of
from shopbell_server.loops import Loops, Parts
from shopbell_server.system import SystemClock, SystemEntropy, without_room
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
from shopbell_server.web.services import Fleet, Services, Site

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Collection, Sequence

    from fastapi import APIRouter

    from shopbell_server.config.settings import Settings
    from shopbell_server.ingest.embedded_broker import EmbeddedBroker
    from shopbell_server.ports.world import ServerClock

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
        line = line_of(settings, broker, BoardChanges(settings.tenant, bells.heard))
        stack.enter_context(line)
        parts = Parts(
            settings=settings,
            database=database,
            line=line,
            broker=broker,
            bells=bells,
            clock=clock or SystemClock(),
            entropy=SystemEntropy(),
            terms=terms_of(settings),
            refusals=Refusals(),
        )
        await _Server(parts, Loops(parts, stack)).run(listening, sign_in, ready, signals)


class _Server:
    """One process: its pages, and how its loops run."""

    def __init__(self, parts: Parts, loops: Loops) -> None:
        self._parts = parts
        self._settings = settings = parts.settings
        self._database = database = parts.database
        self._clock = clock = parts.clock
        self._loops = loops
        self._stop = threading.Event()
        self._stopping = asyncio.Event()
        self._looks = Looks(database, clock)
        self._live = Live(
            Boards(database, clock, parts.terms.rules, settings.ladder.table()),
            Sessions(database, clock),
            self._looks,
            epoch=secrets.token_hex(4),
            others=parts.line,
        )
        parts.bells.live = self._live

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
            _ROLE.labels(role).set(self._parts.has(role))
        self._loops.prepare()
        web = HttpServer(
            create_app(
                self._services(),
                more=self._more_pages(),
                serves="everything" if self._parts.has("web") else "operators",
            )
        )
        loop = asyncio.get_running_loop()
        for number in signals:
            loop.add_signal_handler(number, self._end, web)
        try:
            async with asyncio.TaskGroup() as tasks:
                if self._parts.has("web"):
                    tasks.create_task(self._live.run(self._stopping), name="live")
                tasks.create_task(self._web(web, listening), name="web")
                for name, work in self._loops.each():
                    tasks.create_task(self._thread(partial(work, self._stop), web), name=name)
                stop = partial(loop.call_soon_threadsafe, self._end, web)
                ready(self._ready(listening, sign_in, stop))
        finally:
            self._end(web)
        log.info("server_stopped")

    def _know(self, staff: str) -> None:
        """Refuse to begin with a link for nobody."""
        with self._database.read() as work:
            if work.registry.staff(StaffId(staff)) is None:
                raise UnknownStaffError(
                    f'there is no member of staff "{staff}"; add one with `shopbell-server seed`'
                )

    def _more_pages(self) -> list[APIRouter]:
        """Return the pages that only some installations have."""
        shown = self._settings.demo
        return [] if shown is None else [demo_routes(Path(shown.folder))]

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
        self._parts.bells.wake()
        self._stopping.set()
        web.should_exit = True

    def _services(self) -> Services:
        settings = self._settings
        return Services(
            database=self._database,
            clock=self._clock,
            entropy=self._parts.entropy,
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
                rules=self._parts.terms.rules,
                ladder=settings.ladder.table(),
                demo=settings.rules == "demo",
                guards=settings.identity.guards(),
                user_id=settings.channels.user_id,
                texts=texts_for(settings.privacy),
                notice=notice_of(settings.privacy),
            ),
            limits=allowances(settings.limits),
            refusals=self._parts.refusals,
            accounts=accounts_of(settings, self._clock),
            fleet=self._fleet(),
            mark_of=mark_of(settings),
        )

    def _fleet(self) -> Fleet:
        orders = self._settings.orders
        return Fleet(
            tenant=TenantId(self._settings.tenant),
            line=OperatorsLine(self._settings),
            sign=None if orders is None else signer_of(orders).sign,
        )

    def _checks(self) -> dict[str, Callable[[], str | None]]:
        """Return what this process cannot work without; boards and jobs do without a broker."""
        checks: dict[str, Callable[[], str | None]] = {}
        if self._parts.has("ingest"):
            checks["broker"] = self._check_broker
        checks["disk"] = partial(without_room, written_folders(self._settings))
        return checks

    def _check_broker(self) -> str | None:
        return None if self._parts.line.listening else "not connected: edges are not heard"

    def _ready(
        self, listening: socket.socket, sign_in: Sequence[str], stop: Callable[[], object]
    ) -> Ready:
        host, port = listening.getsockname()[:2]
        url = self._settings.http.origin or f"http://{in_url(host)}:{port}"
        log.info("server_started", url=url, tenant=self._settings.tenant)
        made = [
            make_link(self._database, self._parts.entropy, self._clock.now_ms(), StaffId(staff))
            for staff in sign_in
        ]
        links = tuple(f"{url}/login?link={secret}" for secret in made)
        return Ready(url=url, sign_in=links, stop=stop)
