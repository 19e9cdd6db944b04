from __future__ import annotations

from dataclasses import replace

import pytest

from shopbell_edge.core.doctor.keeping import MIB, Disk, Room, SpoolSeen, disk, spool

ROOM = Room(spool_bytes=256 * MIB, ballast_bytes=16 * MIB, steady_ms=30_000)
DISK = Disk(folder="/var/lib/x", problem="", free_bytes=8_000 * MIB, synced_ms=(9.0, 11.0, 40.0))
SPOOL = SpoolSeen(waiting=12, oldest_ms=5_000, used_bytes=2 * MIB)


def test_a_good_disk_passes() -> None:
    room, writes = disk(DISK, ROOM, 0)
    assert (room.verdict, room.found) == (
        "PASS",
        "8000 MiB free, enough for 21 days without a server",
    )
    assert (writes.verdict, writes.found) == ("PASS", "a synced write takes 11 ms, 40 at worst")


def test_a_slow_card_is_a_warning() -> None:
    _, writes = disk(replace(DISK, card=True, synced_ms=(300.0,)), ROOM, 0)
    assert writes.verdict == "WARN"
    assert "300 ms, 300 at worst (an SD card: it wears out" in writes.found


@pytest.mark.parametrize(
    ("free_mib", "used_mib", "verdict"),
    [(300, 0, "PASS"), (200, 0, "WARN"), (200, 100, "PASS"), (31, 272, "FAIL")],
)
def test_room_is_counted_with_what_the_spool_has_already(
    free_mib: int, used_mib: int, verdict: str
) -> None:
    room, _ = disk(replace(DISK, free_bytes=free_mib * MIB), ROOM, used_mib * MIB)
    assert room.verdict == verdict


def test_what_is_missing_is_said_with_its_arithmetic() -> None:
    room, _ = disk(replace(DISK, free_bytes=200 * MIB), ROOM, 10 * MIB)
    assert "may want 262 MiB more: 256 of size_mib, 16 of ballast, less 10 in use" in room.found


@pytest.mark.parametrize("problem", ["absent", "denied", "read_only", "full", "broken"])
def test_a_disk_that_cannot_be_written_fails_alone(problem: str) -> None:
    (found,) = disk(replace(DISK, problem=problem), ROOM, 0)  # type: ignore[arg-type]  # each of them
    assert (found.check, found.verdict) == ("disk", "FAIL")
    assert found.remedy


def test_a_spool_that_is_being_emptied_passes() -> None:
    (found,) = spool(SPOOL, ROOM)
    assert (found.verdict, found.found) == (
        "PASS",
        "12 events wait, the oldest for 5 s; 1% of its room is used",
    )


@pytest.mark.parametrize(
    ("seen", "verdicts", "says"),
    [
        (replace(SPOOL, waiting=0, oldest_ms=None), ["PASS"], "0 events wait; 1%"),
        (replace(SPOOL, there=False), ["PASS"], "none yet"),
        (replace(SPOOL, problem="/x: Permission denied"), ["FAIL"], "Permission denied"),
        (replace(SPOOL, sound=False), ["FAIL"], "will set it aside"),
        (replace(SPOOL, oldest_ms=7_200_000), ["WARN"], "for 2 h"),
        (replace(SPOOL, oldest_ms=600_000), ["PASS"], "for 10 min"),
        (replace(SPOOL, oldest_ms=5 * 86_400_000), ["WARN"], "for 5 days"),
        (replace(SPOOL, oldest_ms=-5_000), ["PASS"], "for 0 s"),
        (replace(SPOOL, used_bytes=205 * MIB), ["WARN"], "80%"),
        (replace(SPOOL, used_bytes=244 * MIB), ["FAIL"], "presence is given up"),
        (replace(SPOOL, set_aside=1), ["PASS", "WARN"], "set aside"),
        (replace(SPOOL, refused=3), ["PASS", "WARN"], "refused 3"),
    ],
)
def test_spools(seen: SpoolSeen, verdicts: list[str], says: str) -> None:
    found = list(spool(seen, ROOM))
    assert [each.verdict for each in found] == verdicts
    assert says in found[-1].found
