"""A spool whose room runs short: reports are coalesced, then dropped, then whole stays go; scans never."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Final

import pytest
from msgspec.structs import replace
from structlog.testing import capture_logs

from shopbell_edge.adapters.spool.batches import Speaker
from shopbell_edge.adapters.spool.disk import Room
from shopbell_edge.adapters.spool.sqlite import SqliteSpool
from shopbell_edge.core.resend import Sealed
from shopbell_edge.core.shedding import COALESCE_SHARE, PRESENT_SHARE
from shopbell_edge.ports import SpoolFullError
from shopbell_wire import codec
from shopbell_wire.messages import Ack, Presence
from tests.edge import events
from tests.fakes.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from shopbell_wire.messages import Event, Phase

SMALL: Final = Room(total_bytes=2 * 1024 * 1024, wal_bytes=512 * 1024, ballast_bytes=0)
MINUTE_MS: Final = 60_000
REPORTS: Final = 6


def report(number: int, minute: int, phase: Phase = "present") -> Presence:
    """Return what is said of stay `number` after so many minutes."""
    whole = events.presence(number, phase)
    return replace(whole, last_ms=whole.first_ms + minute * MINUTE_MS)


def visit(number: int) -> list[Event]:
    middle = [report(number, minute) for minute in range(1, 1 + REPORTS)]
    return [report(number, 0, "entered"), *middle, report(number, REPORTS + 3, "left")]


class Box:
    """A small spool, filled by hand."""

    def __init__(self, folder: Path) -> None:
        self.clock = FakeClock()
        self.path = folder / "spool.db"
        speaker = Speaker(edge="edge-1", stream="5" * 32, software="test")
        self.spool = SqliteSpool(self.path, speaker, self.clock.now(), room=SMALL)
        self.scans = 0

    async def append(self, *some: Event) -> int:
        return await self.spool.append(some, self.clock.now())

    async def share(self) -> float:
        return (await self.spool.depth()).size_bytes / SMALL.event_bytes

    async def scan(self, many: int = 50) -> None:
        await self.append(*(events.scan(self.scans + n) for n in range(many)))
        self.scans += many

    async def fill_with_scans(self, share: float) -> None:
        while await self.share() < share:
            await self.scan()

    def dropped(self) -> dict[str, int]:
        rows = self._rows("SELECT reason, count FROM dropped WHERE count > 0")
        return {str(reason): int(str(count)) for reason, count in rows}

    def waiting(self) -> list[dict[str, object]]:
        return [json.loads(bytes(body)) for (body,) in self._rows("SELECT body FROM events")]  # type: ignore[call-overload]

    def phases(self) -> set[object]:
        return {event.get("phase") for event in self.waiting()}

    async def emptied(self) -> list[Event]:
        """Let the server take all; return what it got."""
        got: list[Event] = []
        while isinstance(made := await self.spool.seal("any", self.clock.now()), Sealed):
            got += [event for _, event in codec.decode_batch(made.payload).events]
            ack = Ack(stream=made.stream, committed=((1, made.seq),), refused=(), server_ms=0)
            await self.spool.settle(ack)
        return got

    def _rows(self, query: str) -> Sequence[tuple[object, ...]]:
        with closing(sqlite3.connect(f"{self.path.as_uri()}?mode=ro", uri=True)) as db:
            return db.execute(query).fetchall()


async def test_while_there_is_room_every_report_is_kept(tmp_path: Path) -> None:
    box, number = Box(tmp_path), 0
    async with box.spool:
        while await box.share() < COALESCE_SHARE - 0.05:
            assert await box.append(*visit(number)) == 0
            number += 1
        assert len(box.waiting()) == number * (REPORTS + 2)
    assert box.dropped() == {}


async def test_past_four_fifths_a_stay_is_reported_once_in_two_minutes(tmp_path: Path) -> None:
    box = Box(tmp_path)
    async with box.spool:
        await box.fill_with_scans(COALESCE_SHARE)
        for minute in range(10):
            assert await box.append(report(1, minute), report(2, minute)) == 0
        assert await box.append(report(1, 10, "left")) == 0
        kept = [event["last_ms"] for event in box.waiting() if event.get("phase") == "present"]
        assert kept == [report(1, minute).last_ms for minute in range(0, 10, 2) for _ in range(2)]
        assert "left" in box.phases()
        # What is counted is told with the next batch, which is committed with it.
        await box.scan(1)
        made = await box.spool.seal("any", box.clock.now())
        assert isinstance(made, Sealed)
        assert codec.decode_batch(made.payload).dropped == {"spool_coalesced": 10}


async def test_past_nineteen_twentieths_only_the_ends_of_a_stay_are_kept(tmp_path: Path) -> None:
    box = Box(tmp_path)
    async with box.spool:
        await box.fill_with_scans(PRESENT_SHARE)
        assert await box.append(*visit(1)) == REPORTS
        assert box.phases() == {None, "entered", "left"}
        with pytest.raises(SpoolFullError):
            await box.append(report(2, 1))
        assert box.dropped() == {"spool_full": REPORTS + 1}


async def test_a_full_spool_gives_up_reports_then_the_oldest_stays_and_never_a_scan(
    tmp_path: Path,
) -> None:
    box, number, was_full_of_reports = Box(tmp_path), 0, False
    with capture_logs() as logs:
        async with box.spool:
            while await box.share() < COALESCE_SHARE - 0.05:
                await box.append(*visit(number))
                number += 1
            await box.append(events.health())
            with pytest.raises(SpoolFullError):  # noqa: PT012  the order is looked at on the way
                while True:
                    await box.scan()
                    dropped = box.dropped()
                    if dropped.get("spool_full_stay"):
                        assert not {"present", "inactive"} & box.phases()
                        gone = dropped["spool_full_stay"] // 2
                        tokens = {event.get("token") for event in box.waiting()} - {None}
                        assert tokens == {events.presence(n).token for n in range(gone, number)}
                    else:
                        was_full_of_reports |= dropped.get("spool_full", 0) > 0
            assert was_full_of_reports, "reports go before stays"
            dropped = box.dropped()
            assert dropped["spool_full"] == number * REPORTS
            assert dropped["spool_full_stay"] == number * 2
            assert (await box.spool.depth()).size_bytes <= SMALL.file_bytes
            got = await box.emptied()
    scans = {event for event in got if isinstance(event, type(events.scan()))}
    assert {events.scan(n) for n in range(box.scans)} == scans
    assert not [event for event in got if isinstance(event, Presence)]
    assert events.health() in got
    said = [line for line in logs if line["event"] == "spool_shed"]
    assert sum(line.get("spool_full_stay", 0) for line in said) == number * 2


async def test_a_new_stay_takes_the_room_of_the_oldest(tmp_path: Path) -> None:
    box = Box(tmp_path)
    async with box.spool:
        for number in range(20):
            await box.append(report(number, 0, "entered"), report(number, 5, "left"))
        await box.fill_with_scans(0.99)
        number = 20
        while "spool_full_stay" not in box.dropped():
            assert await box.append(report(number, 0, "entered"), report(number, 5, "left")) == 0
            number += 1
        tokens = [event["token"] for event in box.waiting() if "token" in event]
        newest = events.presence(number - 1).token
        assert tokens.count(newest) == 2
        assert events.presence(0).token not in tokens


async def test_a_spool_of_a_version_that_counted_less_is_used_on(tmp_path: Path) -> None:
    box = Box(tmp_path)
    async with box.spool:
        await box.scan()
    with closing(sqlite3.connect(box.path)) as db:
        db.execute("DELETE FROM dropped WHERE reason IN ('spool_coalesced', 'spool_full_stay')")
        db.commit()
    again = Box(tmp_path)
    async with again.spool:
        assert len(again.waiting()) == 50
    with closing(sqlite3.connect(box.path)) as db:
        assert db.execute("SELECT count(*) FROM dropped").fetchone() == (5,)
