from __future__ import annotations

import time
import uuid
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from shopbell_server.core.ids import Millis
from shopbell_server.system import (
    SystemClock,
    SystemEntropy,
    clock_is_kept,
    user_name,
    without_room,
)

if TYPE_CHECKING:
    from pathlib import Path


def test_the_clock_is_the_machines() -> None:
    before = time.time_ns() // 1_000_000
    assert before <= SystemClock().now_ms() <= time.time_ns() // 1_000_000


def test_ids_of_one_moment_rise() -> None:
    entropy = SystemEntropy()
    ids = [entropy.uuid7(Millis(1_795_262_837_000)) for _ in range(5_000)]
    assert ids == sorted(set(ids))


@given(st.integers(0, 2**48 - 1))
def test_an_id_is_a_uuid_of_version_7_that_tells_its_moment(now_ms: int) -> None:
    made = uuid.UUID(SystemEntropy().uuid7(Millis(now_ms)))
    assert (made.version, made.variant) == (7, uuid.RFC_4122)
    assert made.int >> 80 == now_ms


def test_tokens_differ() -> None:
    assert len({SystemEntropy().token(16) for _ in range(100)}) == 100


def test_whether_the_clock_is_kept_is_said_or_not_known() -> None:
    assert clock_is_kept() in {True, False, None}


def test_whoever_runs_the_program_has_a_name() -> None:
    assert user_name().strip()


def test_a_disk_without_room_and_one_that_is_away_are_named(tmp_path: Path) -> None:
    assert without_room([tmp_path], least_bytes=1) is None
    assert without_room([tmp_path], least_bytes=1 << 62) == (
        f"full at {tmp_path}: nothing can be stored"
    )
    away = tmp_path / "away"
    assert without_room([tmp_path, away], least_bytes=1) == f"{away}: No such file or directory"
    assert without_room([]) is None
