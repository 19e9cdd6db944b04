"""The daemon: which tasks run, in rounds, and what happens when one fails.

A round is all that a process does, with one stream and one set of settings. It ends when the server's order
wants another one. The first task to fail ends the process, and the supervisor starts it again: what was heard
is in the spool. Only under settings that have yet to prove themselves the last good ones take their place.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import secrets
import signal
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from shopbell_edge.adapters.capabilities import keep_capabilities
from shopbell_edge.adapters.clock import system_clock
from shopbell_edge.adapters.exit_note import ExitNote
from shopbell_edge.adapters.feedback.borrowed_led import give_back
from shopbell_edge.adapters.machine import MachineFiles
from shopbell_edge.adapters.mqtt.uplink import MqttUplink
from shopbell_edge.adapters.order_book import FileOrderBook
from shopbell_edge.adapters.spool.batches import Speaker
from shopbell_edge.adapters.spool.disk import Room
from shopbell_edge.adapters.spool.sqlite import SqliteSpool
from shopbell_edge.adapters.systemd import Systemd
from shopbell_edge.assembly import Crew, broker_of, sealing, verifying
from shopbell_edge.config import meaning
from shopbell_edge.config.feedback import LEDS
from shopbell_edge.core.doctor.machine import machine
from shopbell_edge.core.liveness import BeatRules
from shopbell_edge.core.restraint import Restraint
from shopbell_edge.core.standing import Book
from shopbell_edge.core.tally import Tally
from shopbell_edge.ports import RadioLostError
from shopbell_edge.tasks.beat import anchor_clock, feed_watchdog, keep_status
from shopbell_edge.tasks.checkup import OwnCheckup
from shopbell_edge.tasks.describing import describing
from shopbell_edge.tasks.drain import PULSE, drain
from shopbell_edge.tasks.obey import Hands, Obeying, Who
from shopbell_edge.tasks.pulses import Pulses
from shopbell_edge.tasks.standing import begun, faults
from shopbell_program.whereabouts import leaf_of, place_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from shopbell_edge.adapters.clock import SystemClock
    from shopbell_edge.adapters.metrics import MetricsPage, Situation
    from shopbell_edge.config.reading import OwnFile
    from shopbell_edge.config.tables import Settings
    from shopbell_edge.ports import Spool, Supervisor

    Seal = Callable[[str], str]

log = structlog.get_logger()

PAGE_S = 5
"""How old what a page says of the spool may be: a third of Prometheus's usual quarter of a minute."""

SYSTEM_ERR_MS = 100
"""What `source = "system"` vouches for: virtual machines and laptops are kept by their hosts."""


async def run(own: OwnFile, notify_socket: str | None) -> None:
    """Run round after round until SIGTERM or SIGINT, or until a task fails.

    Raises OSError (SpoolBusyError, SpoolLostError among them) when the spool's place cannot be used,
    RadioLostError when a radio cannot be made to hear, SettingsError as `sealing` does.
    """
    keep_capabilities()
    settings = own.settings
    seal = sealing(settings)
    tally = Tally()
    end = _End()
    with contextlib.ExitStack() as stack:
        supervisor = stack.enter_context(Systemd(notify_socket))
        page = None
        if settings.metrics is not None:
            # Prometheus's client brings a web server along: 3 MB, for those who ask for the page.
            from shopbell_edge.adapters.metrics import MetricsPage  # noqa: PLC0415  # as said above

            page = stack.enter_context(
                MetricsPage(settings.metrics.host, settings.metrics.port, tally)
            )
        clock = system_clock(settings.clock.source, err_ms=SYSTEM_ERR_MS)
        spool = Path(settings.spool.path)
        exits = ExitNote(spool.with_name(f"{spool.name}.exit"))
        process = _Process(
            own=own,
            who=Who(tenant=settings.tenant, edge=settings.edge, verify=verifying(settings)),
            seal=seal,
            clock=clock,
            exits=exits,
            restraint=Restraint(exited=exits.read(clock.now())),
            tally=tally,
            supervisor=supervisor,
            page=page,
            end=end,
        )
        end.listen()
        failure = None
        while not end.wanted:
            one = _Round(process)
            try:
                await one.run(failure)
                failure = None
            except Exception as error:
                if not one.on_trial:
                    raise
                failure = _said(error)
                log.error("settings_failed", reason=failure)  # noqa: TRY400  # in words, not frames
        supervisor.stopping()
        log.info("edge_stopped", edge=settings.edge)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Process:
    """What lasts from round to round."""

    own: OwnFile
    who: Who
    seal: Seal
    clock: SystemClock
    exits: ExitNote
    restraint: Restraint
    tally: Tally
    supervisor: Supervisor
    page: MetricsPage | None
    end: _End


class _Round:
    """All tasks, from the opening of the spool until one of them ends."""

    def __init__(self, process: _Process) -> None:
        self._process = process
        self._book = Book()
        self._obeying: Obeying | None = None
        self._speaker = Speaker(
            edge=process.own.settings.edge,
            stream=secrets.token_hex(16),
            software=version("shopbell"),
        )

    @property
    def on_trial(self) -> bool:
        """Whether it runs, or ran, under settings that had not proved themselves."""
        trial = self._book.trial
        # Not others that were ordered meanwhile: they are not to blame for what fails here.
        return trial is not None and (self._obeying is None or self._obeying.trial == trial)

    async def run(self, failure: str | None) -> None:
        """Run until an order wants another round, or the process shall end; raise what a task raises.

        `failure` is why the round before ended, if settings on trial are to blame.
        """
        process, settings = self._process, self._process.own.settings
        process.supervisor.alive()
        path = Path(settings.spool.path)
        room = Room(total_bytes=settings.spool.size_mib * 1024 * 1024)
        async with SqliteSpool(path, self._speaker, process.clock.now(), room=room) as spool:
            # From here on nobody else uses what lies beside the spool.
            note = path.with_name(f"{path.name}.lamp")
            give_back(note, LEDS)
            keeper = FileOrderBook(path.with_name(f"{path.name}.orders"))
            self._book, settings = begun(_read(keeper), process.own, process.who, failure)
            try:
                await keeper.keep(self._book)
            except OSError as error:
                log.error("orders_not_kept", reason=error.strerror or str(error))  # noqa: TRY400  # it has it all
            try:
                await self._tasks(settings, spool, keeper, room, note)
            except* RadioLostError:
                if not self.on_trial:
                    # Where the disk takes nothing, the supervisor's own patience is left.
                    with contextlib.suppress(OSError):
                        process.exits.write(process.clock.now())
                raise

    async def _tasks(
        self, settings: Settings, spool: Spool, keeper: FileOrderBook, room: Room, note: Path
    ) -> None:
        process, clock, tally = self._process, self._process.clock, self._process.tally
        document = self._book.in_force
        in_force = None if document is None else document.number
        describe = describing(
            settings,
            clock,
            tally,
            stream=self._speaker.stream,
            software=self._speaker.software,
            in_force=in_force,
        )
        uplink = MqttUplink(broker_of(settings), describe)
        pulses = Pulses(clock, [PULSE, *(radio.scanner for radio in settings.radios)])
        beat = BeatRules()
        crew = Crew(
            settings=settings,
            seal=process.seal,
            spool=spool,
            uplink=uplink,
            clock=clock,
            pulses=pulses,
            tally=tally,
            restraint=process.restraint,
        )
        scanners = crew.scanners()
        checkup = OwnCheckup(
            spool=spool,
            uplink=uplink,
            clock=clock,
            tally=tally,
            room_bytes=room.total_bytes,
            in_force=in_force,
            on_trial=lambda: self.on_trial,
            machine=lambda: machine(MachineFiles().machine(self._speaker.software)),
        )
        hands = Hands(
            faults=partial(faults, process.own),
            scanners=scanners,
            checkup=checkup,
            showing=crew.showing(note),
        )
        self._obeying = Obeying(
            process.who,
            hands,
            self._book,
            keeper=keeper,
            uplink=uplink,
            spool=spool,
            clock=clock,
            proof_s=meaning.proof_s(settings),
        )
        rules = meaning.send_rules(settings)
        work = {
            "uplink": uplink.run(),
            "drain": drain(
                spool, uplink, clock, pulses, rules=rules, hush=crew.hush, roll=random.random
            ),
            "watchdog": feed_watchdog(process.supervisor, pulses, beat),
            "status": keep_status(uplink, clock, describe, beat),
            "anchor": anchor_clock(spool, clock, beat),
            **{f"scanner-{name}": attended.run() for name, attended in scanners.items()},
        }
        if process.page is not None:
            from shopbell_edge.adapters.metrics import Situation  # noqa: PLC0415  # loaded with the page

            def situation() -> Situation:
                now, disputed = clock.now(), clock.disputed
                return Situation(
                    clock=now, disputed=disputed, online=uplink.online, in_force=in_force
                )

            work["page"] = _keep_page(process.page, spool, situation)
        async with asyncio.TaskGroup() as tasks:
            everything = [tasks.create_task(each, name=name) for name, each in work.items()]
            obeying = tasks.create_task(self._obeying.run(), name="obey")
            obeying.add_done_callback(lambda _: _cancel(everything))
            process.end.cancels([*everything, obeying])
            process.supervisor.ready()
            log.info(
                "edge_started",
                edge=settings.edge,
                version=self._speaker.software,
                in_force=in_force,
            )


class _End:
    """What a signal asks for: that this process ends, in good order, whatever it is at."""

    def __init__(self) -> None:
        self.wanted = False
        self._tasks: list[asyncio.Task[None]] = []

    def listen(self) -> None:
        """Heed SIGTERM and SIGINT from here on."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._want)

    def cancels(self, tasks: list[asyncio.Task[None]]) -> None:
        """Cancel `tasks` then, or at once if it has been wanted already."""
        self._tasks = tasks
        if self.wanted:
            _cancel(tasks)

    def _want(self) -> None:
        self.wanted = True
        _cancel(self._tasks)


def _cancel(tasks: Iterable[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()


def _read(keeper: FileOrderBook) -> Book:
    """Return what was ordered; nothing, and a word in the log, where that cannot be read."""
    try:
        found = keeper.read()
    except OSError as error:
        log.error("orders_unreadable", reason=error.strerror or str(error))  # noqa: TRY400  # it has it all
        return Book()
    if isinstance(found, Book):
        return found
    log.error("orders_corrupt", set_aside=found.name)
    return Book()


def _said(error: BaseException) -> str:
    """Return what failed: the words of an error that is meant for people, else where it was."""
    error = leaf_of(error)
    if isinstance(error, OSError):
        return str(error)
    return f"{type(error).__qualname__} at {place_of(error)}"


async def _keep_page(page: MetricsPage, spool: Spool, situation: Callable[[], Situation]) -> None:
    """Keep the figures fresh: the spool has one thread, and a page must not wait for it."""
    while True:
        page.depth = await spool.depth()
        page.situation = situation()
        await asyncio.sleep(PAGE_S)


def notify_socket() -> str | None:
    """Return where systemd wants to be told, if this process is its child."""
    return os.environ.get("NOTIFY_SOCKET")
