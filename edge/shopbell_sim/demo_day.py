"""The day of the demo: from a server that is ready to a shop full of people, until somebody ends it.

Owns: who comes first, what follows when her row is there, and what the terminal says of it.
Never: which programs run before (`demo`), or how people behave (`shop`).
"""

from __future__ import annotations

import asyncio
import random
import time
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

import msgspec

from shopbell_program.commands import CommandError
from shopbell_sim import demo_folder
from shopbell_sim.adapters.app import App
from shopbell_sim.adapters.app_error import AppError
from shopbell_sim.adapters.board import Board
from shopbell_sim.adapters.feed import Feed
from shopbell_sim.adapters.show_pass import CameraFolder, for_terminal, left_s, pass_of
from shopbell_sim.adapters.truth import Truth
from shopbell_sim.core import plan
from shopbell_sim.core.floor import DEMO_FLOOR
from shopbell_sim.core.fob import WORN
from shopbell_sim.customer import Customer
from shopbell_sim.shop import Shop

if TYPE_CHECKING:
    from contextlib import AsyncExitStack

    from shopbell_sim.adapters.processes import Processes
    from shopbell_sim.adapters.terminal import Terminal
    from shopbell_sim.core.fob import Fob
    from shopbell_sim.core.plan import Person
    from shopbell_sim.demo_folder import DemoFolder

DAYS: Final = 30
"""Of history."""

FIRST_ROW_S: Final = 60.0
"""From a pass before the camera to its row on the board; it takes half a second. An edge that has only
just been started on a laptop on battery takes ten."""

PAINT_S: Final = 0.5

AT_ONCE: Final = 4
"""Enrolments at a time: the server has other work to do."""

LAN_PORT: Final = 8443

_GUEST: Final = 1
"""Whose pass is shown on the terminal with CAMERA: somebody who allows to be greeted by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A server that is ready: its address, and two links that each sign in once."""

    url: str
    own_link: str
    """For looking at the board from here."""
    visitors_link: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What somebody wants of the day."""

    shoppers: int
    seed: int
    lan_address: str | None
    """Where tablets reach this machine, if they shall."""
    shows_guest: bool
    """Whether a valid pass is to be kept on the terminal, for a camera of this machine."""


class Day:
    """Runs once, in a task."""

    def __init__(
        self, asked: Asked, folder: DemoFolder, processes: Processes, terminal: Terminal
    ) -> None:
        self._asked = asked
        self._folder = folder
        self._processes = processes
        self._terminal = terminal
        self._rng = random.Random(asked.seed)
        self._people = plan.people(self._rng, asked.shoppers)

    async def run(self, opened: Opened, stack: AsyncExitStack) -> None:
        """Let the first customer in, then everybody, until cancelled. What must be closed goes to `stack`."""
        feeds = {
            scanner.name: Feed(self._folder.socket(scanner.edge)) for scanner in DEMO_FLOOR.scanners
        }
        truth = stack.enter_context(Truth(self._folder.live / "truth.ndjson"))
        app = await stack.enter_async_context(App(opened.url, self._folder.read_secret("api-key")))
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
            tasks.create_task(self._processes.watch(), name="watch")
            for name, feed in feeds.items():
                tasks.create_task(feed.run(), name=f"feed-{name}")
            first = await self._first_row(opened, app, shop)
            tasks.create_task(shop.run(), name="shop")
            tasks.create_task(self._paint(shop), name="paint")
            await self._invite(opened, stack)
            await self._start_other_edges()
            guest = await self._enrol_others(app, shop)
            if self._asked.shows_guest:
                tasks.create_task(self._show_guest(guest or first), name="guest")
            await self._remember()
            self._tell_password(opened)

    # ------------------------------------------------------------------ the first row

    async def _first_row(self, opened: Opened, app: App, shop: Shop) -> Customer:
        """Let the first customer show her pass, and return once the board has her."""
        async with Board(opened.url, demo_folder.STORE) as board:
            async with asyncio.TaskGroup() as tasks:
                enrolling = tasks.create_task(app.enrol(self._people[0]), name="first")
                tasks.create_task(board.sign_in(opened.own_link), name="sign-in")
            first = Customer(person=self._people[0], enrolled=enrolling.result(), identity=None)
            shop.add(first)
            shop.check_in(first.person.who)
            name = first.person.first_name
            self._terminal.say(f"{name} holds her pass before the till's camera")
            try:
                async with asyncio.timeout(FIRST_ROW_S):
                    await _by_pass(board)
            except TimeoutError:
                raise CommandError(
                    f"{name}'s pass was not on the board within {FIRST_ROW_S:.0f} s; "
                    f"what the programs say: {self._folder.logs}"
                ) from None
        self._terminal.say(f"first customer recognised at the till: {name} is on the board")
        # A pass needs no tokens; her phone does, from here on.
        first.identity = await app.identity(first.enrolled)
        return first

    # ------------------------------------------------------------------ everything else

    async def _start_other_edges(self) -> None:
        edges = [scanner.edge for scanner in DEMO_FLOOR.scanners]
        others = [edge for edge in edges if edge != demo_folder.CAMERA_EDGE]
        for edge in others:
            await self._processes.start(
                f"edge-{edge}", demo_folder.edge_command(self._folder, edge)
            )
        self._terminal.say(f"more edges start: {', '.join(others)}")

    async def _enrol_others(self, app: App, shop: Shop) -> Customer | None:
        """Enrol everybody else; return the guest whose pass may be shown."""
        turns = asyncio.Semaphore(AT_ONCE)
        found: dict[str, Customer] = {}

        async def enrol(number: int, person: Person) -> None:
            async with turns:
                found[person.who] = await _enrolled(app, person, WORN.get(number))
                shop.add(found[person.who])

        async with asyncio.TaskGroup() as tasks:
            for number, person in enumerate(self._people[1:], start=1):
                tasks.create_task(enrol(number, person), name=f"enrol-{person.who}")
        silent = sum(not person.recognised for person in self._people)
        self._terminal.say(
            f"{len(self._people)} customers have the app, {silent} of them do not let themselves be "
            f"recognised; {sum(each.fob is not None for each in found.values())} wear a fob instead"
        )
        return found.get(self._people[_GUEST].who)

    async def _remember(self) -> None:
        """Sow the history, beside the server that runs."""
        today = datetime.now(ZoneInfo("Europe/Amsterdam")).replace(
            hour=0, minute=0, second=0, microsecond=0
        )
        edges = [scanner.edge for scanner in DEMO_FLOOR.scanners]
        # Dice of its own: nobody's day depends on the past.
        dice = random.Random(self._asked.seed)
        past = plan.past_visits(dice, self._people, edges, today.astimezone(UTC), days=DAYS)
        visits = demo_folder.write_history_seed(self._folder, DEMO_FLOOR, self._people, past)
        await self._processes.finish(
            "history",
            [
                *("shopbell_server", "seed", str(self._folder.history_seed)),
                *("--config", str(self._folder.server_toml)),
            ],
        )
        self._terminal.say(f"history: {visits} visits of the last {DAYS} days")

    async def _paint(self, shop: Shop) -> None:
        whole, part = self._folder.live / "floor.json", self._folder.live / "floor.part"
        while True:
            part.write_bytes(msgspec.json.encode(shop.picture()))
            part.replace(whole)
            await asyncio.sleep(PAINT_S)

    # ------------------------------------------------------------------ what it says

    async def _invite(self, opened: Opened, stack: AsyncExitStack) -> None:
        link = f"{opened.visitors_link}&next=/demo"
        rule = "─" * min(len(link) + 2, 100)
        self._terminal.show(
            f"\n{rule}\n  Open this (it signs in once, within 15 minutes):\n\n  {link}\n{rule}\n"
        )
        self._terminal.show(
            f"  CDP events: {self._folder.live / 'events.ndjson'}   logs: {self._folder.logs}\n"
        )
        if self._asked.lan_address is not None:
            await self._open_to_tablets(opened, self._asked.lan_address, stack)

    async def _open_to_tablets(self, opened: Opened, address: str, stack: AsyncExitStack) -> None:
        # Here, not above: making certificates takes a library that nobody else here needs.
        from shopbell_sim.adapters.tls_door import TlsDoor, certificate  # noqa: PLC0415  # as said

        tls = certificate(self._folder.secrets, address)
        inside = int(opened.url.rpartition(":")[2])
        port = await stack.enter_async_context(TlsDoor("0.0.0.0", LAN_PORT, tls, inside))  # noqa: S104  # LAN=1 asks for it
        lan = f"https://{address}:{port}/login"
        self._terminal.show(for_terminal(lan))
        self._terminal.show(
            f"  On a tablet or phone in this network: {lan}\n"
            "  Its certificate was made a moment ago on this machine, so the browser will warn: go on.\n"
        )

    def _tell_password(self, opened: Opened) -> None:
        password = self._folder.read_secret("staff-password")
        self._terminal.show(
            f"\n  Later, or in another browser: {opened.url}/login"
            f"  name: {demo_folder.STAFF}  password: {password}\n"
        )

    async def _show_guest(self, guest: Customer) -> None:
        """Keep a valid pass on the terminal, to be photographed and held to this machine's camera."""
        while True:
            now_s = time.time()
            self._terminal.show(for_terminal(pass_of(guest.enrolled, now_s)))
            self._terminal.show(
                f"  {guest.person.first_name}'s pass, good for {left_s(now_s) + 30} s. Photograph it "
                "with your phone and hold the phone to this machine's camera."
            )
            await asyncio.sleep(left_s(now_s))


async def _enrolled(app: App, person: Person, fob: Fob | None) -> Customer:
    enrolled = await app.enrol(person)
    if fob is not None:
        await app.register(enrolled, fob.id)
    identity = await app.identity(enrolled)
    return Customer(person=person, enrolled=enrolled, identity=identity, fob=fob)


async def _by_pass(board: Board) -> None:
    """Return once somebody is on the board by a pass. Raises AppError if the board ends before."""
    async with aclosing(board.rows()) as rows:
        async for row in rows:
            if row.evidence == "pass":
                return
    raise AppError("the stream of the board ended; is the server running?")
