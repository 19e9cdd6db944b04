"""The daemon's settings: one TOML file, read once, checked whole.

Every default carries its reason here or where the core defines it; `deploy/edge/edge.toml` shows them
all to whoever edits one. Secrets are named by the path of a file that holds them.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

from msgspec import Meta, Struct

from shopbell_edge.core.codes import NumberRule, Symbology
from shopbell_edge.core.leave_timeout import too_short
from shopbell_edge.core.resend import SendRules
from shopbell_edge.core.retailer import Retailer as Known
from shopbell_edge.core.rules import Rules
from shopbell_edge.core.telling import ONLINE, Pace
from shopbell_program.loopback import is_loopback
from shopbell_program.places import not_a_host, not_a_path, not_readable
from shopbell_program.settings import Fault, load
from shopbell_wire.messages import Decibel, Name

if TYPE_CHECKING:
    from collections.abc import Iterator

Port = Annotated[int, Meta(ge=0, le=65535)]
Seconds = Annotated[float, Meta(gt=0, le=86_400)]

Duty = Annotated[float, Meta(ge=0.01, le=1)]
"""Share of the time in which a scanner listens. The laziest that is sold has 9.4 %."""

_PUBLIC_KEY: Final = re.compile(r"[0-9a-fA-F]{64}\s*", re.ASCII)

DEMO_SPEED = 20
"""As the server's: a quarter of an hour in the shop is 45 s in the demo."""

_RULES = Rules()
_SENDING = SendRules()


class Tls(Struct, frozen=True, kw_only=True):
    """How the broker proves who it is, and this edge who it is."""

    ca_file: str
    cert_file: str | None = None
    key_file: str | None = None
    minimum: Literal["1.2", "1.3"] = "1.3"


class Broker(Struct, frozen=True, kw_only=True):
    """Where the server is reached."""

    host: str
    port: Annotated[int, Meta(ge=1, le=65535)] = 8883
    protocol: Literal["3.1.1", "5"] = "5"
    """5 says why something is refused; 3.1.1 for brokers that speak nothing else."""
    username: str | None = None
    password_file: str | None = None
    tls: Tls | None = None
    keepalive_s: Annotated[int, Meta(ge=5, le=300)] = 30


class Retailer(Struct, frozen=True, kw_only=True):
    """What this retailer's phones put on the air; everything else is foreign and dropped at once."""

    uuid: str
    prefix: str
    power_dbm: int = _RULES.default_power_dbm


class NumberShape(Struct, frozen=True, kw_only=True):
    """How a loyalty number of this retailer looks; all other barcodes are ignored."""

    symbology: Symbology
    prefix: str
    length: int


class Numbers(Struct, frozen=True, kw_only=True):
    """Loyalty numbers in barcodes; without this table they are unknown codes."""

    shapes: tuple[NumberShape, ...]
    key_file: str
    """The server's public key (X25519, 32 bytes, hexadecimal): only the server can read a number."""


class Spool(Struct, frozen=True, kw_only=True):
    """Where events wait until the server has them."""

    path: str = "/var/lib/shopbell-edge/spool.db"
    size_mib: Annotated[int, Meta(ge=16, le=65_536)] = 256
    """A week of a busy store is 90 MB."""


class Clock(Struct, frozen=True, kw_only=True):
    """Who keeps this machine's time: `ntp` asks the kernel how well, `system` trusts it."""

    source: Literal["ntp", "system"] = "ntp"


class Presence(Struct, frozen=True, kw_only=True):
    """When a phone counts as here. The reasons of the numbers are in `core/rules.py`."""

    enter_loss_db: Decibel = _RULES.enter_loss_db
    leave_loss_db: Decibel = _RULES.leave_loss_db
    enter_sightings: Annotated[int, Meta(ge=1, le=100)] = _RULES.enter_sightings
    enter_within_s: Seconds = _RULES.enter_within_ms / 1000
    inactive_s: Seconds = _RULES.inactive_ms / 1000
    leave_s: Seconds = _RULES.leave_ms / 1000
    report_moving_s: Seconds = ONLINE.moving_ms / 1000
    report_steady_s: Seconds = ONLINE.steady_ms / 1000
    beacon_interval_ms: Annotated[int, Meta(ge=20, le=10_240)] = 1000
    """The slowest at which the retailer's app advertises; the leave timeout is checked against it."""


class BleakRadio(Struct, frozen=True, kw_only=True, tag="bleak", tag_field="kind"):
    """A Bluetooth adapter of this machine, through bluetoothd; events carry its name."""

    adapter: Annotated[str, Meta(pattern=r"^hci[0-9]{1,2}\Z")] = "hci0"
    duty: Duty = 0.67
    """Share of the time in which BlueZ listens in an active scan: 10.24 s of every 15.24 s."""
    offset_db: Decibel = 0.0
    enter_loss_db: Decibel | None = None
    leave_loss_db: Decibel | None = None
    silent_s: Seconds = 90.0
    """Silence after which the scan is no longer believed and begun anew."""

    @property
    def scanner(self) -> str:
        """Its name in events."""
        return self.adapter


class SocketRadio(Struct, frozen=True, kw_only=True, tag="socket", tag_field="kind"):
    """Advertisements from a local socket: a simulator's, or a test's."""

    scanner: Name
    path: str
    duty: Duty = 1.0
    offset_db: Decibel = 0.0
    enter_loss_db: Decibel | None = None
    leave_loss_db: Decibel | None = None


Radio = BleakRadio | SocketRadio


class Camera(Struct, frozen=True, kw_only=True):
    """A camera that reads passes, or a folder of image files. One of `device` and `folder`."""

    scanner: Name
    device: Annotated[int, Meta(ge=0, le=63)] | None = None
    folder: str | None = None
    """Every image that appears here is read once, and deleted if `consume` says so."""
    consume: bool = False
    width: Annotated[int, Meta(ge=160, le=4096)] = 1280
    height: Annotated[int, Meta(ge=120, le=3072)] = 720


class Codes(Struct, frozen=True, kw_only=True):
    """How codes are judged here, before the server verifies them."""

    repeat_s: Seconds = 30.0
    """A code held before the camera is one scan, not thirty a second: as long as a pass lives."""


class Sending(Struct, frozen=True, kw_only=True):
    """How patiently the spool is emptied. The reasons of the numbers are in `core/resend.py`."""

    answer_s: Seconds = _SENDING.answer_ms / 1000
    answer_most_s: Seconds = _SENDING.answer_most_ms / 1000
    reconnect_wait_s: Annotated[float, Meta(ge=0, le=600)] = _SENDING.reconnect_wait_ms / 1000
    backlog_events_per_s: Annotated[float, Meta(gt=0)] | None = _SENDING.backlog_events_per_s


class Metrics(Struct, frozen=True, kw_only=True):
    """Where Prometheus may ask."""

    host: str = "127.0.0.1"
    port: Port = 9400


class Settings(Struct, frozen=True, kw_only=True):
    """Everything that differs from one edge to the next."""

    tenant: Name
    edge: Name
    broker: Broker
    retailer: Retailer
    numbers: Numbers | None = None
    spool: Spool = Spool()
    clock: Clock = Clock()
    presence: Presence = Presence()
    radios: tuple[BleakRadio | SocketRadio, ...] = ()
    cameras: tuple[Camera, ...] = ()
    codes: Codes = Codes()
    sending: Sending = Sending()
    metrics: Metrics | None = None
    rules: Literal["standard", "demo"] = "standard"
    """`demo` shortens leaving and reporting twenty-fold; accepted with a broker on loopback only."""


def read_settings(path: Path) -> Settings:
    """Return the settings in `path`, or raise SettingsError with all that is wrong."""
    return load(path, Settings, lambda settings: list(_faults(settings)))


def presence_rules(settings: Settings, radio: Radio) -> Rules:
    """Return the rules of one radio; its own numbers before those of all."""
    presence = settings.presence
    speed = _speed(settings)
    enter_db, leave_db = radio.enter_loss_db, radio.leave_loss_db
    return Rules(
        enter_loss_db=presence.enter_loss_db if enter_db is None else enter_db,
        leave_loss_db=presence.leave_loss_db if leave_db is None else leave_db,
        scanner_offset_db=radio.offset_db,
        default_power_dbm=settings.retailer.power_dbm,
        enter_sightings=presence.enter_sightings,
        enter_within_ms=_ms(presence.enter_within_s),
        inactive_ms=_ms(presence.inactive_s / speed),
        leave_ms=_ms(presence.leave_s / speed),
    )


def pace(settings: Settings) -> Pace:
    """Return how often a stay is reported while the server listens."""
    speed = _speed(settings)
    return Pace(
        moving_ms=_ms(settings.presence.report_moving_s / speed),
        steady_ms=_ms(settings.presence.report_steady_s / speed),
    )


def send_rules(settings: Settings) -> SendRules:
    """Return how patiently the spool is emptied."""
    sending = settings.sending
    return SendRules(
        answer_ms=_ms(sending.answer_s),
        answer_most_ms=_ms(sending.answer_most_s),
        reconnect_wait_ms=_ms(sending.reconnect_wait_s),
        backlog_events_per_s=sending.backlog_events_per_s,
    )


def retailer(settings: Settings) -> Known:
    """Return by what the retailer's frames are known."""
    return Known(uuid=settings.retailer.uuid, prefix=settings.retailer.prefix)


def number_rules(settings: Settings) -> tuple[NumberRule, ...]:
    """Return which barcodes are loyalty numbers."""
    if settings.numbers is None:
        return ()
    return tuple(
        NumberRule(symbology=shape.symbology, prefix=shape.prefix, length=shape.length)
        for shape in settings.numbers.shapes
    )


def number_key(numbers: Numbers) -> bytes:
    """Return the server's public key, or raise ValueError where its file holds none."""
    raw = Path(numbers.key_file).read_bytes()
    if not _PUBLIC_KEY.fullmatch(raw.decode("ascii", "replace")):
        # Not a word of what it does hold: somebody may have named a private key.
        raise ValueError(
            f'"{numbers.key_file}" does not hold a public key: 64 hexadecimal digits (X25519)'
        )
    return bytes.fromhex(raw.decode("ascii"))


def _speed(settings: Settings) -> int:
    return DEMO_SPEED if settings.rules == "demo" else 1


def _ms(seconds: float) -> int:
    return round(seconds * 1000)


def _faults(settings: Settings) -> Iterator[Fault]:
    """Yield what no single key shows."""
    yield from _broker(settings)
    yield from not_a_path("spool.path", settings.spool.path)
    try:
        retailer(settings)
    except ValueError as error:
        yield Fault(key="retailer", problem=str(error))
    for index, radio in enumerate(settings.radios):
        yield from _radio(settings, radio, f"radios[{index}]")
    for index, camera in enumerate(settings.cameras):
        yield from _camera(camera, f"cameras[{index}]")
    names = [each.scanner for each in (*settings.radios, *settings.cameras)]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield Fault(key="scanner", problem=f'"{name}" stands twice; events go by it')
    if not names:
        yield Fault(
            key="radios", problem="neither a radio nor a camera: this edge would hear nothing"
        )
    yield from _paces(settings)
    if settings.metrics is not None:
        yield from not_a_host("metrics.host", settings.metrics.host)
    yield from _numbers(settings)


def _broker(settings: Settings) -> Iterator[Fault]:
    broker = settings.broker
    local = is_loopback(broker.host)
    yield from not_a_host("broker.host", broker.host)
    if broker.tls is None and not local:
        yield Fault(
            key="broker.tls",
            problem=f"missing; {broker.host} is not this machine, and nobody on the way may read",
        )
    if settings.rules == "demo" and not local:
        yield Fault(key="rules", problem='"demo" is accepted only with a broker on this machine')
    if (broker.username is None) != (broker.password_file is None):
        yield Fault(
            key="broker.password_file", problem="goes with broker.username: give both or none"
        )
    named = {"broker.password_file": broker.password_file}
    if broker.tls is not None:
        named["broker.tls.ca_file"] = broker.tls.ca_file
        named["broker.tls.cert_file"] = broker.tls.cert_file
        named["broker.tls.key_file"] = broker.tls.key_file
        if broker.tls.key_file is not None and broker.tls.cert_file is None:
            yield Fault(
                key="broker.tls.key_file", problem="goes with broker.tls.cert_file: give both"
            )
    for key, path in named.items():
        if path is not None:
            yield from not_readable(key, path)


def _camera(camera: Camera, key: str) -> Iterator[Fault]:
    if (camera.device is None) == (camera.folder is None):
        yield Fault(key=key, problem="give one of device and folder")
    elif camera.consume and camera.folder is None:
        yield Fault(key=f"{key}.consume", problem="goes with folder; a device has no files")
    if camera.folder is not None:
        yield from not_a_path(f"{key}.folder", camera.folder)


def _paces(settings: Settings) -> Iterator[Fault]:
    """Yield which of two waits is shorter than the one that it may not be shorter than."""
    presence, sending = settings.presence, settings.sending
    for longer, longer_s, shorter, shorter_s in (
        (
            "presence.report_steady_s",
            presence.report_steady_s,
            "report_moving_s",
            presence.report_moving_s,
        ),
        ("sending.answer_most_s", sending.answer_most_s, "answer_s", sending.answer_s),
    ):
        if longer_s < shorter_s:
            yield Fault(
                key=longer, problem=f"is {longer_s:g}, below {shorter}, {shorter_s:g}; raise it"
            )


def _numbers(settings: Settings) -> Iterator[Fault]:
    numbers = settings.numbers
    if numbers is None:
        return
    if not numbers.shapes:
        yield Fault(
            key="numbers.shapes", problem="empty; say how a number looks, or leave [numbers] out"
        )
    try:
        number_rules(settings)
    except ValueError as error:
        yield Fault(key="numbers.shapes", problem=str(error))
    faults = list(not_readable("numbers.key_file", numbers.key_file))
    yield from faults
    if not faults:
        try:
            number_key(numbers)
        except ValueError as error:
            yield Fault(key="numbers.key_file", problem=str(error))


def _radio(settings: Settings, radio: Radio, key: str) -> Iterator[Fault]:
    if isinstance(radio, SocketRadio):
        yield from not_a_path(f"{key}.path", radio.path)
    try:
        rules = presence_rules(settings, radio)
    except ValueError as error:
        yield Fault(key=key, problem=str(error))
        return
    # The demo's phones are simulated and advertise four times a second.
    if settings.rules == "standard":
        short = too_short(rules.leave_ms, settings.presence.beacon_interval_ms, radio.duty)
        if short is not None:
            yield Fault(key="presence.leave_s", problem=f"for {key}: {short}")
