"""What only a spool on a disk can promise: it outlives its process, and forgets what was settled."""

from __future__ import annotations

import asyncio
import signal
import sys
from typing import TYPE_CHECKING

import pytest

from shopbell_edge.adapters.spool.disk import SpoolBusyError
from shopbell_wire import codec
from shopbell_wire.messages import StreamStarted
from tests.edge import events
from tests.edge.adapters.spools import STREAMS, committed, mentions, open_spool, sealed
from tests.fakes.clock import FakeClock
from tests.shared import ROOT

if TYPE_CHECKING:
    from pathlib import Path


async def test_a_new_process_finds_batches_as_they_were_and_events_to_seal(
    tmp_path: Path,
) -> None:
    clock = FakeClock()
    async with open_spool(tmp_path, clock) as before:
        first = await sealed(before, clock)
        await before.append([events.scan()], clock.now())
    clock.forward(60_000)
    async with open_spool(tmp_path, clock, stream=1) as after:
        assert await after.unacknowledged() == [first]
        got = codec.decode_batch((await sealed(after, clock)).payload)
        started = StreamStarted(previous=STREAMS[0], previous_last_seq=1, software="test")
        assert [event for _, event in got.events] == [started]
        left = codec.decode_batch((await sealed(after, clock, "backlog")).payload)
        assert (left.stream, left.seq) == (STREAMS[1], 2)
        assert [event for _, event in left.events] == [events.scan()]


async def test_a_stream_that_never_spoke_is_not_named_as_the_one_before(tmp_path: Path) -> None:
    clock = FakeClock()
    async with open_spool(tmp_path, clock) as spoke:
        await sealed(spoke, clock)
    async with open_spool(tmp_path, clock, stream=1):
        pass
    async with open_spool(tmp_path, clock, stream=2) as third:
        got = codec.decode_batch((await sealed(third, clock)).payload)
    started = StreamStarted(previous=STREAMS[0], previous_last_seq=1, software="test")
    assert [event for _, event in got.events] == [started]


async def test_what_another_boot_sealed_is_of_no_known_age(tmp_path: Path) -> None:
    clock = FakeClock()
    async with open_spool(tmp_path, clock) as before:
        assert (await sealed(before, clock)).oldest == clock.boottime()
    rebooted = FakeClock(boot="b1" * 16)
    async with open_spool(tmp_path, rebooted, stream=1) as after:
        (left,) = await after.unacknowledged()
    assert left.oldest is None


async def test_two_processes_do_not_share_a_spool(tmp_path: Path) -> None:
    clock = FakeClock()
    async with open_spool(tmp_path, clock):
        with pytest.raises(SpoolBusyError, match="give this one a spool of its own"):
            async with open_spool(tmp_path, clock, stream=1):
                pass
    async with open_spool(tmp_path, clock, stream=1):
        pass


async def test_a_settled_token_is_nowhere_in_the_files(tmp_path: Path) -> None:
    clock = FakeClock()
    canary = events.scan(31_415_926)
    async with open_spool(tmp_path, clock) as spool:
        await spool.append([canary], clock.now())
        made = await sealed(spool, clock)
        assert mentions(tmp_path, b"SB1.31415926")
        await spool.settle(committed(made))
    assert not mentions(tmp_path, b"SB1.31415926")


async def test_a_settled_token_is_in_no_file_of_a_running_spool_in_which_nothing_waits(
    tmp_path: Path,
) -> None:
    clock = FakeClock()
    async with open_spool(tmp_path, clock) as spool:
        await spool.append([events.scan(31_415_926)], clock.now())
        await spool.settle(committed(await sealed(spool, clock)))
        assert not mentions(tmp_path, b"SB1.31415926")


async def test_an_append_that_nobody_waits_for_any_more_is_stored_all_the_same(
    tmp_path: Path,
) -> None:
    clock = FakeClock()
    async with open_spool(tmp_path, clock) as spool:
        impatient = asyncio.create_task(spool.append([events.scan(1)], clock.now()))
        patient = asyncio.create_task(spool.append([events.scan(2)], clock.now()))
        await asyncio.sleep(0)
        impatient.cancel()
        await patient
        assert (await spool.depth()).unsealed == 2


KILLED = """
import asyncio, sys
from pathlib import Path
from shopbell_edge.adapters.spool.batches import Speaker
from shopbell_edge.adapters.spool.sqlite import SqliteSpool
from shopbell_edge.core.resend import Sealed
from tests.edge import events
from tests.fakes.clock import FakeClock

async def main():
    clock = FakeClock()
    speaker = Speaker(edge="edge-1", stream="5" * 32, software="test")
    async with SqliteSpool(Path(sys.argv[1]) / "spool.db", speaker, clock.now()) as spool:
        for n in range(10**6):
            await spool.append([events.scan(n)], clock.now())
            print(n, flush=True)
            if n % 7 == 0:
                assert isinstance(await spool.seal("live", clock.now()), Sealed)

asyncio.run(main())
"""


@pytest.mark.parametrize("at_least", [1, 40, 200])
async def test_what_append_returned_from_survives_kill_9(tmp_path: Path, at_least: int) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        KILLED,
        str(tmp_path),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    async with asyncio.timeout(30):
        for _ in range(at_least):
            await process.stdout.readline()
        process.send_signal(signal.SIGKILL)
        rest = await process.stdout.read()
        await process.wait()
    promised = at_least + rest.count(b"\n")

    clock = FakeClock()
    found = []
    async with open_spool(tmp_path, clock, stream=1) as spool:
        payloads = [one.payload for one in await spool.unacknowledged()]
        while (await spool.depth()).unsealed:
            payloads.append((await sealed(spool, clock, "scans")).payload)
    for payload in payloads:
        found += [event for _, event in codec.decode_batch(payload).events]
    scans = [event for event in found if not isinstance(event, StreamStarted)]
    assert scans[:promised] == [events.scan(n) for n in range(promised)]
    assert len(scans) <= promised + 1  # one may have been stored that nobody was told of
