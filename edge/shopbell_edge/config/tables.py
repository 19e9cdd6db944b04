"""What an operator may set: the tables of `edge.toml`.

Every default carries its reason here or where the core defines it; `deploy/edge/edge.toml` shows them
all to whoever edits one. Secrets are named by the path of a file that holds them.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from shopbell_edge.core.codes import Symbology
from shopbell_edge.core.hearing_path import Hear
from shopbell_edge.core.resend import SendRules
from shopbell_edge.core.rules import MOST_OFFSET_DB, POWERS_DBM, Rules
from shopbell_edge.core.symbology import Identifiers
from shopbell_edge.core.telling import ONLINE
from shopbell_wire.messages import Decibel, Name

Port = Annotated[int, Meta(ge=0, le=65535)]
Seconds = Annotated[float, Meta(gt=0, le=86_400)]

Patience = Annotated[float, Meta(ge=1, le=86_400)]
"""For an answer over a network. One that is well takes up to a second: 0.2 s there and back to a far
broker, a synced commit of up to 0.1 s at either end, and as many batches before it. Asked sooner, all
would be sent twice; at 0.1 ms without a pause."""

Uuid = Annotated[
    str, Meta(description="32 lower-case hexadecimal digits in quotes, grouped 8-4-4-4-12")
]
File = Annotated[str, Meta(description="the path of a file in quotes")]

Offset = Annotated[float, Meta(ge=-MOST_OFFSET_DB, le=MOST_OFFSET_DB)]

Duty = Annotated[float, Meta(ge=0.01, le=1)]
"""Share of the time in which a scanner listens. The laziest that is sold has 9.4 %."""

_RULES = Rules()
_SENDING = SendRules()


class Tls(Struct, frozen=True, kw_only=True):
    """How the broker proves who it is, and this edge who it is."""

    ca_file: File
    cert_file: str | None = None
    key_file: str | None = None
    minimum: Literal["1.2", "1.3"] = "1.3"


class Broker(Struct, frozen=True, kw_only=True):
    """Where the server is reached."""

    host: Annotated[str, Meta(examples=["broker.example"])]
    port: Annotated[int, Meta(ge=1, le=65535)] = 8883
    fallbacks: Annotated[tuple[str, ...], Meta(max_length=8)] = ()
    """Other nodes of the same broker, as "host:port": tried in turn where one cannot be reached."""
    protocol: Literal["3.1.1", "5"] = "5"
    """5 says why something is refused; 3.1.1 for brokers that speak nothing else."""
    username: str | None = None
    password_file: str | None = None
    tls: Tls | None = None
    keepalive_s: Annotated[int, Meta(ge=5, le=300)] = 30


class Retailer(Struct, frozen=True, kw_only=True):
    """What this retailer's phones put on the air; everything else is foreign and dropped at once."""

    uuid: Uuid
    prefix: Annotated[
        str,
        Meta(description="8 lower-case hexadecimal digits in quotes", examples=["5bb0e111"]),
    ]
    power_dbm: Annotated[int, Meta(ge=POWERS_DBM[0], le=POWERS_DBM[-1])] = _RULES.default_power_dbm


class Heartbeat(Struct, frozen=True, kw_only=True):
    """A beacon in the store by which each radio's hearing is measured (`core/reception.py`).

    An iBeacon with a UUID of its own, within reach of all radios, that never moves. Without this table
    a radio that hears badly looks like a quiet shop.
    """

    uuid: Uuid
    major: Annotated[int, Meta(ge=0, le=65_535)]
    minor: Annotated[int, Meta(ge=0, le=65_535)]
    interval_ms: Annotated[int, Meta(ge=100, le=10_240)] = 1000
    """As it was provisioned. Apple's own is 100; 1000 spares its battery and does for `silent_s`."""
    minor_without_flags: Annotated[int, Meta(ge=0, le=65_535)] | None = None
    """Of a second advertisement, as often, without the Flags structure: shows whether those are withheld."""


class AltBeacons(Struct, frozen=True, kw_only=True):
    """The AltBeacons of one company whose 20 bytes begin with `uuid`."""

    company: Annotated[int, Meta(ge=0, le=65_535)]
    """Bluetooth's number of whoever made them; they may say any."""
    uuid: Uuid


class Static(Struct, frozen=True, kw_only=True):
    """Fobs, cards and old apps, whose id never changes (`core/fixed_ids.py`).

    Nothing of theirs is heard without this table, and nothing comes of it unless the server is told so too.
    """

    ibeacons: tuple[str, ...] = ()
    """UUIDs, none of them the retailer's own or the heartbeat's."""
    altbeacons: tuple[AltBeacons, ...] = ()
    namespaces: tuple[str, ...] = ()
    """Of Eddystone-UIDs: 20 hexadecimal digits."""
    beacon_interval_ms: Annotated[int, Meta(ge=20, le=10_240)] = 1000
    """The slowest at which any of them sends; the leave timeout is checked against it."""


class NumberShape(Struct, frozen=True, kw_only=True):
    """How a loyalty number of this retailer looks; all other barcodes are ignored."""

    symbology: Symbology
    prefix: Annotated[str, Meta(examples=["29"])]
    length: int


class Numbers(Struct, frozen=True, kw_only=True):
    """Loyalty numbers in barcodes; without this table they are unknown codes."""

    shapes: tuple[NumberShape, ...]
    key_file: File
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


class BluetoothRadio(Struct, frozen=True, kw_only=True, tag="bluetooth", tag_field="kind"):
    """A Bluetooth adapter of this machine, through bluetoothd; events carry its name."""

    adapter: Annotated[
        str,
        Meta(
            pattern=r"^hci[0-9]{1,2}\Z", examples=["hci0"], description="hci and a number in quotes"
        ),
    ] = "hci0"
    hear: Hear = "auto"
    """How: through the kernel's management socket, through bleak, or by what a self-test finds."""
    duty: Duty = 0.67
    """Share of the time in which BlueZ listens in an active scan: 10.24 s of every 15.24 s."""
    offset_db: Offset = 0.0
    enter_loss_db: Decibel | None = None
    leave_loss_db: Decibel | None = None
    silent_s: Annotated[float, Meta(ge=1, le=86_400)] = 90.0
    """Silence after which the scan is no longer believed and begun anew; three looks at it in that time.
    The least: between two advertisements of one phone there may be a second."""

    @property
    def scanner(self) -> str:
        """Its name in events."""
        return self.adapter


class SocketRadio(Struct, frozen=True, kw_only=True, tag="socket", tag_field="kind"):
    """Advertisements from a local socket: a simulator's, or a test's."""

    scanner: Name
    path: File
    duty: Duty = 1.0
    offset_db: Offset = 0.0
    enter_loss_db: Decibel | None = None
    leave_loss_db: Decibel | None = None


Radio = BluetoothRadio | SocketRadio


class Camera(Struct, frozen=True, kw_only=True):
    """A camera that reads passes, or a folder of image files. One of `device` and `folder`."""

    scanner: Name
    device: Annotated[int, Meta(ge=0, le=63)] | None = None
    folder: str | None = None
    """Every image that appears here is read once, and deleted if `consume` says so."""
    consume: bool = False
    width: Annotated[int, Meta(ge=160, le=4096)] = 1280
    height: Annotated[int, Meta(ge=120, le=3072)] = 720
    feedback: tuple[str, ...] = ("log",)
    """How those who hold up a code are answered: see `config/feedback.py`. A camera has no bell."""


class SerialScanner(Struct, frozen=True, kw_only=True, tag="serial", tag_field="kind"):
    """A handheld scanner that is a serial port (CDC-ACM)."""

    scanner: Name
    device: Annotated[str, Meta(examples=["/dev/serial/by-id/…"])]
    """`/dev/serial/by-id/…`: a name that stays the same in whatever socket it is plugged."""
    baud: Literal[1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200] = 9600
    """For a real serial line. 9600 is what scanners are delivered with; over USB it means nothing."""
    identifiers: Identifiers = "optional"
    """Whether every line must begin with an AIM identifier; without one the symbology is guessed."""
    feedback: tuple[str, ...] = ("log",)


class EvdevScanner(Struct, frozen=True, kw_only=True, tag="evdev", tag_field="kind"):
    """A handheld scanner that pretends to be a keyboard; taken away from the console."""

    scanner: Name
    device: Annotated[str, Meta(examples=["/dev/input/by-id/…-event-kbd"])]
    """`/dev/input/by-id/…-event-kbd`."""
    identifiers: Identifiers = "optional"
    feedback: tuple[str, ...] = ("log",)


UsbScanner = SerialScanner | EvdevScanner


class Codes(Struct, frozen=True, kw_only=True):
    """How codes are judged here, before the server verifies them."""

    repeat_s: Seconds = 30.0
    """A code held before the camera is one scan, not thirty a second: as long as a pass lives."""


class Sending(Struct, frozen=True, kw_only=True):
    """How patiently the spool is emptied. The reasons of the numbers are in `core/resend.py`."""

    answer_s: Patience = _SENDING.answer_ms / 1000
    answer_most_s: Patience = _SENDING.answer_most_ms / 1000
    reconnect_wait_s: Annotated[float, Meta(ge=0, le=600)] = _SENDING.reconnect_wait_ms / 1000
    backlog_events_per_s: Annotated[float, Meta(ge=0.01)] | None = _SENDING.backlog_events_per_s


class Orders(Struct, frozen=True, kw_only=True):
    """Settings and commands from the server; without this table none is obeyed."""

    key_file: File
    """The retailer's public key (Ed25519, 32 bytes, hexadecimal), whose other half no broker has."""


class Identify(Struct, frozen=True, kw_only=True):
    """How this machine is told from others when the server asks it to show itself."""

    led: str = "ACT"
    """A lamp of /sys/class/leds: that of a Raspberry Pi's card. Where it is not, a serial scanner beeps."""


class Hours(Struct, frozen=True, kw_only=True):
    """When the store is open; without this table it always is. A day that is left out is closed."""

    zone: Annotated[str, Meta(examples=["Europe/Amsterdam"])]
    """Of the IANA: `Europe/Amsterdam`. The machine's own may be any."""
    monday: str = "closed"
    tuesday: str = "closed"
    wednesday: str = "closed"
    thursday: str = "closed"
    friday: str = "closed"
    saturday: str = "closed"
    sunday: str = "closed"
    """`09:00-18:00`, several with commas between; `20:00-02:00` ends on the next day."""
    radio: Literal["on", "off"] = "on"
    """What the radios do outside: listen, their silence being no fault, or sleep once everybody has left."""


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
    heartbeat: Heartbeat | None = None
    static: Static | None = None
    numbers: Numbers | None = None
    spool: Spool = Spool()
    clock: Clock = Clock()
    presence: Presence = Presence()
    radios: tuple[BluetoothRadio | SocketRadio, ...] = ()
    cameras: tuple[Camera, ...] = ()
    usb_scanners: tuple[SerialScanner | EvdevScanner, ...] = ()
    codes: Codes = Codes()
    sending: Sending = Sending()
    orders: Orders | None = None
    identify: Identify = Identify()
    hours: Hours | None = None
    metrics: Metrics | None = None
    rules: Literal["standard", "demo"] = "standard"
    """`demo` shortens leaving and reporting twenty-fold; accepted with a broker on loopback only."""
