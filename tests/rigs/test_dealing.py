from __future__ import annotations

from itertools import pairwise
from pathlib import Path

from tests.rigs.dealing import WAITING, dealt

ROOT = Path(__file__).parents[2]

MODULES = [
    *(f"tests/server/db/test_{number}.py" for number in range(20)),
    *(f"tests/e2e/test_{number}.py" for number in range(8)),
    "tests/e2e/test_real_kernel_away.py",
    "tests/edge/test_config.py",
]


def test_all_are_dealt_once() -> None:
    assert sorted(dealt(MODULES)) == sorted(MODULES)
    assert dealt([]) == []
    assert dealt(MODULES[:20]) == MODULES[:20]


def test_the_longest_wait_begins_first_and_none_is_last() -> None:
    order = dealt(MODULES)
    assert order[0] == "tests/e2e/test_real_kernel_away.py"
    assert all("server" in each for each in order[-4:])


def test_two_that_wait_are_apart_where_there_is_enough_to_compute() -> None:
    waits = ["server" not in each for each in dealt(MODULES)]
    assert not any(one and other for one, other in pairwise(waits))


def test_what_is_said_to_wait_is_there() -> None:
    names = [str(each.relative_to(ROOT)) for each in (ROOT / "tests").rglob("test_*.py")]
    for start in WAITING:
        assert any(each.startswith(start) for each in names), start
