from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopbell_edge.core.batching import (
    BatchLimits,
    Chosen,
    Unripe,
    Waiting,
    choose,
    group,
    is_scan,
    lane,
    urgent,
)
from shopbell_edge.core.telling import LASTED
from shopbell_edge.core.units import Boottime
from shopbell_wire.messages import Clock, ClockState, Event, StreamStarted
from tests.edge import events

BOOT = "b0" * 16
EARLIER_BOOT = "b1" * 16
LIMITS = BatchLimits()
NOW_MS = 1_000_000


def clock(
    at: int = NOW_MS, *, boot: str = BOOT, state: ClockState = "synced", offset: int = 10**12
) -> Clock:
    return Clock(boot=boot, boottime_ms=at, wall_ms=at + offset, state=state, err_ms=5)


def waiting(
    row: int,
    at: int = NOW_MS,
    *,
    hurry: bool = False,
    scan: bool = False,
    size_bytes: int = 200,
    of: Clock | None = None,
) -> Waiting:
    return Waiting(row=row, urgent=hurry, scan=scan, size_bytes=size_bytes, clock=of or clock(at))


def rows(chosen: Chosen | Unripe) -> tuple[int, ...]:
    assert isinstance(chosen, Chosen)
    return chosen.rows


@pytest.mark.parametrize(
    ("event", "at_once"),
    [
        (events.presence(phase="entered"), True),
        (events.presence(phase="left"), True),
        (events.presence(phase="present"), False),
        (events.presence(phase="present", reason=LASTED), True),
        (events.presence(phase="inactive"), False),
        (events.scan(), True),
        (events.health(), True),
        (StreamStarted(previous=None, previous_last_seq=None, software="1"), True),
    ],
)
def test_all_leave_at_once_but_a_phase_that_goes_on_unless_somebody_waits_for_it(
    event: Event, *, at_once: bool
) -> None:
    assert urgent(event) is at_once


def test_only_a_scan_is_a_scan() -> None:
    assert is_scan(events.scan())
    assert not is_scan(events.health())


def test_nothing_waiting_is_nothing_to_ask_for_again() -> None:
    assert choose([], "live", clock(), LIMITS) == Unripe(in_ms=None)


def test_present_waits_up_to_a_second_for_company() -> None:
    since = [waiting(1, NOW_MS - 400), waiting(2)]
    assert choose(since, "live", clock(), LIMITS) == Unripe(in_ms=600)
    assert rows(choose(since, "live", clock(NOW_MS + 600), LIMITS)) == (1, 2)


def test_an_urgent_event_takes_the_waiting_ones_along() -> None:
    assert rows(choose([waiting(1), waiting(2, hurry=True)], "live", clock(), LIMITS)) == (1, 2)


def test_two_hundred_events_go_at_once_and_no_more_than_that() -> None:
    many = [waiting(row) for row in range(201)]
    assert rows(choose(many, "live", clock(), LIMITS)) == tuple(range(200))
    assert rows(choose(many[:200], "live", clock(), LIMITS)) == tuple(range(200))
    assert isinstance(choose(many[:199], "live", clock(), LIMITS), Unripe)


def test_sixty_kibibytes_go_at_once_and_no_more_than_that() -> None:
    big = [waiting(row, size_bytes=20_479) for row in range(4)]
    assert rows(choose(big, "live", clock(), LIMITS)) == (0, 1, 2)
    assert isinstance(choose(big[:3], "live", clock(), LIMITS), Unripe)


def test_one_event_goes_however_big_it_is() -> None:
    assert rows(choose([waiting(1, size_bytes=10**6), waiting(2)], "live", clock(), LIMITS)) == (1,)


def test_a_batch_holds_one_boot() -> None:
    mixed = [waiting(1, of=clock(boot=EARLIER_BOOT)), waiting(2, hurry=True)]
    earlier = choose(mixed, "backlog", clock(), LIMITS)
    assert rows(earlier) == (1,)
    assert isinstance(earlier, Chosen)
    assert earlier.clock.boot == EARLIER_BOOT
    assert earlier.oldest is None
    assert rows(choose(mixed, "live", clock(), LIMITS)) == (2,)


def test_a_batch_holds_one_clock_state_and_is_dated_by_it() -> None:
    before = clock(NOW_MS - 50, state="holdover")
    mixed = [waiting(1, hurry=True, of=before), waiting(2, hurry=True)]
    first = choose(mixed, "live", clock(), LIMITS)
    assert rows(first) == (1,)
    assert isinstance(first, Chosen)
    assert first.clock == before


def test_what_has_a_date_goes_before_what_has_none() -> None:
    before = clock(NOW_MS - 50, state="unsynced")
    mixed = [waiting(1, hurry=True, of=before), waiting(2, hurry=True), waiting(3, hurry=True)]
    assert rows(choose(mixed, "live", clock(), LIMITS)) == (2, 3)
    assert rows(choose(mixed[:1], "live", clock(), LIMITS)) == (1,)


def test_a_batch_is_dated_when_it_is_sealed_if_the_clock_is_still_the_same() -> None:
    now = clock(NOW_MS + 700)
    chosen = choose([waiting(1, hurry=True)], "live", now, LIMITS)
    assert isinstance(chosen, Chosen)
    assert chosen.clock == now


def test_unsynced_clocks_of_two_processes_do_not_share_a_batch() -> None:
    one = clock(state="unsynced", offset=5)
    other = clock(state="unsynced", offset=6)
    assert group(one) != group(other)
    assert group(clock(offset=5)) == group(clock(offset=6))


def test_live_and_backlog_share_out_by_age() -> None:
    old, fresh = waiting(1, NOW_MS - 30_001), waiting(2, NOW_MS - 30_000)
    assert rows(choose([old, fresh], "backlog", clock(), LIMITS)) == (1,)
    assert rows(choose([old, fresh], "live", clock(), LIMITS)) == (2,)


def test_scans_can_be_had_alone() -> None:
    some = [waiting(1, hurry=True), waiting(2, hurry=True, scan=True)]
    chosen = choose(some, "scans", clock(), LIMITS)
    assert rows(chosen) == (2,)
    assert isinstance(chosen, Chosen)
    assert chosen.scans
    assert choose(some[:1], "scans", clock(), LIMITS) == Unripe(in_ms=None)


def test_the_first_batch_of_a_stream_takes_what_there_is() -> None:
    some = [waiting(0, NOW_MS - 90_000, hurry=True), waiting(1)]
    assert rows(choose(some, "any", clock(), LIMITS)) == (0, 1)


def test_what_an_earlier_boot_left_is_backlog() -> None:
    assert lane(None, Boottime(5), 30_000) == "backlog"
    assert lane(Boottime(5), Boottime(6), 30_000) == "live"


ANY_WAITING = st.lists(
    st.builds(
        lambda at, size, hurry, boot, state: waiting(
            0,
            hurry=hurry,
            size_bytes=size,
            of=clock(at, boot=boot, state=state),
        ),
        at=st.integers(0, NOW_MS),
        size=st.integers(1, 70_000),
        hurry=st.booleans(),
        boot=st.sampled_from([BOOT, EARLIER_BOOT]),
        state=st.sampled_from(["synced", "holdover", "unsynced"]),
    ),
    max_size=300,
)


def _numbered(some: list[Waiting]) -> list[Waiting]:
    return [
        Waiting(
            row=row,
            urgent=one.urgent,
            scan=one.scan,
            size_bytes=one.size_bytes,
            clock=one.clock,
        )
        for row, one in enumerate(some)
    ]


@given(ANY_WAITING)
def test_every_batch_keeps_the_limits_and_one_group(some: list[Waiting]) -> None:
    by_row = _numbered(some)
    for wanted in ("live", "backlog", "any"):
        chosen = choose(by_row, wanted, clock(), LIMITS)
        if isinstance(chosen, Unripe):
            continue
        batch = [by_row[row] for row in chosen.rows]
        assert 1 <= len(batch) <= 200
        size_bytes = sum(one.size_bytes for one in batch) + len(batch) - 1
        assert len(batch) == 1 or size_bytes <= LIMITS.payload_bytes
        assert {group(one.clock) for one in batch} == {group(chosen.clock)}
        assert list(chosen.rows) == sorted(set(chosen.rows))


@given(ANY_WAITING)
def test_asking_often_enough_takes_everything_exactly_once(some: list[Waiting]) -> None:
    left = _numbered(some)
    later = clock(NOW_MS + 1_000)
    taken: list[int] = []
    while left:
        live = choose(left, "live", later, LIMITS)
        chosen = live if isinstance(live, Chosen) else choose(left, "backlog", later, LIMITS)
        assert isinstance(chosen, Chosen)
        taken += chosen.rows
        left = [one for one in left if one.row not in chosen.rows]
    assert sorted(taken) == list(range(len(some)))
