"""What no single key shows: settings that do not go together, files that are not there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from shopbell_edge.config.feedback import feedback_faults, is_lamp
from shopbell_edge.config.meaning import (
    DAYS,
    beacon,
    fixed_ids,
    hours,
    number_key,
    number_rules,
    orders_key,
    pace,
    presence_rules,
    slowest_ms,
)
from shopbell_edge.config.tables import BluetoothRadio, SocketRadio
from shopbell_edge.config.usb_scanners import usb_faults
from shopbell_edge.core.heartbeat_beacon import too_rare
from shopbell_edge.core.hours import spans
from shopbell_edge.core.leave_timeout import too_short
from shopbell_edge.core.retailer import Retailer
from shopbell_edge.core.spool_room import too_small
from shopbell_program.loopback import is_loopback
from shopbell_program.places import (
    address,
    not_a_host,
    not_a_path,
    not_an_address,
    not_readable,
    not_secret,
)
from shopbell_program.settings import Fault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shopbell_edge.config.tables import Camera, Radio, Settings


def faults(settings: Settings) -> Iterator[Fault]:
    """Yield what no single key shows."""
    yield from _broker(settings)
    yield from not_a_path("spool.path", settings.spool.path)
    yield from _known_by(settings)
    yield from _heartbeat(settings)
    yield from _hours(settings)
    for index, radio in enumerate(settings.radios):
        yield from _radio(settings, radio, f"radios[{index}]")
    for index, camera in enumerate(settings.cameras):
        yield from _camera(camera, f"cameras[{index}]")
    yield from usb_faults(settings.usb_scanners)
    named = (*settings.radios, *settings.cameras, *settings.usb_scanners)
    names = [each.scanner for each in named]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield Fault(
            key="scanner",
            problem=f'"{name}" stands twice; events go by it: give each reader a name of its own',
        )
    if not names:
        yield Fault(
            key="radios",
            problem="neither a radio nor a camera nor a scanner: this edge would hear nothing; "
            "add a table [[radios]]",
        )
    yield from _paces(settings)
    if settings.metrics is not None:
        yield from not_a_host("metrics.host", settings.metrics.host)
    yield from _numbers(settings)
    yield from _orders(settings)


def open_secrets(settings: Settings) -> Iterator[Fault]:
    """Yield which of the named secrets every user of this machine may read. The edge works all the same."""
    broker = settings.broker
    if broker.password_file is not None:
        yield from not_secret("broker.password_file", broker.password_file)
    if broker.tls is not None and broker.tls.key_file is not None:
        yield from not_secret("broker.tls.key_file", broker.tls.key_file)


def _known_by(settings: Settings) -> Iterator[Fault]:
    fixed = None
    try:
        fixed = fixed_ids(settings)
    except ValueError as error:
        yield Fault(key="static", problem=str(error))
    try:
        Retailer(uuid=settings.retailer.uuid, prefix=settings.retailer.prefix, fixed=fixed)
    except ValueError as error:
        yield Fault(key="retailer", problem=str(error))
    if fixed is not None and settings.heartbeat and settings.heartbeat.uuid in fixed.uuids:
        yield Fault(
            key="heartbeat.uuid",
            problem="among those of [static]: the beacon would be a fob that never leaves; "
            "give it one of its own",
        )


def _broker(settings: Settings) -> Iterator[Fault]:
    broker = settings.broker
    yield from _broker_places(settings)
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


def _broker_places(settings: Settings) -> Iterator[Fault]:
    broker = settings.broker
    wrong = list(not_a_host("broker.host", broker.host))
    for index, fallback in enumerate(broker.fallbacks):
        wrong += not_an_address(f"broker.fallbacks[{index}]", fallback)
    yield from wrong
    if wrong:
        return
    hosts = (broker.host, *(address(each)[0] for each in broker.fallbacks))
    away = next((host for host in hosts if not is_loopback(host)), None)
    if away is None:
        return
    if broker.tls is None:
        yield Fault(
            key="broker.tls",
            problem=f"missing; {away} is not this machine, and nobody on the way may read: "
            "add a table [broker.tls] with ca_file",
        )
    if settings.rules == "demo":
        yield Fault(key="rules", problem='"demo" is accepted only with a broker on this machine')


def _camera(camera: Camera, key: str) -> Iterator[Fault]:
    if (camera.device is None) == (camera.folder is None):
        yield Fault(key=key, problem="give one of device and folder")
    elif camera.consume and camera.folder is None:
        yield Fault(key=f"{key}.consume", problem="goes with folder; a device has no files")
    if camera.folder is not None:
        yield from not_a_path(f"{key}.folder", camera.folder)
    yield from feedback_faults(f"{key}.feedback", camera.feedback, bell=False)


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
        ("presence.leave_s", presence.leave_s, "inactive_s", presence.inactive_s),
        ("sending.answer_most_s", sending.answer_most_s, "answer_s", sending.answer_s),
    ):
        if longer_s < shorter_s:
            yield Fault(
                key=longer, problem=f"is {longer_s:g}, below {shorter}, {shorter_s:g}; raise it"
            )
    # The demo has a week in eight hours, and nobody waits for that.
    small = too_small(settings.spool.size_mib, pace(settings).steady_ms)
    if small is not None and settings.rules == "standard":
        yield Fault(key="spool.size_mib", problem=small)


def _heartbeat(settings: Settings) -> Iterator[Fault]:
    heartbeat = settings.heartbeat
    if heartbeat is None:
        return
    try:
        beacon(settings)
    except ValueError as error:
        yield Fault(key="heartbeat", problem=str(error))
    if heartbeat.uuid == settings.retailer.uuid:
        yield Fault(
            key="heartbeat.uuid",
            problem="the same as retailer.uuid: the beacon would be a customer who never leaves; "
            "give it one of its own",
        )
    for index, radio in enumerate(settings.radios):
        if isinstance(radio, BluetoothRadio):
            rare = too_rare(round(radio.silent_s * 1000), heartbeat.interval_ms, radio.duty)
            if rare is not None:
                yield Fault(key=f"radios[{index}].silent_s", problem=rare)


def _hours(settings: Settings) -> Iterator[Fault]:
    told = settings.hours
    if told is None:
        return
    written = {day: getattr(told, day) for day in DAYS}
    wrong = False
    for day, text in written.items():
        try:
            spans(text)
        except ValueError as error:
            wrong = True
            yield Fault(key=f"hours.{day}", problem=str(error))
    if wrong:
        return
    try:
        hours(settings)
    except ValueError as error:
        yield Fault(key="hours.zone", problem=str(error))
    if not any(map(spans, written.values())):
        yield Fault(
            key="hours",
            problem="the store would never open; say when it does, or leave [hours] out",
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
    unreadable = list(not_readable("numbers.key_file", numbers.key_file))
    yield from unreadable
    if not unreadable:
        try:
            number_key(numbers)
        except ValueError as error:
            yield Fault(key="numbers.key_file", problem=str(error))


def _orders(settings: Settings) -> Iterator[Fault]:
    if not is_lamp(settings.identify.led):
        yield Fault(
            key="identify.led", problem=f"{settings.identify.led!r} is no lamp of /sys/class/leds"
        )
    if settings.orders is None:
        return
    unreadable = list(not_readable("orders.key_file", settings.orders.key_file))
    yield from unreadable
    if not unreadable:
        try:
            orders_key(settings.orders)
        except ValueError as error:
            yield Fault(key="orders.key_file", problem=str(error))


def _radio(settings: Settings, radio: Radio, key: str) -> Iterator[Fault]:
    if isinstance(radio, SocketRadio):
        yield from not_a_path(f"{key}.path", radio.path)
    presence = settings.presence
    # That who is not even inactive has not left is said once, and not of each radio.
    leave_s = max(presence.leave_s, presence.inactive_s)
    lasting = replace(settings, presence=replace(presence, leave_s=leave_s))
    try:
        rules = presence_rules(lasting, radio)
    except ValueError as error:
        yield Fault(key=key, problem=str(error))
        return
    # The demo's phones are simulated and advertise four times a second.
    if settings.rules == "standard" and presence.leave_s == leave_s:
        short = too_short(rules.leave_ms, slowest_ms(settings), radio.duty)
        if short is not None:
            yield Fault(key="presence.leave_s", problem=f"for {key}: {short}")
