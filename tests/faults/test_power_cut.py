"""The power goes while the spool writes: nothing that it promised is lost, and nothing is broken.

Every write and sync is recorded; then the disk is rebuilt as it may be after each n-th of them, with what
was not synced gone, gone in part, or torn at 512 bytes, and the real spool opens it.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

import pytest

from shopbell_edge.adapters.spool.batches import Speaker
from shopbell_edge.adapters.spool.disk import Room
from shopbell_edge.adapters.spool.sqlite import SqliteSpool
from shopbell_edge.core.resend import Sealed
from shopbell_wire import codec
from shopbell_wire.messages import Ack, Presence, Scan
from tests.edge import events
from tests.fakes.clock import FakeClock
from tests.faults.plan import seeds
from tests.rigs.power_cut import LOSSES, after_power_cut, recording

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from shopbell_edge.core.resend import Key
    from shopbell_wire.messages import Event
    from tests.rigs.power_cut import Operation, RecordingDisk

pytestmark = pytest.mark.timeout(900)

STEPS_FEW, EVERY_MANY = 100, 11
"""In every run: so many things done to the spool, and a power cut at each eleventh operation."""

STEPS_MANY, EVERY_FEW = 400, 3
"""In `make faults`."""

SETTLED: Final = 0.7
"""Of what waits for an answer, at each answer."""

ROOM: Final = Room(total_bytes=4 * 1024 * 1024, wal_bytes=1024 * 1024, ballast_bytes=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """Something asked of the spool, from operation number `begun` to `done`, and what it was about."""

    begun: int
    done: int = 0
    appended: tuple[int, ...] = ()
    sealed: Sealed | None = None
    settled: tuple[Key, ...] = ()


@dataclass(slots=True)
class History:
    """All that was done, and all that was written meanwhile."""

    deeds: list[Deed] = field(default_factory=list)
    operations: Sequence[Operation] = ()

    def promised(self, cut: int) -> Counter[int]:
        """Return what must be found after a cut behind operation `cut`: kept, and not surely given away."""
        settled = {key for deed in self.deeds if deed.begun < cut for key in deed.settled}
        gone = Counter(
            number
            for batch in self._sealed()
            if batch.key in settled
            for number in numbers(batch.payload)
        )
        kept = Counter(n for deed in self.deeds if deed.done <= cut for n in deed.appended)
        return kept - gone

    def asked(self, cut: int) -> Counter[int]:
        """Return what may be found then: whatever somebody had begun to store."""
        return Counter(n for deed in self.deeds if deed.begun < cut for n in deed.appended)

    def batches(self, cut: int) -> dict[Key, bytes]:
        """Return the batches that may have been sent, and were not answered before the cut."""
        settled = {key for deed in self.deeds if deed.begun < cut for key in deed.settled}
        return {
            deed.sealed.key: deed.sealed.payload
            for deed in self.deeds
            if deed.sealed is not None and deed.done <= cut and deed.sealed.key not in settled
        }

    def all_batches(self) -> dict[Key, bytes]:
        return {batch.key: batch.payload for batch in self._sealed()}

    def _sealed(self) -> Iterable[Sealed]:
        return (deed.sealed for deed in self.deeds if deed.sealed is not None)


def number_of(event: Event) -> int | None:
    """Return which of the test's events this is; None for one that the spool made."""
    match event:
        case Scan():
            return event.at_ms - events.scan(0).at_ms
        case Presence():
            return event.n - 1
        case _:
            return None


def numbers(payload: bytes) -> list[int]:
    found = (number_of(event) for _, event in codec.decode_batch(payload).events)
    return [number for number in found if number is not None]


def speaker(stream: int) -> Speaker:
    return Speaker(edge="edge-1", stream=f"{stream:032x}", software="test")


class Life:
    """What an edge asks of its spool, and a note of each thing that it asked."""

    def __init__(self, history: History, disk: RecordingDisk, dice: random.Random) -> None:
        self.clock = FakeClock()
        self._history = history
        self._disk = disk
        self._dice = dice
        self._number = 0

    async def step(self, spool: SqliteSpool) -> None:
        """Do the next thing."""
        self.clock.forward(self._dice.randrange(2_000))
        begun = len(self._disk.operations)
        what = self._dice.choice([self._scan, self._scan, self._report, self._seal, self._settle])
        deed = await what(spool, begun)
        if deed is not None:
            self._history.deeds.append(replace(deed, done=len(self._disk.operations)))

    async def _scan(self, spool: SqliteSpool, begun: int) -> Deed:
        new = self._next(1)
        await spool.append([events.scan(n) for n in new], self.clock.now())
        return Deed(begun=begun, appended=new)

    async def _report(self, spool: SqliteSpool, begun: int) -> Deed:
        new = self._next(self._dice.randrange(2, 40))
        await spool.append([events.presence(n) for n in new], self.clock.now())
        return Deed(begun=begun, appended=new)

    async def _seal(self, spool: SqliteSpool, begun: int) -> Deed | None:
        made = await spool.seal("any", self.clock.now())
        return Deed(begun=begun, sealed=made) if isinstance(made, Sealed) else None

    async def _settle(self, spool: SqliteSpool, begun: int) -> Deed:
        waiting = await spool.unacknowledged()
        chosen = tuple(one.key for one in waiting if self._dice.random() < SETTLED)
        for stream, seq in chosen:
            ack = Ack(stream=stream, committed=((seq, seq),), refused=(), server_ms=0)
            await spool.settle(ack)
        return Deed(begun=begun, settled=chosen)

    def _next(self, many: int) -> tuple[int, ...]:
        new = tuple(range(self._number, self._number + many))
        self._number += many
        return new


async def lived(place: Path, dice: random.Random, steps: int) -> History:
    """Let a spool do what an edge asks of it, in two lives, and return what was written."""
    history = History()
    with recording(place) as disk:
        life = Life(history, disk, dice)
        for stream in range(2):
            now = life.clock.now()
            async with SqliteSpool(place / "spool.db", speaker(stream), now, room=ROOM) as spool:
                for _ in range(steps // 2):
                    await life.step(spool)
        history.operations = tuple(disk.operations)
    return history


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a new process finds in the spool: every event, and the batches as they were."""

    events: Counter[int]
    left: dict[Key, bytes]
    set_aside: bool
    """Whether it took the file for broken."""


async def found(place: Path) -> Found:
    clock = FakeClock(boot="b1" * 16)
    async with SqliteSpool(place / "spool.db", speaker(9), clock.now(), room=ROOM) as spool:
        left = {one.key: one.payload for one in await spool.unacknowledged()}
        payloads = list(left.values())
        while True:
            made = await spool.seal("any", clock.now())
            if not isinstance(made, Sealed):
                break
            payloads.append(made.payload)
            if not (await spool.depth()).unsealed:
                break
    return Found(
        events=Counter(number for payload in payloads for number in numbers(payload)),
        left=left,
        set_aside=bool(await asyncio.to_thread(lambda: list(place.glob("*.bad-*")))),
    )


def broken_promises(history: History, cut: int, after: Found) -> list[str]:
    """Return what the spool had promised by operation `cut`, and did not keep."""
    promised, sealed = history.promised(cut), history.batches(cut)
    extra = after.events - history.asked(cut)
    promises = {
        "set aside as broken": after.set_aside,
        f"lost {sorted(promised - after.events)}": promised - after.events,
        f"{sorted(extra)} more than was stored": extra,
        "a batch is gone or changed": not sealed.items() <= after.left.items(),
        "a batch that was never sealed": not after.left.items() <= history.all_batches().items(),
    }
    return [said for said, broken in promises.items() if broken]


async def after_cuts(
    place: Path, seed: int, *, steps: int, every: int, syncs: bool = True
) -> tuple[int, list[str]]:
    """Cut the power after each `every`-th operation, in each way; say how often, and what was broken.

    Without `syncs` the disk is one that says it has synced, and has not.
    """
    dice = random.Random(seed)
    (place / "lived").mkdir()
    history = await lived(place / "lived", dice, steps)
    cuts, broken = 0, []
    for cut in range(1, len(history.operations) + 1, every):
        for loss in LOSSES:
            disk = place / f"{cut}-{loss}"
            disk.mkdir()
            written = [one for one in history.operations[:cut] if syncs or one.what != "sync"]
            after_power_cut(written, loss, dice, disk)
            broken += [
                f"seed {seed}, cut after operation {cut}, {loss}: {said}"
                for said in broken_promises(history, cut, await found(disk))
            ]
            for each in disk.iterdir():
                each.unlink()
            cuts += 1
    return cuts, broken


async def test_a_power_cut_at_any_moment_breaks_and_loses_nothing(tmp_path: Path) -> None:
    cuts, broken = await after_cuts(tmp_path, 1, steps=STEPS_FEW, every=EVERY_MANY)
    assert not broken
    assert cuts > 30


async def test_a_disk_that_only_says_that_it_syncs_is_found_out(tmp_path: Path) -> None:
    """The control: on such a disk the same spool cannot keep its promises, and this test must see it."""
    cuts, broken = await after_cuts(
        tmp_path, 1, steps=STEPS_FEW, every=10 * EVERY_MANY, syncs=False
    )
    assert len([one for one in broken if "lost [" in one]) > cuts / 2


@pytest.mark.faults
@pytest.mark.parametrize("seed", seeds(5))
async def test_many_power_cuts_by_many_seeds(tmp_path: Path, seed: int) -> None:
    cuts, broken = await after_cuts(tmp_path, seed, steps=STEPS_MANY, every=EVERY_FEW)
    assert not broken
    assert cuts > 1_000
