"""The clock of an edge is wrong, jumps, or begins in 1970: visits have their true times.

The edge's own tasks and cores, the server's own use cases on SQLite; the test carries batches between them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopbell_edge.core.clock_state import KNOWN_MS
from shopbell_edge.core.units import ScannerName
from shopbell_edge.core.wellbeing import Wellbeing
from shopbell_server.core.edges.deafness import Mark, ear_of
from shopbell_server.core.ids import EdgeId, Millis, TenantId
from shopbell_server.db import migrate
from shopbell_wire.messages import Clock
from tests.fakes.learning_clock import LearningClock
from tests.faults.told_the_time import BOOT, EVERY_MS, HOUR, NEAR_MS, STREAM, opened
from tests.rigs.databases import open_sql
from tests.server.usecases.floor import DAY, MINUTE, NOW, SECOND, Floor

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from random import Random

    from shopbell_wire.messages import Hearing


@pytest.fixture
def floor(tmp_path: Path) -> Iterator[Floor]:
    url = f"sqlite:///{tmp_path}/shop.db"
    migrate.upgrade(url)
    database = open_sql(url, TenantId("acme"))
    yield Floor(database, url)
    database.close()


def is_about(told_ms: int, true_ms: int) -> bool:
    return abs(told_ms - true_ms) <= NEAR_MS


@pytest.mark.parametrize("teacher", ["ntp", "server"])
async def test_a_pi_that_boots_in_1970_and_learns_the_time_an_hour_later_gives_true_visits(
    tmp_path: Path, floor: Floor, teacher: str
) -> None:
    ada, bo = floor.enrol("ada", 1), floor.enrol("bo", 2)
    clock = LearningClock(boot=BOOT, wall_ms=20 * SECOND, true_ms=NOW - HOUR)
    async with opened(tmp_path, floor, clock) as store:
        await store.passes(5 * MINUTE)
        came_ms = clock.true_ms
        await store.is_near(ada, 10 * MINUTE)
        went_ms = clock.true_ms - EVERY_MS
        shown_ms = await store.show(bo)
        await store.passes(NOW - clock.true_ms)
        assert clock.now().state == "unsynced"
        if teacher == "ntp":
            clock.discipline()
        store.uplink.connect()
        await store.carried()
        assert clock.now().state == "synced"
        (before,) = floor.visits(ada)
        assert is_about(before.session.start_ms, came_ms)
        assert is_about(before.session.end_ms, went_ms)
        (of_bo,) = floor.visits(bo)
        assert is_about(of_bo.session.start_ms, shown_ms)
        # After it the same person comes again, and that is dated by the clock itself.
        back_ms = clock.true_ms
        await store.is_near(ada, 5 * MINUTE)
        gone_ms = clock.true_ms - EVERY_MS
        await store.carried()
    last = max(floor.visits(ada), key=lambda visit: visit.session.end_ms)
    assert is_about(last.session.end_ms, gone_ms)
    assert last.session.start_ms in range(came_ms - NEAR_MS, back_ms + NEAR_MS)
    assert store.refused == []
    assert store.alarms == []


async def test_until_the_time_is_known_the_server_is_asked_one_thing_at_a_time(
    tmp_path: Path, floor: Floor
) -> None:
    """A pass whose time nobody knows cannot be checked: sent too early it would be refused for ever."""
    bo = floor.enrol("bo", 2)
    clock = LearningClock(boot=BOOT, wall_ms=20 * SECOND, true_ms=NOW)
    async with opened(tmp_path, floor, clock) as store:
        shown_ms = await store.show(bo)
        store.uplink.connect()
        await store.uplink.until(lambda: bool(store.uplink.published))
        for _ in range(3):
            await store.told()
        assert store.said() == [["stream_started"]]
        await store.carried()
        assert store.said()[1][0] == "clock_anchor"
    (visit,) = floor.visits(bo)
    assert is_about(visit.session.start_ms, shown_ms)
    assert store.refused == []


@pytest.mark.parametrize("travels_ms", [300, 2_000, 10_000])
async def test_answers_that_are_slow_tell_the_time_as_well_as_they_can(
    tmp_path: Path, floor: Floor, travels_ms: int
) -> None:
    """Nobody ever knows it to a quarter of a second: the anchor says so, and dates what was heard before."""
    ada, bo = floor.enrol("ada", 1), floor.enrol("bo", 2)
    clock = LearningClock(boot=BOOT, wall_ms=20 * SECOND, true_ms=NOW - HOUR)
    async with opened(tmp_path, floor, clock) as store:
        store.travels_ms = travels_ms
        came_ms = clock.true_ms
        await store.is_near(ada, 5 * MINUTE)
        went_ms = clock.true_ms - EVERY_MS
        shown_ms = await store.show(bo)
        await store.passes(10 * MINUTE)
        store.uplink.connect()
        await store.carried()
        assert clock.now().state == "holdover"
    (of_ada,) = floor.visits(ada)
    near_ms = NEAR_MS + travels_ms
    assert abs(of_ada.session.start_ms - came_ms) <= near_ms
    assert abs(of_ada.session.end_ms - went_ms) <= near_ms
    (of_bo,) = floor.visits(bo)
    assert abs(of_bo.session.start_ms - shown_ms) <= near_ms
    assert store.refused == []


async def test_an_answer_that_was_awaited_for_an_hour_tells_no_time_and_is_asked_for_again(
    tmp_path: Path, floor: Floor
) -> None:
    """The server was away, the broker was not: the first question waited there all the time."""
    ada, bo = floor.enrol("ada", 1), floor.enrol("bo", 2)
    clock = LearningClock(boot=BOOT, wall_ms=20 * SECOND, true_ms=NOW - 2 * HOUR)
    async with opened(tmp_path, floor, clock) as store:
        store.uplink.connect()
        await store.uplink.until(lambda: bool(store.uplink.published))
        came_ms = clock.true_ms
        await store.is_near(ada, 5 * MINUTE)
        went_ms = clock.true_ms - EVERY_MS
        shown_ms = await store.show(bo)
        await store.passes(HOUR)
        await store.carried()
        assert clock.now().state == "synced"
    (of_ada,) = floor.visits(ada)
    assert is_about(of_ada.session.start_ms, came_ms)
    assert is_about(of_ada.session.end_ms, went_ms)
    (of_bo,) = floor.visits(bo)
    assert is_about(of_bo.session.start_ms, shown_ms)
    assert store.refused == []
    assert store.alarms == []


@pytest.mark.parametrize("jump_ms", [-DAY, -10 * MINUTE, 10 * MINUTE, DAY])
async def test_a_clock_that_somebody_sets_moves_no_visit(
    tmp_path: Path, floor: Floor, jump_ms: int
) -> None:
    ada = floor.enrol("ada", 1)
    clock = LearningClock(boot=BOOT, wall_ms=NOW - HOUR, true_ms=NOW - HOUR)
    clock.discipline()
    async with opened(tmp_path, floor, clock) as store:
        store.uplink.connect()
        came_ms = clock.true_ms
        await store.is_near(ada, 5 * MINUTE)
        # As the kernel does it: who sets its clock ends its discipline.
        clock.jump(jump_ms)
        clock.lose_discipline()
        await store.is_near(ada, 5 * MINUTE)
        went_ms = clock.true_ms - EVERY_MS
        await store.passes(5 * MINUTE)
        await store.carried()
    (visit,) = floor.visits(ada)
    assert is_about(visit.session.start_ms, came_ms)
    assert is_about(visit.session.end_ms, went_ms)
    assert store.refused == []


async def test_a_machine_that_slept_has_not_forgotten_how_long(
    tmp_path: Path, floor: Floor
) -> None:
    """CLOCK_BOOTTIME counts through it: what was near before it has left, by its last sighting."""
    ada = floor.enrol("ada", 1)
    clock = LearningClock(boot=BOOT, wall_ms=20 * SECOND, true_ms=NOW - 4 * HOUR)
    async with opened(tmp_path, floor, clock) as store:
        came_ms = clock.true_ms
        await store.is_near(ada, 5 * MINUTE)
        went_ms = clock.true_ms - EVERY_MS
        await store.passes(3 * HOUR)
        clock.discipline()
        store.uplink.connect()
        await store.carried()
    (visit,) = floor.visits(ada)
    assert is_about(visit.session.start_ms, came_ms)
    assert is_about(visit.session.end_ms, went_ms)


async def test_a_new_boot_is_a_new_stream_and_no_key_is_used_twice(
    tmp_path: Path, floor: Floor
) -> None:
    ada, bo = floor.enrol("ada", 1), floor.enrol("bo", 2)
    before = LearningClock(boot=BOOT, wall_ms=NOW - 3 * HOUR, true_ms=NOW - 3 * HOUR)
    before.discipline()
    async with opened(tmp_path, floor, before) as store:
        came_ms = before.true_ms
        await store.is_near(ada, 5 * MINUTE)
        store.uplink.connect()
        await store.uplink.until(lambda: bool(store.uplink.published))  # nobody answers
    first = store.sent()
    # Power is back an hour later; the clock says less than it did, and boottime began anew.
    after = LearningClock(boot="b1" * 16, wall_ms=5 * SECOND, true_ms=NOW - HOUR)
    async with opened(tmp_path, floor, after, stream="6" * 32) as store:
        back_ms = after.true_ms
        await store.is_near(bo, 5 * MINUTE)
        after.discipline()
        store.uplink.connect()
        await store.carried()
    again = store.sent()
    assert {stream for stream, _, _ in first} == {STREAM}
    assert {stream for stream, _, _ in again} == {STREAM, "6" * 32}
    assert first <= again  # what nobody answered is sent again, word for word
    assert len({(stream, seq) for stream, seq, _ in again}) == len(again)
    assert store.alarms == []
    assert store.refused == []
    (of_ada,) = floor.visits(ada)
    assert is_about(of_ada.session.start_ms, came_ms)
    (of_bo,) = floor.visits(bo)
    assert is_about(of_bo.session.start_ms, back_ms)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(("hearing", "blind", "suspect")),
            st.integers(0, 90_000),
            st.integers(1, 60_000),
            st.integers(-KNOWN_MS, KNOWN_MS),
        ),
        min_size=1,
        max_size=12,
    ),
    st.randoms(use_true_random=False),
)
def test_no_deafness_is_lost_or_lasts_for_ever_because_a_clock_was_set(
    story: list[tuple[Hearing, int, int, int]], random: Random
) -> None:
    """The edge's words, mixed up on their way, and what the server makes of them."""
    wellbeing = Wellbeing(ScannerName("hci0"))
    marks: list[Mark] = []
    boottime_ms, last = 600_000, "hearing"
    for state, for_ms, later_ms, off_ms in story:
        wall_ms = NOW + boottime_ms + off_ms
        now = Clock(
            boot=BOOT,
            boottime_ms=boottime_ms,
            wall_ms=wall_ms,
            state="holdover",
            err_ms=KNOWN_MS,
        )
        told = wellbeing.feel(state, "why", for_ms, now)
        if told is not None:
            at_ms = Millis(told.since_ms)
            marks.append(Mark(EdgeId("pi"), "hci0", at_ms, told.state, told.reason))
            last = state
        boottime_ms += later_ms
    final_ms = marks[-1].at_ms
    random.shuffle(marks)
    spans = ear_of(marks).deaf
    assert all(to_ms is None or from_ms < to_ms for from_ms, to_ms in spans)
    assert any(span.covers(final_ms) for span in spans) == (last != "hearing")
    assert (bool(spans) and spans[-1].to_ms is None) == (last != "hearing")
