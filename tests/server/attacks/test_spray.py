"""Row 3: a hundred thousand made-up tokens at one door."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from shopbell_server.core.ids import Millis
from shopbell_server.core.recognition.spray import LEAST_TOKENS
from shopbell_wire.messages import Loss, Presence
from tests.fakes.server import MemoryDatabase
from tests.server.attacks.chance import at_most
from tests.server.usecases.floor import EDGES, MINUTE, NOW, SECOND, STORE, Floor, batch, synced
from tests.server.usecases.two_stores import guest, heard, shown_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shopbell_wire.messages import Event

A_SECOND = 200
"""Tokens: far beyond what a crowd of phones sends."""

BEGAN = NOW - 10 * MINUTE


def strangers(chance: random.Random, at_s: int) -> list[Event]:
    """Return that as many tokens began to be heard in one second."""
    first_ms = BEGAN + at_s * SECOND
    return [
        Presence(
            scanner="hci0",
            frame="ibeacon",
            token=f"{chance.getrandbits(32):08x}",
            phase="entered",
            first_ms=first_ms,
            last_ms=first_ms + SECOND,
            n=3,
            loss_db=Loss(median=14.0, p10=11.0, last=13.0),
            reason="3 in 10 s",
        )
        for _ in range(A_SECOND)
    ]


def sprayed(floor: Floor, seconds: range) -> Iterator[int]:
    """Spray second by second; yield how many tokens were taken for somebody until then."""
    chance = random.Random(seconds.start)
    taken_for = 0
    for at_s in seconds:
        now_ms = BEGAN + (at_s + 1) * SECOND
        message = batch(
            *strangers(chance, at_s), stream=f"{at_s:032x}", clock=synced(now_ms), edge=EDGES[0]
        )
        taken_for += floor.intake.take([message], Millis(now_ms)).events["recognised"]
        yield taken_for


@pytest.mark.parametrize("tokens", [20_000, pytest.param(100_000, marks=pytest.mark.faults)])
def test_of_so_many_random_tokens_next_to_none_is_anybody_and_hints_are_suspended(
    tokens: int,
) -> None:
    floor = Floor(MemoryDatabase())
    anna, *_ = people = [guest(floor, f"guest{number}", number) for number in range(1, 101)]
    heard(floor, anna, EDGES[0], until_ms=BEGAN - SECOND, frame="ibeacon")
    assert shown_in(floor, BEGAN) == {STORE}
    suspended_s, accepted = None, 0
    seconds = range(tokens // A_SECOND)
    for at_s, accepted in zip(seconds, sprayed(floor, seconds), strict=True):  # noqa: B007  (the last)
        if suspended_s is None and not shown_in(floor, BEGAN + (at_s + 1) * SECOND):
            suspended_s = at_s + 1
    assert suspended_s is not None
    assert suspended_s <= 60, "a channel that is sprayed is suspended within a minute"
    # The first seconds of a minute may mean two windows.
    expected = tokens * 2 * len(people) / 2**32
    print(f"{tokens} tokens, {expected:.2g} expected, {accepted} accepted, {suspended_s} s")  # noqa: T201  # pytest -s shows it
    assert accepted <= at_most(expected)


def test_a_slow_spray_is_suspended_as_soon_as_there_are_enough_to_judge_by() -> None:
    """At four a second that is 50 s; fewer mean nobody for hours (0.003 % of them at 100 000 phones)."""
    assert LEAST_TOKENS / 4 <= 60
