"""All checks, in their order.

Owns: what is asked of whom, and what is left alone while the daemon runs.
Never: a judgement; `core.doctor` has all of them.
"""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Final

from shopbell_edge.adapters import machine as of_machine
from shopbell_edge.adapters.ble.examining import bus_seen, has_management
from shopbell_edge.adapters.camera.messages import Live
from shopbell_edge.adapters.camera.trying import tried_camera, tried_folder
from shopbell_edge.adapters.clock import system_clock
from shopbell_edge.adapters.metrics_reading import running as read_metrics
from shopbell_edge.adapters.mqtt.examining import Letter, Way, ask, own_certificates, reach
from shopbell_edge.adapters.spool import disk as spool_disk
from shopbell_edge.adapters.spool import examining as of_spool
from shopbell_edge.adapters.spool.batches import Speaker
from shopbell_edge.adapters.usb_scanner.trying import tried_scanner
from shopbell_edge.assembly import attaching, broker_of
from shopbell_edge.config import meaning, tables
from shopbell_edge.core.doctor import bluez, hearing, keeping, readers, supervision, timekeeping
from shopbell_edge.core.doctor import uplink as way_up
from shopbell_edge.core.doctor.machine import machine
from shopbell_edge.core.tally import Tally
from shopbell_edge.daemon import SYSTEM_ERR_MS
from shopbell_edge.doctor.listening import Sitting
from shopbell_edge.tasks.describing import describing
from shopbell_wire import codec
from shopbell_wire.messages import Batch, StreamStarted

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from shopbell_edge.adapters.clock import SystemClock
    from shopbell_edge.adapters.mqtt.broker import Broker
    from shopbell_edge.config.tables import Settings
    from shopbell_edge.core.doctor.hearing import Heard
    from shopbell_edge.core.doctor.supervision import Running, Unit
    from shopbell_edge.core.doctor.verdict import Check
    from shopbell_wire.messages import Finding

FILES: Final = of_machine.MachineFiles()

ROOT: Final = "root"


@dataclass(frozen=True, slots=True, kw_only=True)
class Patient:
    """An edge with settings, and the clock of this process."""

    settings: Settings
    clock: SystemClock
    runs: bool
    """Whether a daemon has the spool, and with it all else."""


def patient(settings: Settings) -> Patient:
    """Return the edge of `settings`, and whether its daemon runs now."""
    return Patient(
        settings=settings,
        clock=system_clock(settings.clock.source, err_ms=SYSTEM_ERR_MS),
        runs=of_spool.in_use(Path(settings.spool.path)),
    )


async def of_no_settings() -> AsyncIterator[Finding]:
    """Yield what can be found out where there are no settings that can be used."""
    for each in machine(FILES.machine(version("shopbell"))):
        yield each


async def everything(who: Patient, listen_s: float) -> AsyncIterator[Finding]:
    """Yield every finding, in order; what takes long runs beside the rest."""
    unit = await of_machine.unit()
    said = await _said(who)
    asked_as = of_machine.user()
    way = Way()
    async with asyncio.TaskGroup() as tasks:
        climbing = tasks.create_task(_climb(who, way, said))
        for each in supervision.supervision(unit, running=who.runs, asked_as=asked_as):
            yield each
        for each in machine(FILES.machine(version("shopbell"))):
            yield each
        for each in await _bluetooth(who.settings, unit):
            yield each
        for each in await _scanners(who, listen_s, said):
            yield each
        up = await climbing
    for each in (*_time(who, way, said), *await asyncio.to_thread(_kept, who), *up):
        yield each


async def _said(who: Patient) -> Running | None:
    page = who.settings.metrics
    if page is None or not who.runs:
        return None
    return await asyncio.to_thread(read_metrics, page.host, page.port)


async def _scanners(who: Patient, listen_s: float, said: Running | None) -> list[Finding]:
    if who.runs:
        return list(_left_alone(who.settings, said))
    return [*await _heard(who, listen_s), *await _read(who.settings)]


async def _bluetooth(settings: Settings, unit: Unit) -> list[Finding]:
    radios = [each for each in settings.radios if isinstance(each, tables.BluetoothRadio)]
    if not radios:
        return []
    adapters = [each.adapter for each in radios]
    bus = await bus_seen(adapters)
    seen = bluez.Bluez(
        bus=bus.bus,
        version=await of_machine.bluez_version(),
        main_conf=FILES.main_conf(),
        experimental=bus.experimental,
        capabilities=_capabilities(unit),
        whose="the daemon's unit" if unit.loaded else "this user",
        management=has_management(),
    )
    found = list(bluez.bluez(seen, tuple(radio.hear for radio in radios)))
    for name in adapters:
        adapter = bluez.Adapter(
            name=name,
            present=name in bus.powered,
            powered=bus.powered.get(name, False),
            blocked=FILES.blocked(name),
            usb=FILES.usb(name),
        )
        found.append(bluez.adapter(adapter, bus.bus))
    return found


def _capabilities(unit: Unit) -> int:
    if not unit.loaded or unit.user in {"", ROOT}:
        return FILES.capabilities()
    return bluez.NET_ADMIN if "cap_net_admin" in unit.ambient else 0


async def _heard(who: Patient, listen_s: float) -> list[Finding]:
    settings = who.settings
    sittings = [Sitting(settings, radio, who.clock.boottime) for radio in settings.radios]
    heard: list[Heard] = await asyncio.gather(*(each.hear(listen_s) for each in sittings))
    beacon, fobs = settings.heartbeat, settings.static
    interval_ms = 0 if beacon is None else beacon.interval_ms
    flagless = fobs is not None and bool(fobs.altbeacons)
    flags_unproven = flagless and (beacon is None or beacon.minor_without_flags is None)
    found = []
    for each in heard:
        found.append(hearing.hearing(each))
        if each.state == "hearing":
            found.append(hearing.heartbeat(each, interval_ms, flags_unproven=flags_unproven))
    return found


async def _read(settings: Settings) -> list[Finding]:
    found = []
    for camera in settings.cameras:
        if camera.folder is not None:
            seen = tried_folder(camera.scanner, Path(camera.folder), consume=camera.consume)
        else:
            task = Live(
                device=camera.device or 0, width=camera.width, height=camera.height, retail=()
            )
            seen = await tried_camera(camera.scanner, task)
        found.append(readers.camera(seen))
    usb = (tried_scanner(each.scanner, attaching(each)) for each in settings.usb_scanners)
    return [*found, *map(readers.usb_scanner, usb)]


def _left_alone(settings: Settings, said: Running | None) -> Iterator[Finding]:
    kinds: list[tuple[Check, str]] = [("hearing", each.scanner) for each in settings.radios]
    kinds += [("camera", each.scanner) for each in settings.cameras]
    kinds += [("usb-scanner", each.scanner) for each in settings.usb_scanners]
    for check, scanner in kinds:
        yield supervision.from_outside(check, scanner, said)


def _time(who: Patient, way: Way, said: Running | None) -> Iterator[Finding]:
    now = who.clock.now()
    yield from timekeeping.timekeeping(
        timekeeping.Timekeeping(
            source=who.settings.clock.source,
            state=now.state,
            err_ms=now.err_ms,
            keepers=FILES.keepers(),
            server_off_ms=way.server_off_ms,
            daemon=None if said is None else said.clock,
            pi=FILES.is_pi(),
        )
    )


def _kept(who: Patient) -> list[Finding]:
    settings = who.settings
    path = Path(settings.spool.path)
    seen = of_spool.seen(path, who.clock.now().wall_ms)
    room = keeping.Room(
        spool_bytes=settings.spool.size_mib * keeping.MIB,
        ballast_bytes=spool_disk.Room().ballast_bytes,
        steady_ms=meaning.pace(settings).steady_ms,
    )
    used = of_spool.used_bytes(path)
    medium = FILES.medium(path.parent) if path.parent.exists() else ""
    return [*keeping.disk(of_spool.disk(path, medium), room, used), *keeping.spool(seen, room)]


async def _climb(who: Patient, way: Way, said: Running | None) -> list[Finding]:
    """Go the way up as far as it leads, and as far as it may be gone beside a daemon."""
    broker = broker_of(who.settings)
    tried = [each async for each in reach(broker, way)]
    reached = all(each.problem is None for each in tried)
    if reached and not who.runs:
        letter = _letter(who)
        climbed = ask(broker, letter, lambda: who.clock.now().wall_ms, way)
        tried += [each async for each in climbed]
    found = list(way_up.uplink(tuple(tried)))
    if who.runs:
        found.append(supervision.uplink_from_outside(said))
    for number, place in enumerate(who.settings.broker.fallbacks, start=1):
        steps = [each async for each in reach(broker.node(number), Way())]
        found.append(way_up.fallback(place, tuple(steps)))
    return [*found, *_certificates(broker, way, who.clock.now().wall_ms)]


def _certificates(broker: Broker, way: Way, now_ms: int) -> Iterator[Finding]:
    if broker.tls is None:
        return
    seen = own_certificates(broker.tls)
    if way.broker_until_ms is not None:
        seen.append(way_up.Certificate(whose="broker", until_ms=way.broker_until_ms))
    yield from map(partial(way_up.certificate, now_ms=now_ms), seen)


def _letter(who: Patient) -> Letter:
    """Return a batch that says no more than that somebody began to speak, of a stream that ends with it."""
    speaker = Speaker(
        edge=who.settings.edge,
        stream=secrets.token_hex(16),
        software=f"{version('shopbell')} doctor",
    )
    started = StreamStarted(previous=None, previous_last_seq=None, software=speaker.software)
    batch = Batch(
        edge=speaker.edge,
        stream=speaker.stream,
        seq=1,
        clock=who.clock.now(),
        dropped={},
        events=(started,),
    )
    describe = describing(
        who.settings,
        who.clock,
        Tally(),
        stream=speaker.stream,
        software=speaker.software,
        in_force=None,
    )
    return Letter(
        stream=speaker.stream,
        batch=codec.encode(batch),
        will=codec.encode(describe(0, "offline")),
    )
