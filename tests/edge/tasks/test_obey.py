from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from shopbell_edge.core.obedience import COMPLAINTS, Obeyed
from shopbell_edge.core.standing import PROOF_S, Book, Document
from shopbell_edge.tasks.attending import Attended
from shopbell_edge.tasks.obey import Hands, Obeying, Who
from shopbell_edge.tasks.showing import Showing
from shopbell_program.signing import Signer, Verifier
from shopbell_wire.messages import Diagnostics, Finding, OrderDone
from shopbell_wire.orders import (
    COMMAND_MOST_MS,
    Configure,
    Identify,
    Order,
    RestartScanner,
    RotateIdentity,
    SendDiagnostics,
    Task,
    kind_of,
    seal,
)
from tests.edge.tasks.running import running
from tests.fakes.clock import NOON_MS, FakeClock
from tests.fakes.orders import FakeCheckup, FakeSign, MemoryOrderBook
from tests.fakes.spool import MemorySpool
from tests.fakes.uplink import FakeUplink
from tests.rigs.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from shopbell_wire.messages import Event
    from shopbell_wire.orders import Kind

KEY = Signer(bytes(range(32)))
FORGER = Signer(bytes(32))
FOUND = Finding(check="clock", verdict="PASS", found="right")


@dataclass
class Edge:
    """Everything that obeys, and what came of it."""

    clock: FakeClock = field(default_factory=FakeClock)
    book: Book = field(default_factory=Book)
    uplink: FakeUplink = field(default_factory=FakeUplink)
    keeper: MemoryOrderBook = field(default_factory=MemoryOrderBook)
    sign: FakeSign = field(default_factory=FakeSign)
    begun: int = 0
    has_key: bool = True

    def __post_init__(self) -> None:
        self.spool = MemorySpool(self.clock.now())
        self.uplink.connect()
        verify = Verifier(KEY.public_key).verify if self.has_key else None
        self.scanner = Attended(self._scan)
        self.obeying = Obeying(
            Who(tenant="acme", edge="door", verify=verify),
            Hands(
                faults=self._faults,
                scanners={"hci0": self.scanner},
                checkup=FakeCheckup(FOUND),
                showing=Showing([(self.sign, 1)]),
            ),
            self.book,
            keeper=self.keeper,
            uplink=self.uplink,
            spool=self.spool,
            clock=self.clock,
        )

    async def _scan(self) -> None:
        self.begun += 1
        await asyncio.Event().wait()

    def _faults(self, settings: Mapping[str, Any]) -> list[str]:
        return [f"{key}: cannot be" for key in settings if key != "presence"]

    def send(self, task: Task, number: int, signer: Signer = KEY, **changes: Any) -> bytes:
        payload = seal(order(task, number, **changes), signer.sign)
        self.uplink.order(kind_of(task), payload)
        return payload

    def events(self) -> list[Event]:
        return [event for event, _ in self.spool.events.values()]

    def answers(self) -> list[tuple[Kind, int, str]]:
        return [
            (event.order, event.number, event.result)
            for event in self.events()
            if isinstance(event, OrderDone)
        ]

    def reasons(self) -> list[str]:
        return [event.reason for event in self.events() if isinstance(event, OrderDone)]

    async def answered(self, count: int = 1) -> None:
        await until(f"{count} answers", lambda: len(self.answers()) >= count)


def order(task: Task, number: int, **changes: Any) -> Order:
    plain: dict[str, Any] = {
        "tenant": "acme",
        "edge": "door",
        "number": number,
        "issued_ms": NOON_MS,
        "expires_ms": NOON_MS + COMMAND_MOST_MS,
        "task": task,
    }
    return Order(**(plain | changes))


@asynccontextmanager
async def obeying(edge: Edge) -> AsyncIterator[asyncio.Task[None]]:
    async with running(edge.scanner.run()), running(edge.obeying.run()) as task:
        yield task


async def ends(task: asyncio.Task[None]) -> None:
    async with asyncio.timeout(20):
        await asyncio.wait([task])


async def test_a_command_is_on_disk_before_it_is_done_and_answered_after() -> None:
    edge = Edge()
    async with obeying(edge):
        edge.send(RestartScanner(scanner="hci0"), 5)
        await edge.answered()
        assert edge.begun == 2
        await until("it is not owed any more", lambda: edge.keeper.kept[-1].owed == ())
    first = edge.keeper.kept[0]
    assert first.obeyed == Obeyed(command=5)
    assert [(each.number, each.result) for each in first.owed] == [(5, "failed")]
    assert edge.answers() == [("command", 5, "done")]


async def test_what_an_earlier_process_owes_is_said_first() -> None:
    owed = OrderDone(order="command", number=3, result="failed", reason="cut off")
    edge = Edge(book=Book(obeyed=Obeyed(command=3), owed=(owed,)))
    async with obeying(edge):
        await edge.answered()
        edge.send(Identify(), 3)
        edge.send(SendDiagnostics(), 4)
        await edge.answered(2)
    assert edge.answers() == [("command", 3, "failed"), ("command", 4, "done")]
    assert Diagnostics(number=4, findings=(FOUND,)) in edge.events()


async def test_a_full_spool_lets_an_answer_wait() -> None:
    edge = Edge()
    edge.spool.room = 0
    async with obeying(edge):
        edge.send(Identify(), 1)
        await until("it is owed", lambda: bool(edge.keeper.kept) and edge.sign.borrowed)
        edge.send(SendDiagnostics(), 2)
        await until("the second too", lambda: edge.keeper.kept[-1].obeyed.command == 2)
        edge.spool.room = 100
        await edge.answered(2)
    assert edge.answers() == [("command", 1, "done"), ("command", 2, "failed")]


async def test_what_cannot_be_kept_is_not_done() -> None:
    edge = Edge()
    edge.keeper.full = True
    async with obeying(edge) as task:
        edge.send(RestartScanner(scanner="hci0"), 1)
        edge.send(RotateIdentity(), 2)
        edge.send(Configure(settings={"presence": {}}), 3)
        await edge.answered(3)
        assert not task.done()
    assert edge.begun == 1
    assert {result for _, _, result in edge.answers()} == {"failed"}
    assert "cannot be kept, so it is not done: No space left" in edge.reasons()[0]


async def test_good_settings_are_kept_and_want_a_new_round() -> None:
    edge = Edge(book=Book(proved=Document(number=1, payload=b"old"), obeyed=Obeyed(config=1)))
    async with obeying(edge) as task:
        payload = edge.send(Configure(settings={"presence": {"leave_s": 200}}), 2)
        await ends(task)
    book = edge.keeper.kept[-1]
    assert book.trial == Document(number=2, payload=payload)
    assert book.proved == Document(number=1, payload=b"old")
    assert edge.answers() == []
    assert edge.obeying.trial is not None


async def test_bad_settings_are_refused_whole_and_nothing_changes() -> None:
    edge = Edge()
    async with obeying(edge) as task:
        edge.send(Configure(settings={"a": 1, "b": 2}), 2)
        await edge.answered()
        assert not task.done()
    assert edge.answers() == [("config", 2, "refused")]
    assert edge.reasons() == ["a: cannot be; b: cannot be"]
    assert edge.keeper.kept[-1].in_force is None


async def test_settings_that_last_are_trusted_and_only_then_answered() -> None:
    edge = Edge(book=Book(trial=Document(number=2, payload=b""), starts=1))
    async with obeying(edge):
        assert edge.obeying.trial is not None
        edge.clock.forward(round(PROOF_S * 1000) - 1)
        edge.send(SendDiagnostics(), 7)
        await edge.answered()
        assert edge.obeying.trial is not None
        edge.clock.forward(1)
        await edge.answered(2)
    assert edge.keeper.kept[-1].proved == Document(number=2, payload=b"")
    assert edge.answers() == [("command", 7, "done"), ("config", 2, "done")]


async def test_a_disk_that_fails_then_proves_nothing_until_it_works() -> None:
    edge = Edge(book=Book(trial=Document(number=2, payload=b"")))
    edge.keeper.full = True
    edge.clock.forward(0)
    async with obeying(edge):
        edge.clock.forward(round(PROOF_S * 1000))
        edge.send(SendDiagnostics(), 7)
        await edge.answered()
        assert edge.obeying.trial is not None
        edge.keeper.full = False
        await edge.answered(2)
    assert edge.answers()[1] == ("config", 2, "done")


async def test_a_new_identity_is_a_new_round_and_its_answer_goes_into_it() -> None:
    edge = Edge()
    async with obeying(edge) as task:
        edge.send(RotateIdentity(), 4)
        await ends(task)
    assert edge.answers() == []
    assert [(each.number, each.result) for each in edge.keeper.kept[-1].owed] == [(4, "done")]


async def test_a_scanner_that_is_not_here_is_refused_by_what_is() -> None:
    edge = Edge()
    async with obeying(edge):
        edge.send(RestartScanner(scanner="usb0"), 5)
        await edge.answered()
    assert edge.reasons() == ["there is no scanner usb0; there is: hci0"]
    assert edge.begun == 1


async def test_a_machine_shows_itself_or_says_why_it_cannot() -> None:
    edge = Edge()
    async with obeying(edge):
        edge.send(Identify(for_s=1), 1)
        await until("it blinks", lambda: edge.sign.blinks >= 2)
        await until("the lamp is given back", lambda: not edge.sign.borrowed)
        edge.sign.away = True
        edge.send(Identify(for_s=1), 2)
        await edge.answered(2)
    assert [result for _, _, result in edge.answers()] == ["done", "failed"]
    assert edge.reasons() == ["the lamp, for 1 s", "the lamp: No such device"]


async def test_a_lamp_is_given_back_when_everything_ends() -> None:
    edge = Edge()
    async with obeying(edge):
        edge.send(Identify(for_s=600), 1)
        await edge.answered()
        assert edge.sign.borrowed
    assert not edge.sign.borrowed


@pytest.mark.parametrize(
    ("signer", "number", "changes", "reason"),
    [
        (FORGER, 90, {}, "is not signed by the key that this edge knows"),
        (KEY, 90, {"edge": "till"}, "is for another edge"),
        (KEY, 90, {"tenant": "bolt"}, "is for another edge"),
        (KEY, 3, {}, "number 3 is not above 4"),
    ],
)
async def test_a_strangers_order_does_nothing_and_uses_no_number_up(
    signer: Signer, number: int, changes: dict[str, Any], reason: str
) -> None:
    edge = Edge(book=Book(obeyed=Obeyed(command=4, config=4)))
    async with obeying(edge) as task:
        for _ in range(3):
            edge.send(RotateIdentity(), number, signer, **changes)
        await edge.answered()
        edge.send(SendDiagnostics(), 5)
        await edge.answered(2)
        assert not task.done()
    assert edge.reasons() == [reason, "1 findings"]


async def test_an_order_of_ours_that_comes_too_late_uses_its_number_up() -> None:
    edge = Edge()
    async with obeying(edge):
        edge.send(RotateIdentity(), 5, expires_ms=NOON_MS - 60_000)
        await edge.answered()
        edge.send(SendDiagnostics(), 5)
        edge.send(SendDiagnostics(), 6)
        await edge.answered(2)
    assert edge.answers() == [("command", 5, "refused"), ("command", 6, "done")]


async def test_a_flood_of_forged_orders_is_not_answered_for_ever() -> None:
    edge = Edge()
    async with obeying(edge):
        for number in range(1, 30):
            edge.send(Identify(), number, FORGER)
        edge.uplink.order("command", b"{")
        edge.uplink.order("config", b"")
        edge.send(SendDiagnostics(), 50)
        await edge.answered(COMPLAINTS + 1)
    assert len(edge.answers()) == COMPLAINTS + 1
    assert edge.answers()[-1] == ("command", 50, "done")


async def test_a_complaint_that_finds_no_room_is_only_logged() -> None:
    edge = Edge()
    edge.spool.room = 0
    async with obeying(edge):
        edge.send(Identify(), 9, FORGER)
        edge.send(SendDiagnostics(), 50)
        await until("the next one is taken", lambda: bool(edge.keeper.kept))
    assert edge.answers() == []


async def test_a_signed_order_of_a_newer_server_is_refused_by_its_number() -> None:
    edge = Edge()
    body = b'{"number":7,"task":{"type":"fly"}}'
    signature = KEY.sign(b"shopbell/v1/command\n" + body).hex().encode()
    async with obeying(edge):
        edge.uplink.order("command", b'{"signature":"%s","order":%s}' % (signature, body))
        await edge.answered()
    assert edge.answers() == [("command", 7, "refused")]


async def test_without_a_key_nobody_is_obeyed_and_each_is_told_once() -> None:
    edge = Edge(has_key=False)
    async with obeying(edge) as task:
        edge.send(Configure(settings={"presence": {}}), 1)
        await edge.answered()
        edge.uplink.disconnect()
        edge.uplink.connect()  # the settings come once more
        edge.send(RotateIdentity(), 2)
        await edge.answered(2)
        assert not task.done()
    assert edge.answers() == [("config", 1, "refused"), ("command", 2, "refused")]
    assert "[orders] is missing" in edge.reasons()[0]


async def test_an_order_waits_until_the_time_is_known() -> None:
    edge = Edge(clock=FakeClock(state="unsynced"))
    async with obeying(edge) as task:
        edge.send(Configure(settings={"presence": {}}), 1)
        edge.uplink.disconnect()
        edge.uplink.connect()
        edge.send(Identify(), 9, FORGER)  # is looked at after it
        await edge.answered()
        assert edge.keeper.kept == []
        edge.clock.sync()
        await ends(task)
    assert edge.keeper.kept[-1].in_force is not None


async def test_an_order_may_have_expired_by_the_time_that_the_time_is_known() -> None:
    edge = Edge(clock=FakeClock(state="unsynced"))
    async with obeying(edge):
        edge.send(RotateIdentity(), 1)
        edge.send(Identify(), 9, FORGER)
        await edge.answered()
        edge.clock.sync(step_ms=COMMAND_MOST_MS + 60_000)
        await edge.answered(2)
    assert edge.reasons()[1] == "has expired"
