"""What the server will not take is kept for a person to look at: a hundred of them, and no more."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import msgspec

from shopbell_edge.adapters.spool.refusals import MAX_REFUSED
from shopbell_edge.core.resend import Sealed
from shopbell_edge.ports import SpoolFullError
from shopbell_wire.messages import Ack, Refused
from tests.edge import events
from tests.edge.adapters.spools import SMALL, open_spool, rows, sealed
from tests.fakes.clock import FakeClock

if TYPE_CHECKING:
    from pathlib import Path


async def test_refused_batches_and_events_are_kept_a_hundred_of_them(tmp_path: Path) -> None:
    clock = FakeClock()
    payloads = []
    async with open_spool(tmp_path, clock) as spool:
        for n in range(MAX_REFUSED + 2):
            await spool.append([events.scan(n)], clock.now())
            made = await sealed(spool, clock)
            payloads.append(made.payload)
            refused = Refused(seq=made.seq, index=None if n else 1, reason="implausible_time")
            await spool.settle(
                Ack(stream=made.stream, committed=(), refused=(refused,), server_ms=0)
            )
    kept = rows(tmp_path / "spool.db", "SELECT seq, position, payload FROM refused ORDER BY id")
    assert [seq for seq, _, _ in kept] == list(range(3, MAX_REFUSED + 3))
    assert [payload for _, _, payload in kept] == payloads[2:]


async def test_of_a_refused_event_only_the_event_is_kept(tmp_path: Path) -> None:
    clock = FakeClock()
    async with open_spool(tmp_path, clock) as spool:
        await spool.append([events.scan(7)], clock.now())
        made = await sealed(spool, clock)
        refused = tuple(Refused(seq=1, index=index, reason="why") for index in (1, 50))
        await spool.settle(Ack(stream=made.stream, committed=(), refused=refused, server_ms=0))
    kept = rows(tmp_path / "spool.db", "SELECT position, payload FROM refused ORDER BY id")
    assert [position for position, _ in kept] == [1, 50]
    assert b'"SB1.7"' in bytes(kept[0][1])
    assert kept[1][1] == made.payload


async def test_a_server_that_repeats_its_refusals_fills_nothing(tmp_path: Path) -> None:
    clock = FakeClock()
    path = tmp_path / "spool.db"
    async with open_spool(tmp_path, clock) as spool:
        await spool.append([events.scan(n) for n in range(150)], clock.now())
        made = await sealed(spool, clock)
        refused = tuple(
            Refused(seq=1, index=index, reason="why")
            for index in (3, 190, 191, 3)
            for _ in range(300)
        )
        await spool.settle(Ack(stream=made.stream, committed=(), refused=refused, server_ms=0))
    kept = rows(path, "SELECT position, length(payload) FROM refused ORDER BY id")
    assert [(place, size == len(made.payload)) for place, size in kept] == [
        (3, False),
        (190, True),
        (191, False),
    ]


async def test_a_full_spool_has_room_for_what_the_server_refuses(tmp_path: Path) -> None:
    clock = FakeClock()
    long = msgspec.structs.replace(events.scan(), text="x" * 500)
    async with open_spool(tmp_path, clock, room=SMALL) as spool:
        with contextlib.suppress(SpoolFullError):
            while True:
                await spool.append([long] * 100, clock.now())
        batches = []
        while isinstance(made := await spool.seal("any", clock.now()), Sealed):
            batches.append(made)
        everything = tuple(Refused(seq=made.seq, index=None, reason="why") for made in batches)
        ack = Ack(stream=batches[0].stream, committed=(), refused=everything, server_ms=0)
        assert len(await spool.settle(ack)) == len(batches)


async def test_an_answer_that_makes_no_sense_settles_nothing(tmp_path: Path) -> None:
    clock = FakeClock()
    async with open_spool(tmp_path, clock) as spool:
        await spool.append([events.scan()], clock.now())
        made = await sealed(spool, clock)
        ranges = ((2, 1), (9, 9), (5, 2**53 - 1))
        ack = Ack(
            stream=made.stream,
            committed=ranges,
            refused=(Refused(seq=77, index=None, reason="why"),),
            server_ms=0,
        )
        assert list(await spool.settle(ack)) == []
        assert [one.key for one in await spool.unacknowledged()] == [made.key]
