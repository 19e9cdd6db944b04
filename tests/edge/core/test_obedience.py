from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from shopbell_edge.core.obedience import (
    COMPLAINTS,
    COMPLAINTS_MS,
    EARLY_MS,
    Complaints,
    Obeyed,
    Refusal,
    answered,
    complaint,
    refusal,
)
from shopbell_edge.core.units import Boottime
from shopbell_wire.messages import Clock
from shopbell_wire.orders import COMMAND_MOST_MS, Configure, Identify, Order, Task

NOON_MS = 1_795_262_400_000
NOW = Clock(boot="b" * 32, boottime_ms=1, wall_ms=NOON_MS, state="synced", err_ms=20)


def order(task: Task | None = None, **changes: Any) -> Order:
    plain: dict[str, Any] = {
        "tenant": "acme",
        "edge": "door",
        "number": 5,
        "issued_ms": NOON_MS,
        "expires_ms": NOON_MS + COMMAND_MOST_MS,
        "task": task or Identify(),
    }
    return Order(**(plain | changes))


def why(given_order: Order, obeyed: Obeyed | None = None, now: Clock = NOW) -> str:
    found = refusal(given_order, "acme", "door", obeyed or Obeyed(), now)
    return "" if found is None else found.reason


def test_a_fresh_order_for_this_edge_is_obeyed() -> None:
    assert refusal(order(), "acme", "door", Obeyed(command=4, config=9), NOW) is None


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"edge": "till"}, "is for another edge"),
        ({"tenant": "other"}, "is for another edge"),
        ({"expires_ms": NOON_MS - 21}, "has expired"),
        (
            {"issued_ms": NOON_MS + EARLY_MS + 21},
            "is of the future: one of the two clocks is wrong",
        ),
        (
            {"expires_ms": NOON_MS + COMMAND_MOST_MS + 1},
            "lives longer than 5 minutes, which none may",
        ),
    ],
)
def test_an_order_that_is_not_for_here_and_now_is_refused(
    changes: dict[str, Any], reason: str
) -> None:
    assert why(order(**changes)) == reason


@pytest.mark.parametrize(
    "changes", [{"expires_ms": NOON_MS - 20}, {"issued_ms": NOON_MS + EARLY_MS + 20}]
)
def test_the_doubt_of_the_clock_is_the_order_s(changes: dict[str, Any]) -> None:
    assert why(order(Configure(settings={}), **changes)) == ""


def test_a_document_of_settings_may_live_for_years() -> None:
    assert why(order(Configure(settings={}), expires_ms=2 * NOON_MS)) == ""


def test_a_clock_that_nobody_has_set_lets_an_order_wait() -> None:
    found = refusal(order(), "acme", "door", Obeyed(), replace(NOW, state="unsynced"))
    assert found == Refusal("this edge does not know the time yet", "early")


def test_an_order_that_was_answered_is_known_and_an_older_one_is_somebodys_copy() -> None:
    obeyed = answered(order(), Obeyed())
    assert refusal(order(), "acme", "door", obeyed, NOW) == Refusal(
        "number 5 is not above 5", "known"
    )
    assert refusal(order(number=4), "acme", "door", obeyed, NOW) == Refusal(
        "number 4 is not above 5", "stray"
    )


def test_the_number_of_another_edge_s_order_means_nothing_here() -> None:
    """Else whoever has the broker could use up our numbers with those of a busier edge."""
    found = refusal(order(edge="till", number=99), "acme", "door", Obeyed(), NOW)
    assert found == Refusal("is for another edge", "stray")


def test_orders_that_do_not_count_are_answered_once_each_and_not_for_ever() -> None:
    told = Complaints()
    for number in range(COMPLAINTS):
        after = complaint(told, "command", number, Boottime(number))
        assert after is not None
        told = after
        assert complaint(told, "command", number, Boottime(number)) is None
    assert complaint(told, "config", 1, Boottime(9)) is None
    later = Boottime(COMPLAINTS_MS)
    assert complaint(told, "command", 3, later) is None
    after = complaint(told, "config", 1, later)
    assert after is not None
    assert len(after.told) == COMPLAINTS + 1


@given(st.lists(st.integers(0, 10**9), min_size=5 * COMPLAINTS, max_size=60, unique=True))
def test_what_is_remembered_of_a_flood_is_bounded(numbers: list[int]) -> None:
    told = Complaints()
    for step, number in enumerate(numbers):
        told = complaint(told, "config", number, Boottime(step * COMPLAINTS_MS)) or told
    assert len(told.told) == 4 * COMPLAINTS


numbers = st.integers(1, 20)
tasks = st.sampled_from([Identify(), Configure(settings={})])


@given(st.lists(st.tuples(numbers, tasks)))
def test_of_each_kind_numbers_only_rise_and_none_is_obeyed_twice(
    sent: list[tuple[int, Task]],
) -> None:
    obeyed = Obeyed()
    done: dict[type, list[int]] = {Identify: [], Configure: []}
    for number, task in sent:
        one = order(task, number=number)
        if refusal(one, "acme", "door", obeyed, NOW) is None:
            done[type(task)].append(number)
        obeyed = answered(one, obeyed)
    for numbers_done in done.values():
        assert numbers_done == sorted(set(numbers_done))
