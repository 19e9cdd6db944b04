"""The daemon: which adapters there are, which tasks run, and what happens when one fails.

The first task to fail stops them all, and the supervisor starts the process again: what was heard is
in the spool.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import secrets
import signal
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec
import structlog

from shopbell_edge.adapters.ble.management import Management
from shopbell_edge.adapters.ble.radio import BluetoothRadio
from shopbell_edge.adapters.camera.folder import Folder
from shopbell_edge.adapters.camera.live import LiveCamera
from shopbell_edge.adapters.camera.messages import Live
from shopbell_edge.adapters.clock import system_clock
from shopbell_edge.adapters.feedback.journal import Journal
from shopbell_edge.adapters.feedback.led import Led
from shopbell_edge.adapters.feedback.pulses import Pulses as LightOrSound
from shopbell_edge.adapters.metrics import MetricsPage
from shopbell_edge.adapters.mqtt.broker import Broker, Tls
from shopbell_edge.adapters.mqtt.uplink import MqttUplink
from shopbell_edge.adapters.socket_radio import SocketRadio
from shopbell_edge.adapters.spool.batches import Speaker
from shopbell_edge.adapters.spool.disk import Room
from shopbell_edge.adapters.spool.sqlite import SqliteSpool
from shopbell_edge.adapters.systemd import Systemd
from shopbell_edge.adapters.usb_scanner.input_device import InputDevice, KernelInputDevices
from shopbell_edge.adapters.usb_scanner.reader import UsbScanner
from shopbell_edge.adapters.usb_scanner.serial_port import SerialPort
from shopbell_edge.config import meaning, tables
from shopbell_edge.config.feedback import led_folder
from shopbell_edge.core.answering import CAMERA, HANDHELD
from shopbell_edge.core.liveness import BeatRules
from shopbell_edge.core.management import taking
from shopbell_edge.core.packet_filter import program
from shopbell_edge.core.recovery import Recovery
from shopbell_edge.core.repeats import Repeats
from shopbell_edge.core.roster import Roster
from shopbell_edge.core.sealing import seal_number
from shopbell_edge.core.tally import Tally
from shopbell_edge.core.units import ScannerName
from shopbell_edge.tasks.beat import anchor_clock, feed_watchdog, keep_status
from shopbell_edge.tasks.drain import PULSE, drain
from shopbell_edge.tasks.listen import Listening
from shopbell_edge.tasks.look import Looking
from shopbell_edge.tasks.pulses import Pulses
from shopbell_program.hpke import Sealer
from shopbell_program.settings import Fault, SettingsError
from shopbell_wire.messages import ScannerStatus, Status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from shopbell_edge.config.tables import Camera, Settings
    from shopbell_edge.core.answering import Habits
    from shopbell_edge.core.codes import Symbology
    from shopbell_edge.core.interest import Look
    from shopbell_edge.core.units import Boottime
    from shopbell_edge.core.usual import Usual
    from shopbell_edge.ports import CodeReader, EdgeClock, Feedback, Radio, Spool, Uplink

    Seal = Callable[[str], str]

log = structlog.get_logger()

SYSTEM_ERR_MS = 100
"""What `source = "system"` vouches for: virtual machines and laptops are kept by their hosts."""


async def run(settings: Settings, notify_socket: str | None) -> None:
    """Run every task until SIGTERM or SIGINT, or until one fails.

    Raises OSError (SpoolBusyError, SpoolLostError among them) when the spool's place cannot be used,
    RadioLostError when a radio cannot be made to hear, SettingsError as `sealing` does.
    """
    seal = sealing(settings)
    clock = system_clock(settings.clock.source, err_ms=SYSTEM_ERR_MS)
    speaker = Speaker(
        edge=settings.edge, stream=secrets.token_hex(16), software=version("shopbell")
    )
    tally = Tally()
    describe = _describing(settings, speaker, clock, tally)
    uplink = MqttUplink(_broker(settings), describe)
    room = Room(total_bytes=settings.spool.size_mib * 1024 * 1024)
    async with contextlib.AsyncExitStack() as stack:
        supervisor = stack.enter_context(Systemd(notify_socket))
        page = None
        if settings.metrics is not None:
            page = stack.enter_context(
                MetricsPage(settings.metrics.host, settings.metrics.port, tally)
            )
        spool = await stack.enter_async_context(
            SqliteSpool(Path(settings.spool.path), speaker, clock.now(), room=room)
        )
        pulses = Pulses(clock, [PULSE, *(radio.scanner for radio in settings.radios)])
        beat = BeatRules()
        async with asyncio.TaskGroup() as tasks:
            everything = [
                tasks.create_task(uplink.run(), name="uplink"),
                tasks.create_task(
                    drain(
                        spool,
                        uplink,
                        clock,
                        pulses,
                        rules=meaning.send_rules(settings),
                        roll=random.random,
                    ),
                    name="drain",
                ),
                tasks.create_task(feed_watchdog(supervisor, pulses, beat), name="watchdog"),
                tasks.create_task(keep_status(uplink, clock, describe, beat), name="status"),
                tasks.create_task(anchor_clock(spool, clock, beat), name="anchor"),
            ]
            pace = meaning.pace(settings)
            for listening, radio in _listening(settings, spool, clock, tally):
                alive = _telling(pulses, radio.scanner)
                task = listening.run(_online(uplink), pace, alive)
                everything.append(tasks.create_task(task, name=f"listen-{radio.scanner}"))
            for looking, reader in _looking(settings, seal, spool, clock, tally):
                everything.append(tasks.create_task(looking.run(), name=f"look-{reader.scanner}"))
            if page is not None:
                everything.append(tasks.create_task(_keep_depth(page, spool), name="depth"))
            _stop_on_signal(everything)
            supervisor.ready()
            log.info("edge_started", edge=settings.edge, version=speaker.software)
        supervisor.stopping()
        log.info("edge_stopped", edge=settings.edge)


def radio_of(
    settings: Settings, radio: tables.Radio, look: Look[Usual], boottime: Callable[[], Boottime]
) -> Radio:
    """Return the adapter that hears for `radio`; one that hears every stranger takes a `look` first."""
    if isinstance(radio, tables.SocketRadio):
        return SocketRadio(Path(radio.path), scanner=radio.scanner)
    return BluetoothRadio(
        radio.adapter,
        look=look,
        boottime=boottime,
        recovery=Recovery(silent_s=radio.silent_s),
        uniform=random.uniform,
        management=None if radio.hear == "bleak" else _management(settings, radio),
    )


def _management(settings: Settings, radio: tables.BluetoothRadio) -> Management:
    retailer = meaning.retailer(settings)
    return Management(
        taking=lambda controller: taking(controller, retailer),
        program=lambda controller: program(controller, retailer),
        insists=radio.hear == "management",
    )


def roster_of(settings: Settings, radio: tables.Radio) -> Roster:
    """Return who is near `radio`: nobody yet."""
    return Roster(
        scanner=ScannerName(radio.scanner),
        retailer=meaning.retailer(settings),
        rules=meaning.presence_rules(settings, radio),
    )


def _listening(
    settings: Settings, spool: Spool, clock: EdgeClock, tally: Tally
) -> Iterator[tuple[Listening, Radio]]:
    for each in settings.radios:
        roster = roster_of(settings, each)
        radio = radio_of(settings, each, roster.look, clock.boottime)
        yield Listening(radio, roster, spool, clock, tally), radio


def _looking(
    settings: Settings, seal: Seal, spool: Spool, clock: EdgeClock, tally: Tally
) -> Iterator[tuple[Looking, CodeReader]]:
    numbers = meaning.number_rules(settings)
    retail = list(dict.fromkeys(rule.symbology for rule in numbers))
    for reader, habits, feedback in _readers(settings, retail, tally):
        looking = Looking(
            reader=reader,
            repeats=Repeats(
                key=secrets.token_bytes(16), hold_ms=round(settings.codes.repeat_s * 1000)
            ),
            numbers=numbers,
            seal=seal,
            spool=spool,
            clock=clock,
            tally=tally,
            habits=habits,
            feedback=feedback,
        )
        yield looking, reader


def _readers(
    settings: Settings, retail: Sequence[Symbology], tally: Tally
) -> Iterator[tuple[CodeReader, Habits, list[Feedback]]]:
    """Yield all that reads codes, how it is used, and how it answers."""
    for camera in settings.cameras:
        reader = reader_of(camera, retail=retail, tally=tally)
        yield reader, CAMERA, _feedback(camera.feedback, reader.scanner, None)
    for each in settings.usb_scanners:
        scanner = usb_scanner_of(each)
        yield scanner, HANDHELD, _feedback(each.feedback, scanner.scanner, scanner)


def usb_scanner_of(scanner: tables.UsbScanner) -> UsbScanner:
    """Return what reads codes for `scanner`."""

    def attach() -> InputDevice | SerialPort:
        if isinstance(scanner, tables.EvdevScanner):
            return InputDevice(scanner.device, KernelInputDevices())
        return SerialPort(scanner.device, scanner.baud)

    name = ScannerName(scanner.scanner)
    return UsbScanner(name, attach, identifiers=scanner.identifiers)


def _feedback(ways: Sequence[str], scanner: ScannerName, bell: UsbScanner | None) -> list[Feedback]:
    feedback: list[Feedback] = []
    for way in ways:
        folder = led_folder(way)
        if folder is not None:
            feedback.append(LightOrSound(Led(folder)))
        elif way == "beep" and bell is not None:
            feedback.append(LightOrSound(bell))
        elif way == "log":
            feedback.append(Journal(scanner))
    return feedback


def reader_of(camera: Camera, *, retail: Sequence[Symbology], tally: Tally) -> CodeReader:
    """Return what reads codes for `camera`, barcodes of the symbologies `retail` too.

    It needs the extra `qr`, of which the daemon itself loads nothing: the decoder is a process of its own.
    """
    scanner = ScannerName(camera.scanner)

    def count(what: str, many: int) -> None:
        tally.cameras[scanner, what] += many

    if camera.folder is not None:
        return Folder(
            scanner,
            Path(camera.folder),
            consume=camera.consume,
            retail=retail,
            count=count,
            uniform=random.uniform,
        )
    task = Live(
        device=camera.device or 0, width=camera.width, height=camera.height, retail=tuple(retail)
    )
    return LiveCamera(scanner, task, count, random.uniform)


def sealing(settings: Settings) -> Seal:
    """Return what closes a loyalty number; SettingsError if nothing can be closed to the server's key."""
    if settings.numbers is None:
        return lambda _number: ""  # never asked: without shapes no code is a number
    try:
        sealer = Sealer(meaning.number_key(settings.numbers))
    except ValueError as error:
        fault = Fault(key="numbers.key_file", problem=str(error))
        raise SettingsError(settings.numbers.key_file, [fault]) from None
    return lambda number: seal_number(number, settings.tenant, settings.edge, sealer.seal)


def _broker(settings: Settings) -> Broker:
    broker = settings.broker
    tls = broker.tls
    return Broker(
        host=broker.host,
        port=broker.port,
        tenant=settings.tenant,
        edge=settings.edge,
        version=broker.protocol,
        username=broker.username,
        password_file=None if broker.password_file is None else Path(broker.password_file),
        tls=None
        if tls is None
        else Tls(
            ca=Path(tls.ca_file),
            certificate=None if tls.cert_file is None else Path(tls.cert_file),
            key=None if tls.key_file is None else Path(tls.key_file),
            minimum=tls.minimum,
        ),
        keepalive_s=broker.keepalive_s,
    )


def _describing(
    settings: Settings, speaker: Speaker, clock: EdgeClock, tally: Tally
) -> Callable[[int, Literal["online", "offline"]], Status]:
    digest = sha256(msgspec.json.encode(settings)).hexdigest()[:16]

    def describe(conn: int, state: Literal["online", "offline"]) -> Status:
        return Status(
            edge=settings.edge,
            stream=speaker.stream,
            conn=conn,
            state=state,
            version=speaker.software,
            config=f"sha256:{digest}",
            clock=clock.now(),
            scanners=(
                *(
                    ScannerStatus(
                        scanner=each.scanner, kind="ble", state=_hearing(tally, each.scanner)
                    )
                    for each in settings.radios
                ),
                *(
                    ScannerStatus(
                        scanner=each.scanner, kind="camera", state=_hearing(tally, each.scanner)
                    )
                    for each in settings.cameras
                ),
                *(
                    ScannerStatus(
                        scanner=each.scanner,
                        kind="evdev" if isinstance(each, tables.EvdevScanner) else "serial",
                        state=_hearing(tally, each.scanner),
                    )
                    for each in settings.usb_scanners
                ),
            ),
        )

    return describe


def _hearing(tally: Tally, scanner: str) -> Literal["hearing", "blind", "suspect"]:
    """Return how a scanner hears; one that has not said so yet is not hearing."""
    return tally.hearing.get(scanner, ("blind", ""))[0]


def _online(uplink: Uplink) -> Callable[[], bool]:
    return lambda: uplink.online


def _telling(pulses: Pulses, name: str) -> Callable[[], None]:
    return lambda: pulses.tell(name)


async def _keep_depth(page: MetricsPage, spool: Spool) -> None:
    """Keep the figures of the spool fresh: it has one thread, and a page must not wait for it."""
    while True:
        page.depth = await spool.depth()
        await asyncio.sleep(5)


def _stop_on_signal(tasks: list[asyncio.Task[None]]) -> None:
    loop = asyncio.get_running_loop()

    def stop() -> None:
        for task in tasks:
            task.cancel()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)


def notify_socket() -> str | None:
    """Return where systemd wants to be told, if this process is its child."""
    return os.environ.get("NOTIFY_SOCKET")
