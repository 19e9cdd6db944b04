from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from shopbell_edge.core.obedience import EARLY_MS, Obeyed, Refusal, answered, refusal
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


def test_a_clock_that_nobody_has_set_obeys_nothing() -> None:
    assert why(order(), now=replace(NOW, state="unsynced")).startswith("this edge does not know")


def test_an_order_that_was_answered_is_not_answered_again_and_an_older_one_is_told() -> None:
    obeyed = answered(order(), Obeyed())
    assert refusal(order(), "acme", "door", obeyed, NOW) == Refusal(
        "number 5 is not above 5", known=True
    )
    assert refusal(order(number=4), "acme", "door", obeyed, NOW) == Refusal(
        "number 4 is not above 5"
    )


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
