"""An operator orders an edge about: real server, broker, edge, command line; and somebody has the broker."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

import pytest

from shopbell_program.signing import Signer
from shopbell_wire import codec
from shopbell_wire.messages import OrderDone, Presence, StreamStarted
from shopbell_wire.orders import Configure, Identify, Order, Task, kind_of, seal
from tests.e2e.shop import PREFIX, RETAILER, watcher
from tests.faults.daemon import Daemon
from tests.rigs.listener import Listener
from tests.rigs.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from typing import Self

    from shopbell_wire.messages import Event
    from tests.e2e.shop import Shop
    from tests.rigs.brokers import BrokerProcess

pytestmark = pytest.mark.timeout(240)  # a broker, a server and an edge start first

SERVER: Final = str(Path(sys.executable).parent / "shopbell-server")
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
            subprocess.run,
            [SERVER, "edge", *arguments, "--config", config],
            capture_output=True,
            text=True,
            check=False,
            timeout=100,
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

    async def passes_by(self, loss_db: int, radio: str = "air") -> None:
        """Let a phone be heard ten times at `loss_db`."""
        await until("the radio listens", (self.shop.folder / radio).exists)
        reader, writer = await asyncio.open_unix_connection(self.shop.folder / radio)
        for _ in range(10):
            line = json.dumps({"ad": IBEACON, "rssi": -59 - loss_db})
            writer.write(line.encode() + b"\n")
            await writer.drain()
        writer.close()
        await writer.wait_closed()
        del reader


@asynccontextmanager
async def fleet_of(shop: Shop, *, obeys: bool = True) -> AsyncIterator[Fleet]:
    folder = shop.folder
    done = await asyncio.to_thread(
        subprocess.run,
        [SERVER, "edge", "new-key", str(folder / "keys")],
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
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


@pytest.fixture
async def fleet(shop: Shop) -> AsyncIterator[Fleet]:
    async with fleet_of(shop) as fleet:
        yield fleet


async def test_settings_from_afar_are_in_force_and_last(each_shop: Shop) -> None:
    async with fleet_of(each_shop) as fleet:
        await fleet.passes_by(28)
        await until("the first stream began", lambda: fleet.tap.streams() == 1)
        assert (await fleet.door())["in_force"] is None
        said = await fleet.configure(
            "[scanners.air]\nenter_loss_db = 35\nleave_loss_db = 45\n", "--by", "jo", "--wait", "60"
        )
        assert "done: in force" in said
        door = await fleet.door()
        last = await fleet.last()
        assert (last["result"], last["by"], last["order"]) == ("done", "jo", "configure")
        assert door["state"] == "online"
        assert door["in_force"] == last["number"]
        assert door["last_order"]["number"] == last["number"]
        assert set(door["scanners"]) == {"air", "other-air"}
        assert abs(door["since_ms"] - time.time() * 1000) < 100_000
        # At 28 dB nobody is in by the file, and everybody by the new settings; but at that radio only.
        assert fleet.tap.phases("air") == []
        await fleet.passes_by(28, "other-air")
        await fleet.passes_by(28)
        await until("she is in", lambda: "entered" in fleet.tap.phases("air"))
        assert fleet.tap.phases("other-air") == []
        # The process may end; the settings stay.
        fleet.edge.kill()
        fleet.edge.start()
        await fleet.edge.works()
        assert (await fleet.door())["in_force"] == last["number"]
        assert fleet.tap.answers(last["number"]) == [("done", "in force")]
        text = await fleet.command("list")
        assert f"number {last['number']}" in text
        assert "Kalverstraat (ams01)  online since" in text


async def test_a_bad_document_is_refused_with_all_its_faults_and_the_old_one_stays(
    fleet: Fleet,
) -> None:
    await fleet.configure("[presence]\nenter_loss_db = 18\n", "--wait", "60")
    good = await fleet.last()
    said = await fleet.configure(
        "[presence]\nenter_loss_db = 999\nleave_sec = 3\n[scanners.hci9]\noffset_db = 1\n",
        "--wait", "60", code=1,
    )  # fmt: skip
    assert "refused" in said
    assert "scanners.hci9: is not here; what is: air, other-air" in said
    said = await fleet.configure(
        "[presence]\nenter_loss_db = 999\nleave_sec = 3\n", "--wait", "60", code=1
    )
    assert "presence.enter_loss_db: 999 is not allowed" in said
    assert "presence.leave_sec: unknown key; did you mean 'leave_s'?" in said
    door = await fleet.door()
    assert door["in_force"] == good["number"]
    # What no edge lets be set is not even sent.
    said = await fleet.configure('[broker]\nhost = "elsewhere"\n', code=2)
    assert "broker: cannot be set from afar" in said
    assert (await fleet.last())["result"] == "refused"


async def test_whoever_has_the_broker_has_not_the_edge(fleet: Fleet) -> None:
    tap = fleet.tap
    first = fleet.order(Identify(), 10)
    replayed = seal(first, fleet.key.sign)
    forger = Signer(bytes(32))
    spying = Configure(settings={"presence": {"enter_loss_db": 90}})
    for number, order, sign in (
        (11, fleet.order(spying, 11), forger.sign),
        (12, fleet.order(spying, 12, edge="desk"), fleet.key.sign),
        (13, fleet.order(spying, 13, tenant="bolt"), fleet.key.sign),
    ):
        tap.say(kind_of(order.task), seal(order, sign))
        result, reason = await tap.answer(number)
        assert result == "refused", reason
    tap.say("command", replayed)
    # It is obeyed, as far as this machine can: it has neither a lamp nor a bell.
    assert (await tap.answer(10))[0] == "failed"
    for _ in range(3):
        tap.say("command", replayed)
    late = fleet.order(Identify(), 20, issued_ms=1, expires_ms=2)
    tap.say("command", seal(late, fleet.key.sign))
    assert await tap.answer(20) == ("refused", "has expired")
    lasting = fleet.order(Identify(), 21, expires_ms=253_402_300_799_999)
    tap.say("command", seal(lasting, fleet.key.sign))
    assert await tap.answer(21) == ("refused", "lives longer than 5 minutes, which none may")
    old = fleet.order(Identify(), 9)
    tap.say("command", seal(old, fleet.key.sign))
    assert await tap.answer(9) == ("refused", "number 9 is not above 21")
    # A command under the topic of settings is none, and neither is nonsense.
    tap.say("config", seal(fleet.order(Identify(), 30), fleet.key.sign))
    assert (await tap.answer(30))[0] == "refused"
    for nonsense in (b"", b"{", b"x" * 100_000, b"[" * 10_000):
        tap.say("config", nonsense)
        tap.say("command", nonsense)
    said = await fleet.command("command", "door", "diagnostics", "--wait", "60")
    assert "PASS settings: the file alone is in force" in said
    assert len(tap.answers(10)) == 1
    assert tap.streams() == 1
    assert fleet.edge.ends == []


async def test_an_edge_without_a_key_obeys_nobody_and_says_so(shop: Shop) -> None:
    async with fleet_of(shop, obeys=False) as fleet:
        said = await fleet.configure("[codes]\nrepeat_s = 9\n", "--wait", "60", code=1)
        assert "refused: this edge has no key to know the retailer by" in said
        await asyncio.to_thread(fleet.edge.kill)
        fleet.edge.start()
        await fleet.edge.works()
        assert (await fleet.door())["in_force"] is None


async def test_commands_do_what_they_say_and_harm_nobody_else(fleet: Fleet) -> None:
    await fleet.passes_by(5)
    await fleet.passes_by(5, "other-air")
    await until("she is in", lambda: "entered" in fleet.tap.phases("air"))
    said = await fleet.command("command", "door", "restart-scanner", "air", "--wait", "60")
    assert "done: air was begun anew" in said
    await fleet.passes_by(5)
    await fleet.passes_by(5, "other-air")
    await until("she is in again", lambda: fleet.tap.phases("air").count("entered") == 2)
    assert fleet.tap.phases("other-air").count("entered") == 1
    said = await fleet.command("command", "door", "restart-scanner", "usb9", "--wait", "60", code=1)
    assert "refused: there is no scanner usb9; there is: air, other-air" in said
    said = await fleet.command("command", "door", "identify", "--wait", "60", code=1)
    assert "failed: the lamp there-is-none: No such file or directory" in said
    found = await fleet.asked("command", "door", "diagnostics", "--wait", "60")
    checks = {each["check"]: each["verdict"] for each in found["findings"]}
    assert checks["uplink"] == checks["clock"] == checks["scanner air"] == "PASS"
    assert fleet.tap.streams() == 1
    said = await fleet.command("command", "door", "rotate-identity", "--wait", "60")
    assert "done: speaks in a new stream" in said
    assert fleet.tap.streams() == 2
    text = await fleet.command("orders", "door")
    assert [line.split("  ")[1].split()[0] for line in text.splitlines()[1:]] == [
        "rotate-identity",
        "diagnostics",
        "identify",
        "restart-scanner",
        "restart-scanner",
    ]
    assert fleet.edge.ends == []


async def test_settings_that_were_stored_and_not_applied_are_applied_by_the_next_process(
    fleet: Fleet,
) -> None:
    """Killed at once when the document is on disk: before, or while, everything begins anew."""
    book = fleet.shop.folder / "door.db.orders"
    sending = asyncio.create_task(fleet.configure("[presence]\nenter_loss_db = 18\n"))
    stored = b'"trial":{'
    await asyncio.to_thread(wait_for, book, stored)
    fleet.edge.kill()
    await sending
    assert b'"owed":[]' in book.read_bytes()
    fleet.edge.start()
    await fleet.edge.works()
    number = (await fleet.last())["number"]
    assert await fleet.tap.answer(number) == ("done", "in force")
    assert (await fleet.door())["in_force"] == number


def wait_for(file: Path, what: bytes) -> None:
    """Return as soon as `what` is in `file`, and not a moment later."""
    until_s = time.monotonic() + 60
    while not (file.exists() and what in file.read_bytes()):
        assert time.monotonic() < until_s


async def test_settings_that_no_longer_fit_the_file_give_way_to_it(fleet: Fleet) -> None:
    await fleet.configure("[scanners.air]\noffset_db = 2\n", "--wait", "60")
    number = (await fleet.last())["number"]
    await fleet.edge.stop()
    config = fleet.shop.folder / "door.toml"
    config.write_text(config.read_text().replace('"air"', '"door-air"'))
    fleet.edge.start()
    await fleet.edge.works()

    async def failed() -> bool:
        return bool((await fleet.last())["result"] == "failed")

    await until("the server knows", failed)
    last = await fleet.last()
    assert last["number"] == number
    assert "scanners.air: is not here; what is: door-air, other-air" in last["reason"]
    assert (await fleet.door())["in_force"] is None
    assert "settings_dropped" in fleet.edge.log


async def test_what_cannot_be_ordered_is_said_before_anything_is_sent(fleet: Fleet) -> None:
    said = await fleet.command("command", "doof", "identify", code=1)
    assert 'there is no edge "doof"' in said
    said = await fleet.command("command", "door", "restart-scanner", code=2)
    assert "say which" in said
    said = await fleet.command("command", "door", "identify", "--for", "1h", code=2)
    assert "--for is from 1 s to 10 min" in said
    said = await fleet.configure("[codes]\n", "--expires", "soon", code=2)
    assert "'soon' is no duration" in said
    assert "never ordered anything" in await fleet.command("orders", "door")
    said = await fleet.command("orders", "doof", code=1)
    assert 'there is no edge "doof"' in said
