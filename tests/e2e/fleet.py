"""A shop with one edge, the operator who orders it about, and somebody who has the broker."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from shopbell_program.signing import Signer
from shopbell_wire import codec
from shopbell_wire.messages import OrderDone, Presence, StreamStarted
from shopbell_wire.orders import Order, Task
from tests.e2e.shop import PREFIX, RETAILER, watcher
from tests.faults.daemon import Daemon
from tests.rigs.commands import run_command
from tests.rigs.listener import Listener
from tests.rigs.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from typing import Self

    from shopbell_wire.messages import Event
    from tests.e2e.shop import Shop
    from tests.rigs.brokers import BrokerProcess

EDGE_PROGRAM: Final = str(Path(sys.executable).parent / "shopbell-edge")

EDGE: Final = """
tenant = "acme"
edge = "door"
rules = "demo"                  # settings prove themselves in three seconds instead of a minute
[broker]
host = "127.0.0.1"
{broker}
[retailer]
uuid = "{retailer}"
prefix = "{prefix}"
[spool]
path = "{folder}/door.db"
[clock]
source = "system"
[sending]
reconnect_wait_s = 0
[identify]
led = "there-is-none"
[[radios]]
kind = "socket"
scanner = "air"
path = "{folder}/air"
[[radios]]
kind = "socket"
scanner = "other-air"
path = "{folder}/other-air"
"""

IBEACON: Final = f"02011a1aff4c000215{RETAILER.replace('-', '')}ad550f72c5"
TOKEN: Final = "ad550f72"


@dataclass(frozen=True)
class Somewhere:
    """What a listener needs of a broker."""

    port: int
    users: dict[str, str]


@dataclass
class Tap:
    """All that the edge says, by somebody who has the broker, and may say what he likes."""

    shop: Shop
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def __aenter__(self) -> Self:
        access = watcher(self.shop)

        there = Somewhere(port=access.port, users={access.username: access.password})
        self._listener = Listener(
            cast("BrokerProcess", there), "shopbell/v1/acme/door/up/#", user=access.username
        )
        await self._stack.enter_async_context(self._listener)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    def say(self, kind: str, payload: bytes) -> None:
        self._listener.say(f"shopbell/v1/acme/door/down/{kind}", payload)

    def events(self) -> list[Event]:
        batches = {payload for topic, payload, _ in self._listener.heard if "status" not in topic}
        received = [codec.decode_batch(payload) for payload in batches]
        return [event for batch in received for _, event in batch.events]

    def answers(self, number: int) -> list[tuple[str, str]]:
        return [
            (event.result, event.reason)
            for event in self.events()
            if isinstance(event, OrderDone) and event.number == number
        ]

    async def answer(self, number: int) -> tuple[str, str]:
        await until(f"an answer to {number}", lambda: bool(self.answers(number)), within_s=40)
        (answer,) = self.answers(number)
        return answer

    def phases(self, scanner: str) -> list[str]:
        return [
            event.phase
            for event in self.events()
            if isinstance(event, Presence) and event.scanner == scanner
        ]

    def streams(self) -> int:
        return sum(isinstance(event, StreamStarted) for event in self.events())


@dataclass
class Fleet:
    """The shop with one edge, and its operator."""

    shop: Shop
    edge: Daemon
    tap: Tap
    key: Signer

    async def command(self, *arguments: str, code: int = 0) -> str:
        """Run `shopbell-server edge …`; return what it printed, on whichever side."""
        config = str(self.shop.folder / "operator.toml")
        done = await asyncio.to_thread(
            run_command, "shopbell_server", "edge", *arguments, "--config", config
        )
        said = done.stdout + done.stderr
        assert done.returncode == code, said
        assert "Traceback" not in said
        return said

    async def asked(self, *arguments: str) -> Any:
        """Do the same and return its JSON."""
        return json.loads(await self.command(*arguments, "--json"))

    async def door(self) -> dict[str, Any]:
        """Return what `edge list` says of the door."""
        rows: list[dict[str, Any]] = await self.asked("list")
        return next(row for row in rows if row["edge"] == "door")

    async def configure(self, text: str, *more: str, code: int = 0) -> str:
        file = self.shop.folder / "settings.toml"
        file.write_text(text)
        return await self.command("configure", "door", str(file), *more, code=code)

    async def last(self) -> dict[str, Any]:
        orders: list[dict[str, Any]] = await self.asked("orders", "door")
        return orders[0]

    def order(self, task: Task, number: int, **changes: Any) -> Order:
        now_ms = time.time_ns() // 1_000_000
        plain: dict[str, Any] = {
            "tenant": "acme",
            "edge": "door",
            "number": number,
            "issued_ms": now_ms,
            "expires_ms": now_ms + 200_000,
            "task": task,
        }
        return Order(**(plain | changes))

    async def passes_by(self, loss_db: int, radio: str = "air", *, ad: str = IBEACON) -> None:
        """Let a phone be heard ten times at `loss_db`: the first one, or one that advertises `ad`."""
        await until("the radio listens", (self.shop.folder / radio).exists)
        reader, writer = await asyncio.open_unix_connection(self.shop.folder / radio)
        for _ in range(10):
            line = json.dumps({"ad": ad, "rssi": -59 - loss_db})
            writer.write(line.encode() + b"\n")
            await writer.drain()
        writer.close()
        await writer.wait_closed()
        del reader


@asynccontextmanager
async def fleet_of(shop: Shop, *, obeys: bool = True) -> AsyncIterator[Fleet]:
    folder = shop.folder
    done = await asyncio.to_thread(
        run_command, "shopbell_server", "edge", "new-key", folder / "keys"
    )
    assert "orders.pub: to every edge" in done.stdout
    key = folder / "keys" / "orders.key"
    assert key.stat().st_mode & 0o777 == 0o600
    (folder / "operator.toml").write_text(
        f'{(folder / "server.toml").read_text()}\n[orders]\nsigning_key_file = "{key}"\n'
    )
    broker = (
        f'port = {shop.broker.port}\nprotocol = "{shop.broker.protocol}"\n'
        f'username = "edge"\npassword_file = "{folder}/edge.password"'
    )
    config = folder / "door.toml"
    orders = f'\n[orders]\nkey_file = "{folder}/keys/orders.pub"\n' if obeys else ""
    config.write_text(
        EDGE.format(broker=broker, retailer=RETAILER, prefix=PREFIX, folder=folder) + orders
    )
    command = [EDGE_PROGRAM, "run", "--config", str(config)]
    edge = Daemon("door", command, folder, "uplink_connected")
    async with Tap(shop) as tap:
        edge.start()
        await edge.works()
        try:
            yield Fleet(shop, edge, tap, Signer(bytes.fromhex(key.read_text())))
        finally:
            await edge.stop()
            edge.show()
