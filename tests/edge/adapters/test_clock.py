from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from shopbell_edge.adapters.clock import SystemClock, kernel_discipline, system_clock
from shopbell_edge.core.units import Boottime

if TYPE_CHECKING:
    from shopbell_wire.messages import Clock


def spin(clock: SystemClock, ms: int) -> Clock:
    """Return the clock's time once `ms` of boottime have passed."""
    begin = clock.boottime()
    while clock.boottime() < begin + ms:
        pass
    return clock.now()


def test_a_system_clock_is_what_somebody_vouches_for() -> None:
    now = system_clock("system", err_ms=40).now()
    assert (now.state, now.err_ms) == ("synced", 40)
    assert len(now.boot) == 32
    assert int(now.boot, 16)


def test_boottime_goes_on_and_wall_time_with_it() -> None:
    clock = system_clock("system", err_ms=40)
    before = clock.now()
    after = spin(clock, 5)
    assert after.boottime_ms >= before.boottime_ms + 5
    assert after.boot == before.boot


def test_the_kernel_is_asked_and_its_answer_is_plausible() -> None:
    disciplined, err_ms = kernel_discipline()
    assert disciplined in {True, False}
    assert err_ms >= 0
    assert system_clock("ntp", err_ms=0).now().state in {"synced", "holdover", "unsynced"}


def test_discipline_is_asked_once_a_second_not_for_every_event() -> None:
    answers = iter([(False, 16_000), (True, 9)])
    clock = SystemClock(lambda: next(answers))
    first = clock.now()
    assert first.state == "unsynced"
    offset_ms = first.wall_ms - first.boottime_ms
    again = clock.now()
    assert again.wall_ms - again.boottime_ms == offset_ms
    later = spin(clock, 1_000)
    assert (later.state, later.err_ms) == ("synced", 9)
    with pytest.raises(StopIteration):
        next(answers)


def test_the_server_is_believed_where_nobody_disciplines_the_clock() -> None:
    clock = SystemClock(lambda: (False, 16_000))
    at = clock.boottime()
    clock.learn(Boottime(at - 40), at, 1_795_262_400_000)
    now = clock.now()
    assert (now.state, now.wall_ms - now.boottime_ms) == ("synced", 1_795_262_400_000 - at + 20)
    assert 20 <= now.err_ms <= 21


def test_a_dispute_is_said_once_and_when_it_is_over() -> None:
    clock = SystemClock(lambda: (True, 10))
    at = clock.boottime()
    with capture_logs() as logs:
        clock.learn(at, at, 1_000)
        states = [clock.now().state, clock.now().state]
        clock.learn(at, at, clock.now().wall_ms)
        states.append(clock.now().state)
    assert states == ["holdover", "holdover", "synced"]
    assert [line["event"] for line in logs] == ["clock_disputed", "clock_agreed"]
