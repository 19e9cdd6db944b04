"""`shopbell-sim demo`: everything on this machine, and a shop full of people who are not there.

Owns: which programs run, in which order, and what the terminal says meanwhile.
Never: how people behave (`shop`), or what a program does.
"""

from __future__ import annotations

import asyncio
import random
import signal
import socket
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, TextIO
from zoneinfo import ZoneInfo

import msgspec

from shopbell_program.commands import CommandError
from shopbell_sim import demo_folder
from shopbell_sim.adapters.app import App, AppError
from shopbell_sim.adapters.feed import Feed
from shopbell_sim.adapters.processes import Processes
from shopbell_sim.adapters.show_pass import CameraFolder, for_terminal, left_s, pass_of
from shopbell_sim.adapters.tls_door import TlsDoor, certificate, own_address
from shopbell_sim.adapters.truth import Truth
from shopbell_sim.core import plan
from shopbell_sim.core.floor import DEMO_FLOOR
from shopbell_sim.customer import Customer
from shopbell_sim.shop import Shop

if TYPE_CHECKING:
    from shopbell_sim.adapters.processes import Child
    from shopbell_sim.core.plan import Person
    from shopbell_sim.demo_folder import DemoFolder

DAYS: Final = 30
"""Of history."""

START_S: Final = 60.0
"""For a program to be ready; a laptop on battery takes ten."""

PAINT_S: Final = 0.5

AT_ONCE: Final = 4
"""Enrolments at a time: the server has other work to do."""

LAN_PORT: Final = 8443

_GUEST: Final = 1
"""Whose pass is shown on the terminal with CAMERA: somebody who allows to be greeted by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Demo:
    """What was asked for on the command line."""

    data: Path
    port: int
    shoppers: int
    seed: int
    device: int | None
    lan: bool


async def run(demo: Demo, out: TextIO) -> None:
    """Run until SIGINT or SIGTERM. Raises CommandError when something cannot run; leaves nothing behind."""
    _check_port(demo.port)
    address = own_address() if demo.lan else None
    main = asyncio.current_task()
    loop = asyncio.get_running_loop()
    stopping = False

    def stop() -> None:
        nonlocal stopping
        if main is not None and not stopping:
            stopping = True
            main.cancel()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stop)
    try:
        await _until_it_fails(demo, out, address)
    except asyncio.CancelledError:
        if not stopping:
            raise
        print("\nStopped; nothing is left running.", file=out)


async def _until_it_fails(demo: Demo, out: TextIO, address: str | None) -> None:
    try:
        # Paths of sockets must be short, whatever the data folder is called.
        with tempfile.TemporaryDirectory(prefix="shopbell-") as sockets:
            folder = demo_folder.fresh(demo.data, Path(sockets))
            await _Running(demo, folder, out, address).run()
    except* (CommandError, AppError) as group:
        raise CommandError(str(_leaf(group))) from None


class _Running:
    """One demo, from its first line on the terminal to its last."""

    def __init__(self, demo: Demo, folder: DemoFolder, out: TextIO, address: str | None) -> None:
        self._demo = demo
        self._folder = folder
        self._out = out
        self._address = address
        self._rng = random.Random(demo.seed)
        self._people = plan.people(self._rng, demo.shoppers)
        self._began_s = time.monotonic()

    async def run(self) -> None:
        self._say("Shopbell demo: a shop that isn't there. Ctrl-C stops everything.")
        async with AsyncExitStack() as stack:
            processes = await stack.enter_async_context(Processes(self._folder.logs))
            try:
                await self._open(stack, processes)
            except* AppError:
                # The server did not answer; if it is gone, that is the news.
                dead = await processes.casualty()
                if dead is not None:
                    raise dead from None
                raise

    async def _open(self, stack: AsyncExitStack, processes: Processes) -> None:
        broker_port = _free_port()
        await self._prepare(processes, broker_port)
        feeds = {
            scanner.name: Feed(self._folder.socket(scanner.edge)) for scanner in DEMO_FLOOR.scanners
        }
        url, link = await self._start(processes, broker_port)
        truth = stack.enter_context(Truth(self._folder.live / "truth.ndjson"))
        app = await stack.enter_async_context(App(url, self._folder.read_secret("api-key")))
        shop = Shop(
            floor=DEMO_FLOOR,
            rng=self._rng,
            app=app,
            store=demo_folder.STORE,
            feeds=feeds,
            camera=CameraFolder(self._folder.camera),
            truth=truth,
        )
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(processes.watch(), name="watch")
            for name, feed in feeds.items():
                tasks.create_task(feed.run(), name=f"feed-{name}")
            first = await _enrolled(app, self._people[0])
            shop.add(first)
            shop.check_in(first.person.who)
            self._say(f"{first.person.first_name} holds her pass before the till's camera")
            tasks.create_task(shop.run(), name="shop")
            tasks.create_task(self._paint(shop), name="paint")
            guest = await self._enrol_others(app, shop)
            await self._invite(stack, url, link)
            if self._demo.device is not None:
                tasks.create_task(self._show_guest(guest or first), name="guest")

    async def _prepare(self, processes: Processes, broker_port: int) -> None:
        """Write everything that the programs read, and fill the database."""
        folder = self._folder
        demo_folder.write_server(folder, http_port=self._demo.port, broker_port=broker_port)
        demo_folder.write_edges(
            folder, DEMO_FLOOR, broker_port=broker_port, device=self._demo.device
        )
        today = datetime.now(ZoneInfo("Europe/Amsterdam")).replace(
            hour=0, minute=0, second=0, microsecond=0
        )
        edges = [scanner.edge for scanner in DEMO_FLOOR.scanners]
        past = plan.past_visits(self._rng, self._people, edges, today.astimezone(UTC), days=DAYS)
        visits = demo_folder.write_seed(folder, DEMO_FLOOR, self._people, past)
        for name, arguments in (
            ("migrate", ["migrate"]),
            ("seed", ["seed", str(folder.seed)]),
        ):
            command = ["shopbell_server", *arguments, "--config", str(folder.server_toml)]
            await processes.finish(await processes.start(name, command))
        self._say(
            f"database: {len(self._people)} customers, {visits} visits of the last {DAYS} days"
        )

    async def _start(self, processes: Processes, broker_port: int) -> tuple[str, str]:
        """Start server and edges; return the server's address and a signed-in link."""
        folder = self._folder
        server = await processes.start(
            "server",
            [
                "shopbell_server",
                "run",
                "--config",
                str(folder.server_toml),
                "--sign-in-link",
                demo_folder.STAFF,
            ],
        )
        # An edge that finds no broker waits longer and longer, so the broker comes first; and of the
        # edges the one that the first customer stands before.
        await _listens(broker_port, server)
        edges = [scanner.edge for scanner in DEMO_FLOOR.scanners]
        for edge in sorted(edges, key=lambda each: each != demo_folder.CAMERA_EDGE):
            await processes.start(
                f"edge-{edge}", ["shopbell_edge", "run", "--config", str(folder.edge_toml(edge))]
            )
        url, link = await _said(server, "ready: "), await _said(server, "sign-in: ")
        self._say(f"server with its broker at {url}, edges: door, floor, till")
        return url, f"{link}&next=/demo"

    async def _enrol_others(self, app: App, shop: Shop) -> Customer | None:
        """Enrol everybody else; return the guest whose pass may be shown."""
        turns = asyncio.Semaphore(AT_ONCE)
        found: dict[str, Customer] = {}

        async def enrol(person: Person) -> None:
            async with turns:
                found[person.who] = await _enrolled(app, person)
                shop.add(found[person.who])

        async with asyncio.TaskGroup() as tasks:
            for person in self._people[1:]:
                tasks.create_task(enrol(person), name=f"enrol-{person.who}")
        silent = sum(not person.recognised for person in self._people)
        self._say(
            f"{len(self._people)} customers have the app, "
            f"{silent} of them do not let themselves be recognised"
        )
        return found.get(self._people[_GUEST].who) if len(self._people) > _GUEST else None

    async def _invite(self, stack: AsyncExitStack, url: str, link: str) -> None:
        rule = "─" * min(len(link) + 2, 100)
        print(f"\n{rule}\n  Open this (it signs in once, within 15 minutes):\n", file=self._out)
        print(f"  {link}\n{rule}\n", file=self._out)
        password = self._folder.read_secret("staff-password")
        print(
            f"  Later, or in another browser: {url}/login  name: {demo_folder.STAFF}  password: {password}\n"
            f"  CDP events: {self._folder.live / 'events.ndjson'}   logs: {self._folder.logs}\n",
            file=self._out,
            flush=True,
        )
        if self._address is None:
            return
        tls = certificate(self._folder.secrets, self._address)
        inside = int(url.rpartition(":")[2])
        port = await stack.enter_async_context(TlsDoor("0.0.0.0", LAN_PORT, tls, inside))  # noqa: S104  # LAN=1 asks for it
        lan = f"https://{self._address}:{port}/login"
        print(for_terminal(lan), file=self._out)
        print(
            f"  On a tablet or phone in this network: {lan}\n"
            "  Its certificate was made a moment ago on this machine, so the browser will warn: go on.\n",
            file=self._out,
            flush=True,
        )

    async def _show_guest(self, guest: Customer) -> None:
        """Keep a valid pass on the terminal, to be photographed and held to this machine's camera."""
        while True:
            now_s = time.time()
            print(for_terminal(pass_of(guest.enrolled, now_s)), file=self._out)
            print(
                f"  {guest.person.first_name}'s pass, good for {left_s(now_s) + 30} s. Photograph it "
                "with your phone and hold the phone to this machine's camera.",
                file=self._out,
                flush=True,
            )
            await asyncio.sleep(left_s(now_s))

    async def _paint(self, shop: Shop) -> None:
        whole, part = self._folder.live / "floor.json", self._folder.live / "floor.part"
        while True:
            part.write_bytes(msgspec.json.encode(shop.picture()))
            part.replace(whole)
            await asyncio.sleep(PAINT_S)

    def _say(self, text: str) -> None:
        print(f"[{time.monotonic() - self._began_s:5.1f} s] {text}", file=self._out, flush=True)


async def _enrolled(app: App, person: Person) -> Customer:
    enrolled = await app.enrol(person)
    return Customer(person=person, enrolled=enrolled, identity=await app.identity(enrolled))


async def _listens(port: int, child: Child) -> None:
    """Wait until `child` listens on `port`. Raises CommandError."""
    try:
        async with asyncio.timeout(START_S):
            while child.process.returncode is None:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                except OSError:
                    await asyncio.sleep(0.02)
                else:
                    writer.close()
                    return
            raise child.died()
    except TimeoutError:
        raise _not_ready(child) from None


async def _said(child: Child, begins: str) -> str:
    """Return the rest of the line of a program's output that begins so. Raises CommandError."""
    try:
        async with asyncio.timeout(START_S):
            while True:
                for line in child.out.read_text().splitlines(keepends=True):
                    if line.startswith(begins) and line.endswith("\n"):
                        return line.removeprefix(begins).strip()
                if child.process.returncode is not None:
                    raise child.died()
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise _not_ready(child) from None


def _not_ready(child: Child) -> CommandError:
    return CommandError(f"{child.name} was not ready within {START_S:.0f} s; its log: {child.log}")


def _leaf(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def _check_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise CommandError(
                f"port {port} of this machine: {error.strerror}. Stop what uses it (another demo?), "
                f"or choose another: shopbell-sim demo --port {port + 1 if port else 8401}"
            ) from None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def main(demo: Demo) -> None:
    """Run the demo on this terminal."""
    asyncio.run(run(demo, sys.stdout))
