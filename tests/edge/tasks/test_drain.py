from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from msgspec import UNSET, UnsetType
from structlog.testing import capture_logs

from shopbell_edge.core.hush import Hush
from shopbell_edge.core.liveness import BeatRules
from shopbell_edge.core.resend import Sealed, SendRules
from shopbell_edge.tasks.drain import PULSE, drain
from shopbell_edge.tasks.pulses import Pulses
from shopbell_wire import codec
from shopbell_wire.messages import Ack, ClockAnchor, Refused, Scan, StreamStarted
from tests.edge import events
from tests.edge.tasks.running import running, settle
from tests.fakes.clock import NOON_MS, FakeClock
from tests.fakes.spool import MemorySpool
from tests.fakes.uplink import FakeUplink
from tests.rigs.waiting import until

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from typing import Any

    from shopbell_edge.core.batching import Unripe, Wanted
    from shopbell_wire.messages import Clock, ClockState

STREAM = "5" * 32
BEAT = BeatRules()
UNPACED = SendRules(backlog_events_per_s=None, jitter=0.0)


class Shop:
    """An edge's road to the server with a test at the other end."""

    def __init__(self, state: ClockState = "synced") -> None:
        self.clock = FakeClock(state=state)
        self.spool = MemorySpool(self.clock.now(), stream=STREAM)
        self.uplink = FakeUplink()
        self.pulses = Pulses(self.clock, [PULSE])
        self.hush = Hush()

    def drain(self, rules: SendRules = UNPACED, roll: float = 0.5) -> Coroutine[Any, Any, None]:
        return drain(
            self.spool,
            self.uplink,
            self.clock,
            self.pulses,
            rules=rules,
            hush=self.hush,
            roll=lambda: roll,
        )

    def ack(
        self,
        *seqs: int,
        refused: tuple[Refused, ...] = (),
        server_ms: int = 0,
        nobody: tuple[str, ...] | UnsetType = UNSET,
    ) -> None:
        ranges = tuple((seq, seq) for seq in seqs)
        self.uplink.deliver(
            Ack(
                stream=STREAM,
                committed=ranges,
                refused=refused,
                server_ms=server_ms,
                nobody=nobody,
            )
        )

    def sent(self) -> list[tuple[str, int]]:
        return [(lane, codec.decode_batch(payload).seq) for lane, payload in self.uplink.published]

    async def has_sent(self, count: int) -> list[tuple[str, int]]:
        await self.uplink.until(lambda: len(self.uplink.published) >= count)
        return self.sent()

    async def wake(self) -> None:
        """Make the drain look again: what time alone would bring comes with the next event."""
        await self.spool.append([], self.clock.now())


@pytest.fixture
def shop() -> Shop:
    return Shop()


async def test_nothing_is_sealed_while_there_is_no_connection(shop: Shop) -> None:
    await shop.spool.append([events.scan()], shop.clock.now())
    async with running(shop.drain()):
        await settle()
        assert not shop.spool.sealed
        shop.uplink.connect()
        assert await shop.has_sent(1) == [("live", 1)]


async def test_a_batch_leaves_the_spool_only_by_the_servers_answer(shop: Shop) -> None:
    shop.uplink.connect()
    async with running(shop.drain()):
        await shop.has_sent(1)
        await settle()
        assert len(shop.spool.sealed) == 1
        shop.ack(1)
        await settle()
        assert not shop.spool.sealed


async def test_without_an_answer_the_same_bytes_go_again(shop: Shop) -> None:
    shop.uplink.connect()
    async with running(shop.drain()):
        await shop.has_sent(1)
        shop.clock.forward(30_000)
        await shop.wake()
        await shop.has_sent(2)
    first, second = (payload for _, payload in shop.uplink.published)
    assert first == second


async def test_what_an_earlier_process_sealed_goes_first(shop: Shop) -> None:
    left = await shop.spool.seal("live", shop.clock.now())
    assert isinstance(left, Sealed)
    await shop.spool.append([events.scan()], shop.clock.now())
    shop.uplink.connect()
    async with running(shop.drain()):
        assert await shop.has_sent(2) == [("live", 1), ("live", 2)]
    assert shop.uplink.published[0] == ("live", left.payload)


class SlowSpool(MemorySpool):
    """Seals nothing before `open` is set."""

    open: asyncio.Event
    asked: asyncio.Event

    async def seal(self, wanted: Wanted, now: Clock) -> Sealed | Unripe:
        self.asked.set()
        await self.open.wait()
        return await super().seal(wanted, now)


async def test_what_is_answered_while_another_is_sealed_is_not_sent_again(shop: Shop) -> None:
    """It would never be answered a second time, and hold its place in the window for ever."""
    slow = shop.spool = SlowSpool(shop.clock.now(), stream=STREAM)
    slow.open, slow.asked = asyncio.Event(), asyncio.Event()
    slow.open.set()
    left = await slow.seal("live", shop.clock.now())
    assert isinstance(left, Sealed)
    shop.clock.forward(30_001)  # of the backlog now: what is live is looked for first
    slow.open.clear()
    slow.asked.clear()
    shop.uplink.connect()
    async with running(shop.drain()):
        await slow.asked.wait()
        shop.ack(1)
        await until("the answer is taken", lambda: not slow.sealed)
        slow.open.set()
        await settle()
        await slow.append([events.scan()], shop.clock.now())
        assert await shop.has_sent(1) == [("live", 2)]


async def test_live_goes_before_backlog_four_to_one(shop: Shop) -> None:
    assert isinstance(await shop.spool.seal("live", shop.clock.now()), Sealed)
    await shop.spool.append([events.presence(n) for n in range(600)], shop.clock.now())
    shop.clock.forward(30_001)
    shop.ack(1)
    async with running(shop.drain()):
        await settle()
        await shop.spool.append([events.scan(n) for n in range(1_000)], shop.clock.now())
        shop.uplink.connect()
        lanes = [lane for lane, _ in await shop.has_sent(8)]
    assert lanes == ["live"] * 4 + ["backlog"] + ["live"] + ["backlog"] * 2


async def test_backlog_keeps_its_pace(shop: Shop) -> None:
    assert isinstance(await shop.spool.seal("live", shop.clock.now()), Sealed)
    shop.ack(1)
    await shop.spool.append([events.presence(n) for n in range(400)], shop.clock.now())
    shop.clock.forward(40_000)
    async with running(shop.drain(SendRules(jitter=0.0))):
        await settle()
        shop.uplink.connect()
        assert await shop.has_sent(1) == [("backlog", 2)]
        shop.clock.forward(999)
        await shop.wake()
        await settle()
        assert len(shop.uplink.published) == 1
        shop.clock.forward(1)
        await shop.wake()
        assert await shop.has_sent(2) == [("backlog", 2), ("backlog", 3)]


async def test_at_most_a_window_waits_on_the_wire_and_answers_make_room(shop: Shop) -> None:
    few = SendRules(backlog_events_per_s=None, window=3, live_reserve=1)
    await shop.spool.append([events.presence(n) for n in range(1_999)], shop.clock.now())
    shop.uplink.connect()
    async with running(shop.drain(few)):
        await shop.has_sent(3)
        await settle()
        assert len(shop.spool.sealed) == 3
        shop.ack(1, 2, 3)
        await shop.has_sent(6)
        await settle()
        assert len(shop.uplink.published) == 6


async def test_after_a_reconnect_only_scans_do_not_wait(shop: Shop) -> None:
    shop.uplink.connect()
    async with running(shop.drain(roll=0.5)):
        await shop.has_sent(1)
        shop.ack(1)
        shop.uplink.disconnect()
        await settle()
        shop.uplink.connect()
        await settle()
        await shop.spool.append([events.health(), events.scan()], shop.clock.now())
        await shop.has_sent(2)
        assert codec.decode_batch(shop.uplink.published[1][1]).events == ((0, events.scan()),)
        shop.ack(2)
        shop.clock.forward(29_999)
        await shop.wake()
        await settle()
        assert len(shop.uplink.published) == 2
        shop.clock.forward(1)
        await shop.wake()
        await shop.has_sent(3)
        assert codec.decode_batch(shop.uplink.published[2][1]).events == ((0, events.health()),)


async def test_what_the_broker_did_not_take_is_kept_and_sent_later(shop: Shop) -> None:
    shop.uplink.refusing = 1
    shop.uplink.connect()
    with capture_logs() as logs:
        async with running(shop.drain()):
            await settle()
            assert not shop.uplink.published
            shop.clock.forward(30_000)
            await shop.wake()
            assert await shop.has_sent(1) == [("live", 1)]
    assert [line["event"] for line in logs] == ["batch_not_taken"]


async def test_a_connection_that_breaks_under_a_batch_makes_it_due_on_the_next(
    shop: Shop,
) -> None:
    shop.uplink.breaking = 1
    shop.uplink.connect()
    async with running(shop.drain(roll=0.0)):
        await settle()
        assert not shop.uplink.published
        shop.uplink.connect()
        assert await shop.has_sent(1) == [("live", 1)]


async def test_what_the_server_refuses_is_set_aside_and_logged(shop: Shop) -> None:
    shop.uplink.connect()
    refused = Refused(seq=1, index=None, reason="too_deep")
    with capture_logs() as logs:
        async with running(shop.drain()):
            await shop.has_sent(1)
            shop.ack(refused=(refused,))
            await settle()
            assert not shop.spool.sealed
            shop.ack(refused=(Refused(seq=77, index=None, reason="never sent"),))
            await settle()
    assert shop.spool.refused == [refused]
    assert [(line["event"], line["reasons"]) for line in logs] == [
        ("batches_refused", ["too_deep"])
    ]


async def test_present_waits_for_company_and_then_goes_by_itself(shop: Shop) -> None:
    shop.uplink.connect()
    async with running(shop.drain()):
        await shop.has_sent(1)
        await shop.spool.append([events.presence()], shop.clock.now())
        await settle()
        assert len(shop.uplink.published) == 1
        shop.clock.forward(1_000)
        # Nothing wakes it but its own timer.
        assert await shop.has_sent(2) == [("live", 1), ("live", 2)]


async def test_its_pulse_is_told_while_it_works(shop: Shop) -> None:
    shop.uplink.connect()
    shop.clock.forward(60_000)
    async with running(shop.drain()):
        await shop.has_sent(1)
    await shop.spool.append([], shop.clock.now())
    assert shop.pulses.stalled(BEAT) == ()


async def test_an_answer_tells_the_clock_what_time_it_is_at_the_server(shop: Shop) -> None:
    shop.uplink.connect()
    async with running(shop.drain()):
        await shop.has_sent(1)
        asked = shop.clock.boottime()
        shop.clock.forward(80)
        shop.ack(1, server_ms=NOON_MS + 7)
        await settle()
    assert shop.clock.learned == [(asked, asked + 80, NOON_MS + 7)]


async def test_nothing_undated_is_sent_before_an_answer_has_told_the_time() -> None:
    shop = Shop("unsynced")
    await shop.spool.append([events.scan()], shop.clock.now())
    shop.uplink.connect()
    async with running(shop.drain()):
        await shop.has_sent(1)
        await settle()
        assert len(shop.sent()) == 1
        shop.clock.sync()
        shop.ack(1, server_ms=NOON_MS)
        await shop.has_sent(3)
    batches = [codec.decode_batch(payload) for _, payload in shop.uplink.published]
    kinds = [[type(event) for _, event in batch.events] for batch in batches]
    assert kinds == [[StreamStarted], [ClockAnchor], [Scan]]
    assert [batch.clock.state for batch in batches] == ["unsynced", "synced", "unsynced"]


async def test_an_answer_to_what_was_never_sent_tells_the_clock_nothing(shop: Shop) -> None:
    shop.uplink.connect()
    async with running(shop.drain()):
        await shop.has_sent(1)
        shop.ack(9, server_ms=NOON_MS)
        await settle()
    assert shop.clock.learned == []


async def test_tokens_that_mean_nobody_are_hushed_by_an_answer_to_what_was_sent(
    shop: Shop,
) -> None:
    shop.uplink.connect()
    async with running(shop.drain()):
        await shop.has_sent(1)
        shop.ack(9, nobody=("00000009",))
        await settle()
        assert not shop.hush.covers("00000009", shop.clock.boottime())
        shop.ack(1, nobody=("00000001", "00000002"))
        await until("it is learnt", lambda: shop.hush.covers("00000002", shop.clock.boottime()))
        assert shop.hush.covers("00000001", shop.clock.boottime())
