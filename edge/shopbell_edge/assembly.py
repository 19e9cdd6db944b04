"""The adapters and tasks that settings ask for.

Owns: which adapter stands behind which table of the settings, and what each is given to work with.
Never: runs anything (`daemon`).
"""

from __future__ import annotations

import random
import secrets
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from shopbell_edge.adapters.ble.management import Management
from shopbell_edge.adapters.ble.radio import BluetoothRadio
from shopbell_edge.adapters.camera.folder import Folder
from shopbell_edge.adapters.camera.live import LiveCamera
from shopbell_edge.adapters.camera.messages import Live
from shopbell_edge.adapters.feedback.borrowed_led import BorrowedLed
from shopbell_edge.adapters.feedback.journal import Journal
from shopbell_edge.adapters.feedback.led import Led
from shopbell_edge.adapters.feedback.light_or_sound import LightOrSound
from shopbell_edge.adapters.mqtt.broker import Broker, Tls
from shopbell_edge.adapters.socket_radio import SocketRadio
from shopbell_edge.adapters.usb_scanner.bell import Bell
from shopbell_edge.adapters.usb_scanner.input_device import InputDevice, KernelInputDevices
from shopbell_edge.adapters.usb_scanner.reader import UsbScanner
from shopbell_edge.adapters.usb_scanner.serial_port import SerialPort
from shopbell_edge.config import meaning, tables
from shopbell_edge.config.feedback import LEDS, led_folder
from shopbell_edge.core.answering import CAMERA, HANDHELD
from shopbell_edge.core.heartbeat_beacon import beside
from shopbell_edge.core.hush import Hush
from shopbell_edge.core.management import taking
from shopbell_edge.core.measuring import Measuring
from shopbell_edge.core.packet_filter import program
from shopbell_edge.core.recovery import Recovery
from shopbell_edge.core.repeats import Repeats
from shopbell_edge.core.roster import Roster
from shopbell_edge.core.sealing import seal_number
from shopbell_edge.core.units import ScannerName
from shopbell_edge.tasks.attending import Attended
from shopbell_edge.tasks.listen import Listening
from shopbell_edge.tasks.look import Looking
from shopbell_edge.tasks.showing import BEEP_EVERY, Showing
from shopbell_program.places import address
from shopbell_program.settings import Fault, SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence
    from typing import Any

    from shopbell_edge.config.tables import Camera, Settings
    from shopbell_edge.core.answering import Habits
    from shopbell_edge.core.codes import Symbology
    from shopbell_edge.core.interest import Look
    from shopbell_edge.core.restraint import Restraint
    from shopbell_edge.core.tally import Tally
    from shopbell_edge.core.units import Boottime
    from shopbell_edge.core.usual import Usual
    from shopbell_edge.ports import CodeReader, EdgeClock, Feedback, Radio, Sign, Spool, Uplink
    from shopbell_edge.tasks.pulses import Pulses
    from shopbell_wire.orders import Verify

    Seal = Callable[[str], str]
    Make = Callable[[], Coroutine[Any, Any, None]]
    Reading = tuple[CodeReader, Habits, list[Feedback]]


def radio_of(  # noqa: PLR0913  (what it works with; the last three have defaults)
    settings: Settings,
    radio: tables.Radio,
    look: Look[Usual],
    boottime: Callable[[], Boottime],
    recovery: Recovery | None = None,
    *,
    restraint: Restraint | None = None,
    silence_counts: Callable[[], bool] = lambda: True,
) -> Radio:
    """Return the adapter that hears for `radio`; one that hears every stranger takes a `look` first.

    It is as patient as the settings say, or as `recovery`; the rest is as of BluetoothRadio.
    """
    if isinstance(radio, tables.SocketRadio):
        return SocketRadio(Path(radio.path), scanner=radio.scanner)
    return BluetoothRadio(
        radio.adapter,
        look=look,
        boottime=boottime,
        recovery=recovery or Recovery(silent_s=radio.silent_s, check_s=radio.silent_s / 3),
        uniform=random.uniform,
        management=None if radio.hear == "bleak" else _management(settings, radio),
        restraint=restraint,
        silence_counts=silence_counts,
    )


def _management(settings: Settings, radio: tables.BluetoothRadio) -> Management:
    sought = meaning.sought(settings)
    return Management(
        taking=lambda controller: taking(controller, *sought),
        program=lambda controller, sample: program(controller, *sought, sample=sample),
        insists=radio.hear == "management",
    )


def measuring_of(settings: Settings, radio: tables.Radio) -> Measuring:
    """Return what measures `radio` by the store's heartbeat beacon, if it has one."""
    told = settings.heartbeat
    if told is None:
        return Measuring()
    return Measuring(
        meaning.beacon(settings),
        interval_ms=told.interval_ms,
        duty=radio.duty,
        longest_gap_ms=meaning.longest_gap_ms(settings, radio),
    )


def roster_of(settings: Settings, radio: tables.Radio, hush: Hush) -> Roster:
    """Return who is near `radio`: nobody yet. Of tokens that `hush` covers it says nothing."""
    return Roster(
        scanner=ScannerName(radio.scanner),
        retailer=meaning.retailer(settings),
        rules=meaning.presence_rules(settings, radio),
        hush=hush,
    )


@dataclass(slots=True, kw_only=True)
class Crew:
    """Makes the tasks of all scanners. Each may be made anew, whenever it is begun anew."""

    settings: Settings
    seal: Seal
    spool: Spool
    uplink: Uplink
    clock: EdgeClock
    pulses: Pulses
    tally: Tally
    restraint: Restraint
    hush: Hush = field(default_factory=Hush)
    """What the server said of tokens holds at every scanner."""
    _usb: dict[str, UsbScanner] = field(default_factory=dict)

    def scanners(self) -> dict[str, Attended]:
        """Return the task of each scanner, by the name that events carry."""
        settings = self.settings
        return {
            **{each.scanner: Attended(self._listening(each)) for each in settings.radios},
            **{
                each.scanner: Attended(self._looking(self._camera(each)))
                for each in settings.cameras
            },
            **{
                each.scanner: Attended(self._looking(self._handheld(each)))
                for each in settings.usb_scanners
            },
        }

    def showing(self, note: Path) -> Showing:
        """Return what shows this machine: its lamp, else a serial scanner. `note` is as of BorrowedLed."""
        lamp = BorrowedLed(LEDS / self.settings.identify.led, note)
        signs: list[tuple[Sign, int]] = [(lamp, 1)]
        signs += [
            (Bell(partial(self._usb.__getitem__, each.scanner)), BEEP_EVERY)
            for each in self.settings.usb_scanners
            if isinstance(each, tables.SerialScanner)
        ]
        return Showing(signs)

    def _listening(self, radio: tables.Radio) -> Make:
        def make() -> Coroutine[Any, Any, None]:
            roster = roster_of(self.settings, radio, self.hush)
            closing = meaning.closing(self.settings)
            adapter = radio_of(
                self.settings,
                radio,
                beside(meaning.beacon(self.settings), roster.look),
                self.clock.boottime,
                restraint=self.restraint,
                silence_counts=lambda: closing.judged,
            )
            listening = Listening(
                adapter,
                roster,
                self.spool,
                self.clock,
                self.tally,
                measuring=measuring_of(self.settings, radio),
                closing=closing,
            )
            return listening.run(
                lambda: self.uplink.online,
                meaning.pace(self.settings),
                partial(self.pulses.tell, radio.scanner),
            )

        return make

    def _looking(self, reading: Callable[[], Reading]) -> Make:
        numbers = meaning.number_rules(self.settings)

        def make() -> Coroutine[Any, Any, None]:
            reader, habits, feedback = reading()
            looking = Looking(
                reader=reader,
                repeats=Repeats(
                    key=secrets.token_bytes(16),
                    hold_ms=round(self.settings.codes.repeat_s * 1000),
                ),
                numbers=numbers,
                seal=self.seal,
                spool=self.spool,
                clock=self.clock,
                pulses=self.pulses,
                tally=self.tally,
                habits=habits,
                feedback=feedback,
            )
            return looking.run()

        return make

    def _camera(self, camera: Camera) -> Callable[[], Reading]:
        numbers = meaning.number_rules(self.settings)
        retail = list(dict.fromkeys(rule.symbology for rule in numbers))

        def reading() -> Reading:
            reader = reader_of(camera, retail=retail, tally=self.tally)
            return reader, CAMERA, _feedback(camera.feedback, reader.scanner, None)

        return reading

    def _handheld(self, each: tables.UsbScanner) -> Callable[[], Reading]:
        def reading() -> Reading:
            scanner = self._usb[each.scanner] = usb_scanner_of(each)
            return scanner, HANDHELD, _feedback(each.feedback, scanner.scanner, scanner)

        return reading


def usb_scanner_of(scanner: tables.UsbScanner) -> UsbScanner:
    """Return what reads codes for `scanner`."""
    name = ScannerName(scanner.scanner)
    return UsbScanner(name, attaching(scanner), identifiers=scanner.identifiers)


def attaching(scanner: tables.UsbScanner) -> Callable[[], InputDevice | SerialPort]:
    """Return what attaches the device of `scanner`, for us alone; OSError where it cannot be had."""

    def attach() -> InputDevice | SerialPort:
        if isinstance(scanner, tables.EvdevScanner):
            return InputDevice(scanner.device, KernelInputDevices())
        return SerialPort(scanner.device, scanner.baud)

    return attach


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
    # `cryptography` is 6 MB of memory, for edges that have a key to use it with.
    from shopbell_program.hpke import Sealer  # noqa: PLC0415  # as said above

    try:
        sealer = Sealer(meaning.number_key(settings.numbers))
    except ValueError as error:
        fault = Fault(key="numbers.key_file", problem=str(error))
        raise SettingsError(settings.numbers.key_file, [fault]) from None
    return lambda number: seal_number(number, settings.tenant, settings.edge, sealer.seal)


def verifying(settings: Settings) -> Verify | None:
    """Return what knows the retailer's signature; None where orders are not obeyed.

    Raises SettingsError for a key that is nobody's.
    """
    if settings.orders is None:
        return None
    from shopbell_program.signing import Verifier  # noqa: PLC0415  # as for `sealing`

    try:
        return Verifier(meaning.orders_key(settings.orders)).verify
    except ValueError as error:
        fault = Fault(key="orders.key_file", problem=str(error))
        raise SettingsError(settings.orders.key_file, [fault]) from None


def broker_of(settings: Settings) -> Broker:
    """Return where the broker is, and this edge's account with it."""
    broker = settings.broker
    tls = broker.tls
    return Broker(
        host=broker.host,
        port=broker.port,
        fallbacks=tuple(map(address, broker.fallbacks)),
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
