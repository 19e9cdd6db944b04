from __future__ import annotations

from shopbell_edge.core.listening import Listening
from shopbell_edge.core.units import Boottime


def test_it_runs_like_boottime() -> None:
    listening = Listening()
    assert listening.at(Boottime(500)) - listening.at(Boottime(100)) == 400


def test_it_stands_still_while_blind() -> None:
    listening = Listening()
    states = [listening.is_blind]
    listening.stop(1_000)
    states.append(listening.is_blind)
    assert listening.at(Boottime(9_000)) == 1_000
    listening.go_on(Boottime(9_000))
    states.append(listening.is_blind)
    assert listening.at(Boottime(9_500)) == 1_500
    assert states == [False, True, False]


def test_what_is_said_twice_counts_once() -> None:
    listening = Listening()
    listening.stop(1_000)
    listening.stop(2_000)
    listening.go_on(Boottime(3_000))
    listening.go_on(Boottime(8_000))
    assert listening.at(Boottime(8_000)) == 6_000


def test_a_blindness_that_ends_before_it_began_took_no_time() -> None:
    listening = Listening()
    listening.stop(5_000)
    listening.go_on(Boottime(4_000))
    assert listening.at(Boottime(6_000)) == 6_000
