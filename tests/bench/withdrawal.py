"""How long after somebody withdraws she is stored, shown and reported no more."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import tempfile
import threading
import time
from contextlib import AsyncExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

import httpx2
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from shopbell_program.mqtt_client import EndableClient
from shopbell_sim.core import advert
from shopbell_wire import codec
from shopbell_wire.messages import Presence
from tests.bench.air import POWER_DBM, RETAILER
from tests.bench.board import looking
from tests.bench.edge import edge_daemon
from tests.bench.people import Talker, device_token
from tests.bench.report import Report, at_most, figure, percentile
from tests.bench.server import TENANT, serving
from tests.rigs.fake_bluez.bus import missing, system_bus_at
from tests.rigs.fake_bluez.client import FakeBluez, fake_bluez
from tests.rigs.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from paho.mqtt.client import Client, MQTTMessage

    from tests.bench.board import Tablet
    from tests.bench.people import Guest
    from tests.bench.server import Site

TITLE: Final = "Withdrawal, end to end"
MEASURES: Final = (
    "Unchanged `shopbell-edge run` (rules `standard`: a report of a stay that stands still every 30 s) and "
    "`shopbell-server run` (rules `demo`), embedded broker, SQLite. 100 customers are near: the edge hears "
    "their phones, and goes on hearing them; a second edge reports every one of them once a second, before "
    "and after. They withdraw `recognise_in_store` by their phones, one after the other, ten a second. From "
    "the request: **server**, to the answer, or to the newest moment that is stored of her, whichever is "
    "later; **board**, to the bytes with which her row goes, at a tablet; **edge**, to its last message that "
    "has her token. It looks on for 65 s after the last."
)
WHY: Final = (
    "the edge learns by the answer to its next report of her, which is due 30 s after the one before, and "
    "says no more of her; where it waits for a broker that is away, it has said nothing either."
)

SERVER_S: Final = 1.0
BOARD_S: Final = 5.0
EDGE_S: Final = 60.0
"""The times of the specification."""

PEOPLE: Final = 100
PER_S: Final = 10
LOOKS_ON_S: Final = 65.0
"""As long as an edge may take, and a little longer."""

RSSI_DBM: Final = -65
ROUND_S: Final = 0.5
"""Between two advertisements of a phone."""

FLOW_S: Final = 1.0
READY_S: Final = 60.0
SECOND_MS: Final = 1_000
TEXT: Final = "ab" * 32


@dataclass(slots=True)
class Times:
    """Of each customer by number, in seconds of this machine's clock."""

    asked: dict[int, float] = field(default_factory=dict)
    answered: dict[int, float] = field(default_factory=dict)
    gone: dict[int, float] = field(default_factory=dict)
    reported: dict[int, float] = field(default_factory=dict)
    """When the edge said something of her last."""


async def measure(*, long: bool) -> Report:
    del long
    if why := missing():
        pytest.skip(why)
    times = Times()
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="shopbell-bench-")))
        bluez = await stack.enter_async_context(fake_bluez())
        stack.enter_context(system_bus_at(bluez.address))
        site = stack.enter_context(serving(folder, edges=2, people=PEOPLE, rules="demo"))
        stack.enter_context(edge_daemon(site, rules="standard"))
        tablet = await stack.enter_async_context(looking(site.http_port))
        stack.enter_context(overhearing(site, times))
        await bluez.scanning()
        tasks = await stack.enter_async_context(asyncio.TaskGroup())
        stopped = threading.Event()
        shown: dict[str, float] = {}
        gone: dict[str, float] = {}
        tasks.create_task(asyncio.to_thread(report, site, stopped))
        endless = (
            tasks.create_task(advertise(bluez, site.guests)),
            tasks.create_task(look(tablet, shown, gone)),
        )
        try:
            await until(
                "the edge hears all", lambda: len(times.reported) == PEOPLE, within_s=READY_S
            )
            await until("all are shown", lambda: len(shown) == PEOPLE, within_s=READY_S)
            visits = await asyncio.to_thread(visits_of, folder)
            await withdraw(site, times)
            await asyncio.sleep(LOOKS_ON_S)
        finally:
            stopped.set()
            for each in endless:
                each.cancel()
        stored = await asyncio.to_thread(stored_until, folder)
    for visit, at_s in gone.items():
        times.gone[visits[visit]] = at_s
    return told(times, stored)


def told(times: Times, stored: Mapping[int, float]) -> Report:
    everybody = sorted(times.asked)
    server = [
        max(times.answered[each], stored.get(each, 0.0)) - times.asked[each] for each in everybody
    ]
    board = [times.gone.get(each, float("inf")) - times.asked[each] for each in everybody]
    edge = [max(0.0, times.reported[each] - times.asked[each]) for each in everybody]
    return Report(
        title=TITLE,
        measures=MEASURES,
        figures=(
            figure("server", "ms", [each * SECOND_MS for each in server], many=True),
            figure("board", "ms", [each * SECOND_MS for each in board], many=True),
            figure("edge", "s", edge, many=True),
        ),
        verdicts=(
            at_most("server, p99", percentile(server, 0.99), SERVER_S, "s"),
            at_most("board, p99", percentile(board, 0.99), BOARD_S, "s"),
            at_most("edge, p99", percentile(edge, 0.99), EDGE_S, "s"),
        ),
        notes=(f"{len(everybody)} withdrawals",),
        why=WHY,
    )


async def advertise(bluez: FakeBluez, guests: Sequence[Guest]) -> None:
    """Let every phone advertise, whatever its owner has said: an app may be late, or old."""
    phones = [
        (
            advert.service_data(RETAILER.uuid, each.id64, POWER_DBM).payload,
            "C0:DE:" + each.number.to_bytes(4).hex(":").upper(),
        )
        for each in guests
    ]
    while True:
        began_s = time.monotonic()
        for ad, address in phones:
            await bluez.inject(ad, address, RSSI_DBM)
        await asyncio.sleep(max(0.0, began_s + ROUND_S - time.monotonic()))


def report(site: Site, stopped: threading.Event) -> None:
    """Report everybody from the second edge, again and again."""
    talker = Talker(1)
    topic = f"shopbell/v1/{TENANT}/{talker.edge}/up/live"
    with connected(site, "bench-flow", "edge", site.edge_password) as client:
        began_ms = time.time_ns() // 1_000_000
        count = 0
        while not stopped.wait(FLOW_S):
            count += 1
            now_ms = time.time_ns() // 1_000_000
            for first in range(0, len(site.guests), 50):
                events = [
                    each.presence("hci0", began_ms, now_ms, 4 * count, frame="service-data")
                    for each in site.guests[first : first + 50]
                ]
                client.publish(topic, talker.batch(events, now_ms), qos=1)


async def look(tablet: Tablet, shown: dict[str, float], gone: dict[str, float]) -> None:
    """Note which rows come and when they go, by their visits."""
    wall_s = time.time() - time.perf_counter()
    async for event in tablet.events():
        if event.name == b"changed":
            shown.setdefault(json.loads(event.data)["visit"], wall_s + event.at_s)
        elif event.name == b"gone":
            gone.setdefault(json.loads(event.data)["visit"], wall_s + event.at_s)


async def withdraw(site: Site, times: Times) -> None:
    """Let them all withdraw, PER_S a second."""
    body = {
        "consents": [
            {
                "purpose": "recognise_in_store",
                "state": "withdrawn",
                "text_version": "2026-1",
                "text_sha256": TEXT,
                "language": "nl",
            }
        ]
    }
    url = f"http://127.0.0.1:{site.http_port}/v1/app/consents"

    async def one(guest: Guest) -> None:
        times.asked[guest.number] = time.time()
        bearer = {"Authorization": f"Bearer {device_token(guest.number)}"}
        answer = await client.put(url, json=body, headers=bearer)
        times.answered[guest.number] = time.time()
        assert answer.is_success, answer.status_code

    async with (
        httpx2.AsyncClient(timeout=30, trust_env=False) as client,
        asyncio.TaskGroup() as tasks,
    ):
        for guest in site.guests:
            tasks.create_task(one(guest))
            await asyncio.sleep(1 / PER_S)


@contextmanager
def overhearing(site: Site, times: Times) -> Iterator[None]:
    """Note when the edge said something of whom last."""
    numbers = {each.id64: each.number for each in site.guests}

    def heard(_client: Client, _userdata: object, message: MQTTMessage) -> None:
        at_s = time.time()
        with suppress(codec.MalformedError):
            for _, event in codec.decode_batch(bytes(message.payload)).events:
                if isinstance(event, Presence) and event.token in numbers:
                    times.reported[numbers[event.token]] = at_s

    with connected(site, "bench-ear", *site.server_login) as client:
        client.on_message = heard
        client.subscribe(f"shopbell/v1/{TENANT}/edge-0/up/#", 1)
        yield


@contextmanager
def connected(site: Site, name: str, user: str, password: str) -> Iterator[EndableClient]:
    client = EndableClient(CallbackAPIVersion.VERSION2, client_id=name)
    client.username_pw_set(user, password)
    client.connect("127.0.0.1", site.port)
    client.loop_start()
    try:
        yield client
    finally:
        client.disconnect()
        client.loop_stop()


def visits_of(folder: Path) -> dict[str, int]:
    """Return whose each visit is, by the number of the customer."""
    return {
        visit: number_of(person)
        for visit, person in _rows(folder, "SELECT visit, person FROM visits")
    }


def stored_until(folder: Path) -> dict[int, float]:
    """Return the newest moment that is stored of each, in seconds."""
    rows = _rows(folder, "SELECT person, max(last_ms) FROM intervals GROUP BY person")
    return {number_of(person): int(last_ms) / SECOND_MS for person, last_ms in rows}


def number_of(person: str) -> int:
    return int(person.removeprefix("person-"))


def _rows(folder: Path, query: str) -> list[tuple[str, str]]:
    with closing(sqlite3.connect(f"file:{folder}/shop.db?mode=ro", uri=True)) as connection:
        return connection.execute(query).fetchall()
