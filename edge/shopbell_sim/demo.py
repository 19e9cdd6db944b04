"""`shopbell-sim demo`: everything on this machine, and a shop full of people who are not there.

Owns: the folder, the programs that run first, and how everything ends.
Never: what happens once the server is ready (`demo_day`), or what a program does.

What is imported here is little: the server is to start at once.
"""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
import tempfile
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, TextIO

from shopbell_program.commands import CommandError, loading
from shopbell_program.whereabouts import leaf_of
from shopbell_sim import demo_folder
from shopbell_sim.adapters.app_error import AppError
from shopbell_sim.adapters.processes import Processes
from shopbell_sim.adapters.terminal import Terminal
from shopbell_sim.core.floor import DEMO_FLOOR

if TYPE_CHECKING:
    from shopbell_sim.adapters.processes import Child
    from shopbell_sim.demo_folder import DemoFolder

START_S: Final = 60.0
"""For a program to be ready; a laptop on battery takes ten."""


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
    terminal = Terminal(out)
    address = _own_address() if demo.lan else None
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
        await _until_it_fails(demo, terminal, address)
    except asyncio.CancelledError:
        if not stopping:
            raise
        terminal.show("\nStopped; nothing is left running.")


async def _until_it_fails(demo: Demo, terminal: Terminal, address: str | None) -> None:
    try:
        # Paths of sockets must be short, whatever the data folder is called.
        with tempfile.TemporaryDirectory(prefix="shopbell-") as sockets:
            folder = demo_folder.fresh(demo.data, Path(sockets))
            await _Running(demo, folder, terminal, address).run()
    except* (CommandError, AppError) as group:
        raise CommandError(str(leaf_of(group))) from None


class _Running:
    """One demo, from its first line on the terminal to its last."""

    def __init__(
        self, demo: Demo, folder: DemoFolder, terminal: Terminal, address: str | None
    ) -> None:
        self._demo = demo
        self._folder = folder
        self._terminal = terminal
        self._address = address

    async def run(self) -> None:
        self._terminal.say("Shopbell demo: a shop that isn't there. Ctrl-C stops everything.")
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
        server = await self._start(processes)
        # While they load, so do we: whoever waits for the first row waits for the slowest only.
        with loading():
            from shopbell_sim.demo_day import Asked, Day, Opened  # noqa: PLC0415  # as said
        asked = Asked(
            shoppers=self._demo.shoppers,
            seed=self._demo.seed,
            lan_address=self._address,
            shows_guest=self._demo.device is not None,
        )
        day = Day(asked, self._folder, processes, self._terminal)
        (url,) = await _said(server, "ready: ", 1)
        own_link, visitors_link = await _said(server, "sign-in: ", 2)
        self._terminal.say(f"server with its broker at {url}, and the till's edge")
        await day.run(Opened(url=url, own_link=own_link, visitors_link=visitors_link), stack)

    async def _start(self, processes: Processes) -> Child:
        """Write what programs read; start the server and the edge that the first customer stands before."""
        folder, broker_port = self._folder, _free_port()
        demo_folder.write_server(folder, http_port=self._demo.port, broker_port=broker_port)
        demo_folder.write_edges(
            folder, DEMO_FLOOR, broker_port=broker_port, device=self._demo.device
        )
        demo_folder.write_first_seed(folder, DEMO_FLOOR)
        server = await processes.start(
            "server",
            [
                *("shopbell_server", "run", "--config", str(folder.server_toml)),
                *("--migrate", "--seed", str(folder.first_seed)),
                *("--sign-in-link", demo_folder.STAFF) * 2,  # one for the board from here
            ],
        )
        edge = demo_folder.CAMERA_EDGE
        await processes.start(f"edge-{edge}", demo_folder.edge_command(folder, edge))
        return server


async def _said(child: Child, begins: str, count: int) -> list[str]:
    """Return the rest of the first `count` lines of a program's output that begin so. Raises CommandError."""
    try:
        async with asyncio.timeout(START_S):
            while True:
                lines = child.out.read_text().splitlines(keepends=True)
                found = [
                    line.removeprefix(begins).strip()
                    for line in lines
                    if line.startswith(begins) and line.endswith("\n")
                ]
                if len(found) >= count:
                    return found[:count]
                if child.process.returncode is not None:
                    raise child.died()
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise _not_ready(child) from None


def _not_ready(child: Child) -> CommandError:
    return CommandError(f"{child.name} was not ready within {START_S:.0f} s; its log: {child.log}")


def _check_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise CommandError(
                f"port {port} of this machine: {error.strerror}. Stop what uses it (another demo?), "
                f"or choose another: {sys.argv[0]} demo --port {port + 1 if port else 8401}"
            ) from None


def _own_address() -> str:
    # Here, not above: it comes with what makes certificates, which takes as long as all the rest.
    from shopbell_sim.adapters.tls_door import own_address  # noqa: PLC0415  # as said

    return own_address()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def main(demo: Demo) -> None:
    """Run the demo on this terminal."""
    asyncio.run(run(demo, sys.stdout))
