"""Orders of the server: looked at once, carried out once, answered.

Owns: the order of the steps. What is about to be done is on disk before, and its answer in the spool after.
Never: judgement (`core.obedience`, `core.standing`), or the settings themselves.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, assert_never

import structlog

from shopbell_edge.core import standing
from shopbell_edge.core.obedience import Complaints, complaint, refusal
from shopbell_edge.ports import SpoolFullError
from shopbell_wire.malformed import MalformedError
from shopbell_wire.messages import MAX_TEXT, Diagnostics, OrderDone
from shopbell_wire.orders import (
    Configure,
    Forged,
    Identify,
    RestartScanner,
    RotateIdentity,
    SendDiagnostics,
    claimed_number,
    unseal,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from shopbell_edge.core.standing import Book, Document
    from shopbell_edge.ports import Checkup, EdgeClock, OrderBook, Spool, Uplink
    from shopbell_edge.tasks.attending import Attended
    from shopbell_edge.tasks.showing import Showing
    from shopbell_wire.messages import Event
    from shopbell_wire.orders import Kind, Order, Verify

TICK_S: Final = 1.0
"""How late an order is looked at that had to wait for the clock, and settings are found to have lasted."""

_MOST_WAITING: Final = 32
"""As many as an uplink holds."""

_MOST_EARLY: Final = 8
"""Orders that wait until the time is known: settings, and what somebody tried meanwhile."""

_CUT_OFF: Final = "the edge ended while it was at it"
_NO_KEY: Final = "this edge has no key to know the retailer by: [orders] is missing in its settings"
_FORGED: Final = "is not signed by the key that this edge knows"

Result = tuple[Literal["done", "refused", "failed"], str]

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Who:
    """For whom orders must be, and by whose key. Without one (None) nothing is obeyed."""

    tenant: str
    edge: str
    verify: Verify | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hands:
    """What orders are carried out with."""

    faults: Callable[[Mapping[str, Any]], Sequence[str]]
    """What is wrong with settings, laid over the file."""
    scanners: Mapping[str, Attended]
    checkup: Checkup
    showing: Showing


class Obeying:
    """Orders of one edge. `book` is what is kept of the earlier ones. Run it once."""

    def __init__(  # noqa: PLR0913  (what it works with, each by name)
        self,
        who: Who,
        hands: Hands,
        book: Book,
        *,
        keeper: OrderBook,
        uplink: Uplink,
        spool: Spool,
        clock: EdgeClock,
        proof_s: float = standing.PROOF_S,
    ) -> None:
        self._who = who
        self._hands = hands
        self._book = book
        self._keeper = keeper
        self._uplink = uplink
        self._spool = spool
        self._clock = clock
        self._proof_ms = round(proof_s * 1000)
        self._began = clock.boottime()
        self._complaints = Complaints()
        self._inbox: deque[tuple[Kind, bytes]] = deque(maxlen=_MOST_WAITING)
        self._early: deque[tuple[Kind, bytes]] = deque(maxlen=_MOST_EARLY)
        self._news = asyncio.Event()

    @property
    def trial(self) -> Document | None:
        """Return the settings that have not proved themselves: in force, or to be with the next round."""
        return self._book.trial

    async def run(self) -> None:
        """Obey until an order wants everything begun anew; then return, with that order on disk."""
        async with asyncio.TaskGroup() as tasks:
            beside = [
                tasks.create_task(self._hear(), name="hear"),
                tasks.create_task(self._hands.showing.run(), name="show"),
            ]
            await self._obey()
            for task in beside:
                task.cancel()

    async def _hear(self) -> None:
        async for order in self._uplink.orders():
            self._inbox.append(order)
            self._news.set()

    async def _obey(self) -> None:
        while True:
            await self._pay()
            await self._prove()
            try:
                async with asyncio.timeout(TICK_S):
                    await self._news.wait()
            except TimeoutError:
                pass
            self._news.clear()
            self._inbox.extendleft(reversed(self._early))
            self._early.clear()
            while self._inbox:
                if await self._take(*self._inbox.popleft()):
                    return

    async def _take(self, kind: Kind, payload: bytes) -> bool:
        """Look at an order; return whether everything is to begin anew."""
        order = await self._understood(kind, payload)
        if order is None:
            return False
        why = refusal(order, self._who.tenant, self._who.edge, self._book.obeyed, self._clock.now())
        if why is None:
            return await self._carry_out(order, payload)
        match why.then:
            case "final":
                await self._settle(order, ("refused", why.reason))
            case "stray":
                await self._complain(kind, order.number, why.reason)
            case "early":
                if (kind, payload) not in self._early:
                    self._early.append((kind, payload))
            case "known":
                pass
            case _:
                assert_never(why.then)
        return False

    async def _understood(self, kind: Kind, payload: bytes) -> Order | None:
        """Return the order in `payload`; None, answered as far as may be, if it is none of the retailer's."""
        verify = self._who.verify
        try:
            order = Forged() if verify is None else unseal(payload, kind, verify)
        except MalformedError as error:
            if error.reason == "empty":
                return None  # so a broker says that a retained message was taken away
            reason = str(error)
        else:
            if not isinstance(order, Forged):
                return order
            reason = _NO_KEY if verify is None else _FORGED
        await self._complain(kind, claimed_number(payload), reason)
        return None

    async def _carry_out(self, order: Order, payload: bytes) -> bool:
        task = order.task
        match task:
            case Configure():
                faults = self._hands.faults(task.settings)
                if faults:
                    await self._settle(order, ("refused", standing.listed(faults)))
                    return False
                return await self._kept(standing.taken_up(self._book, order, payload), order)
            case RotateIdentity():
                done = standing.owing(self._book, order, "done", "speaks in a new stream")
                return await self._kept(done, order)
            case RestartScanner() | SendDiagnostics() | Identify():
                begun = standing.owing(self._book, order, "failed", _CUT_OFF)
                if await self._kept(begun, order):
                    await self._settle(order, await self._do(order.number, task))
                return False
            case _:
                assert_never(task)

    async def _do(self, number: int, task: RestartScanner | SendDiagnostics | Identify) -> Result:
        match task:
            case RestartScanner():
                return await self._restart(task.scanner)
            case SendDiagnostics():
                findings = tuple(await self._hands.checkup.findings())
                try:
                    await self._append([Diagnostics(number=number, findings=findings)])
                except SpoolFullError as error:
                    return "failed", str(error)
                return "done", f"{len(findings)} findings"
            case Identify():
                shown, how = self._hands.showing.begin(task.for_s)
                return "done" if shown else "failed", how
            case _:
                assert_never(task)

    async def _restart(self, name: str) -> Result:
        attended = self._hands.scanners.get(name)
        if attended is None:
            there = ", ".join(sorted(self._hands.scanners)) or "none"
            return "refused", f"there is no scanner {name}; there is: {there}"
        if await attended.restart():
            return "done", f"{name} was begun anew"
        return "failed", f"{name} does not end; restart the edge"

    async def _settle(self, order: Order, result: Result) -> None:
        """Owe the answer, on disk; a disk that fails only means that it may be given twice."""
        what, reason = result
        self._book = standing.owing(self._book, order, what, reason)
        log.info("order_answered", number=order.number, result=what, reason=reason)
        await self._keep(self._book)
        await self._pay()

    async def _kept(self, book: Book, order: Order) -> bool:
        """Keep what is about to be done; what cannot be kept is not done, and answered as that."""
        error = await self._keep(book)
        if error is None:
            self._book = book
            log.info("order_taken", number=order.number, order=type(order.task).__name__)
            return True
        why = f"cannot be kept, so it is not done: {error.strerror or error}"
        self._book = standing.owing(self._book, order, "failed", why)
        return False

    async def _keep(self, book: Book) -> OSError | None:
        try:
            await self._keeper.keep(book)
        except OSError as error:
            log.error("orders_not_kept", reason=error.strerror or str(error))  # noqa: TRY400  # it has it all
            return error
        return None

    async def _complain(self, kind: Kind, number: int | None, reason: str) -> None:
        """Answer an order that does not count, if it has a number and there were not too many."""
        told = None
        if number is not None:
            told = complaint(self._complaints, kind, number, self._clock.boottime())
        if told is None or number is None:
            return
        self._complaints = told
        log.warning("order_does_not_count", order=kind, number=number, reason=reason)
        answer = OrderDone(order=kind, number=number, result="refused", reason=reason[:MAX_TEXT])
        try:
            await self._append([answer])
        except SpoolFullError as error:
            log.error("order_not_answered", number=number, reason=str(error))  # noqa: TRY400  # it has it all

    async def _pay(self) -> None:
        """Put what is owed into the spool; if that is full, later."""
        owed = self._book.owed
        if not owed:
            return
        try:
            await self._append(owed)
        except SpoolFullError:
            return
        self._book = standing.paid(self._book, owed)
        await self._keep(self._book)

    async def _append(self, events: Sequence[Event]) -> None:
        await self._spool.append(events, self._clock.now())

    async def _prove(self) -> None:
        """Trust settings that have lasted."""
        if self._book.trial is None or self._clock.boottime() - self._began < self._proof_ms:
            return
        book = standing.proved(self._book)
        if await self._keep(book) is None:
            self._book = book
            log.info("settings_proved", number=book.proved and book.proved.number)
            await self._pay()
