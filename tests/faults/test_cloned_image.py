"""Two machines from one image: the server finds out where they contradict each other, and swallows nothing.

The spools are real and copied as a card is; the server's own use cases take in what both say.
"""

from __future__ import annotations

import asyncio
import random
import shutil
from typing import TYPE_CHECKING

import pytest

from shopbell_edge.adapters.spool.batches import Speaker
from shopbell_edge.adapters.spool.sqlite import SqliteSpool
from shopbell_edge.core.resend import Sealed
from shopbell_server.core.ids import EdgeId, TenantId
from shopbell_server.db import migrate
from shopbell_server.usecases.intake.take import Message
from tests.fakes.clock import FakeClock
from tests.faults.plan import seeds
from tests.rigs.databases import open_sql
from tests.server.usecases.floor import EDGES, MINUTE, NOW, SECOND, Floor, stays

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from shopbell_wire.messages import Event

HERE = EdgeId(EDGES[0])


def a_floor(folder: Path) -> Floor:
    url = f"sqlite:///{folder}/shop.db"
    migrate.upgrade(url)
    return Floor(open_sql(url, TenantId("acme")), url)


def clock() -> FakeClock:
    made = FakeClock()
    made.forward(NOW - made.now().wall_ms)
    return made


def speaker(stream: int) -> Speaker:
    return Speaker(edge=EDGES[0], stream=f"{stream:032x}", software="test")


async def says(folder: Path, stream: int, *events: Event, seals: bool = True) -> list[bytes]:
    """Let a process run on the spool in `folder`; return all that it sends, what it found there first."""
    time = clock()
    async with SqliteSpool(folder / "spool.db", speaker(stream), time.now()) as spool:
        if events:
            await spool.append(events, time.now())
        sent = [one.payload for one in await spool.unacknowledged()]
        while seals:
            made = await spool.seal("any", time.now())
            if not isinstance(made, Sealed):
                break
            sent.append(made.payload)
            if not (await spool.depth()).unsealed:
                break
    return sent


async def copied(place: Path) -> Path:
    """Return a folder that holds what `place` holds."""
    return await asyncio.to_thread(shutil.copytree, place, place.with_name("clone"))


def messages(*payloads: bytes) -> list[Message]:
    return [Message(edge=HERE, payload=payload) for payload in payloads]


def events_of(floor: Floor) -> tuple[Sequence[Event], ...]:
    """Return what was sealed before the copy, what only waited, and what each clone hears after it."""
    ada, bo, cy = (floor.enrol(name, number) for number, name in enumerate(("ada", "bo", "cy"), 1))
    return (
        [floor.presence(ada), floor.shows_pass(ada)],
        [floor.presence(bo, NOW - 2 * MINUTE), floor.shows_pass(bo, NOW - 2 * SECOND)],
        [floor.presence(cy, NOW - MINUTE)],
        [floor.shows_pass(cy, NOW - SECOND)],
    )


async def clones(place: Path, seed: int) -> None:
    """Both clones send everything, in any order: as many visits and passes as if there were one machine."""
    results = []
    for both in (False, True):
        folder = place / str(both)
        card = folder / "card"
        card.mkdir(parents=True)
        floor = a_floor(folder)
        before, waiting, here, there = events_of(floor)
        await says(card, 1, *before)
        await says(card, 2, *waiting, seals=False)
        clone = await copied(card)
        if both:
            sent = [*await says(card, 3, *here), *await says(clone, 4, *there)]
        else:
            sent = await says(card, 3, *here, *there)
        random.Random(seed).shuffle(sent)
        alarms = []
        for message in messages(*sent):
            taken = floor.take(message)
            alarms += taken.alarms
            assert not [each for _, ack in taken.answers for each in ack.refused], f"seed {seed}"
        # Both name the stream that was the last to speak before the copy.
        assert alarms == ([("cloned_identity", HERE)] if both else []), f"seed {seed}"
        people = ("ada", "bo", "cy")
        with floor.database.read() as work:
            visits = [visit for name in people for visit in work.visits.of_person(name)]  # type: ignore[arg-type]
        results.append(
            [(who, where, how.start_ms, how.end_ms) for who, where, how in stays(visits)]
        )
        floor.database.close()  # type: ignore[attr-defined]
    assert results[0] == results[1], f"seed {seed}"
    assert len(results[0]) == 3


async def test_two_cards_from_one_image_count_everything_once(tmp_path: Path) -> None:
    await clones(tmp_path, seed=1)


@pytest.mark.faults
@pytest.mark.parametrize("seed", seeds(10))
async def test_two_cards_from_one_image_by_many_seeds(tmp_path: Path, seed: int) -> None:
    await clones(tmp_path, seed)


async def test_two_machines_that_speak_as_one_stream_are_a_conflict_and_neither_is_swallowed(
    tmp_path: Path,
) -> None:
    """A running machine was copied with its memory: both go on with the same stream and number."""
    card = tmp_path / "card"
    card.mkdir()
    floor = a_floor(tmp_path)
    before, _, here, there = events_of(floor)
    common = await says(card, 1, *before)
    clone = await copied(card)
    one = [each for each in await says(card, 2, *here) if each not in common]
    other = [each for each in await says(clone, 2, *there) if each not in common]
    floor.take(*messages(*common, *one))
    taken = floor.take(*messages(*other))
    assert taken.alarms == [("conflict", HERE)]
    ((_, ack),) = taken.answers
    assert (ack.committed, [each.reason for each in ack.refused]) == ((), ["conflict"])
    floor.database.close()  # type: ignore[attr-defined]


def alarms_of(floor: Floor, *payloads: bytes) -> list[str]:
    """Take them one after the other, each of them twice; return what the operator is told."""
    taken = [floor.take(message) for message in messages(*payloads) for _ in range(2)]
    return [reason for each in taken for reason, _ in each.alarms]


async def test_two_cards_that_start_anew_are_told_once_and_never_again(tmp_path: Path) -> None:
    card = tmp_path / "card"
    card.mkdir()
    floor = a_floor(tmp_path)
    assert alarms_of(floor, *await says(card, 1)) == []
    clone = await copied(card)
    assert alarms_of(floor, *await says(card, 2)) == []
    assert alarms_of(floor, *await says(clone, 3)) == ["cloned_identity"]
    # From here on each has a past of its own.
    assert alarms_of(floor, *await says(card, 4), *await says(clone, 5)) == []
    with floor.database.read() as work:
        assert work.edge_records.cloned() == {HERE: NOW}
    floor.database.close()  # type: ignore[attr-defined]


async def test_one_machine_that_starts_often_or_loses_its_spool_is_not_two(tmp_path: Path) -> None:
    card = tmp_path / "card"
    card.mkdir()
    spool = card / "spool.db"
    floor = a_floor(tmp_path)
    for stream in (1, 2):
        assert alarms_of(floor, *await says(card, stream)) == []
    # It was begun and ended before it said anything: the next one names what spoke before.
    assert alarms_of(floor, *await says(card, 3, seals=False), *await says(card, 4)) == []
    # The card was damaged: the spool is set aside.
    for part in card.iterdir():
        part.unlink()
    spool.write_bytes(b"no spool " * 1_000)
    assert alarms_of(floor, *await says(card, 5)) == []
    assert [each for each in card.iterdir() if ".bad-" in each.name]
    # Somebody deleted it.
    for part in card.iterdir():
        part.unlink()
    assert alarms_of(floor, *await says(card, 6), *await says(card, 7)) == []
    floor.database.close()  # type: ignore[attr-defined]
