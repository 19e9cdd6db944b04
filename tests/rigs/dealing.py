"""In what order modules are dealt to the workers of a run: those that wait between those that compute."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

WAITING: Final = (
    "tests/e2e/test_real_kernel",
    "tests/e2e/",
    "tests/sim/load/",
    "tests/sim/test_",
    "tests/faults/",
    "tests/deploy/",
    "tests/edge/",
)
"""How the names begin of modules that wait for programs more than they compute, the longest first: the
virtual machine boots for half a minute, and its modules go to one worker."""

BY_THEN: Final = 0.8
"""The part of the modules after which none that waits is dealt: at the end many short ones are left,
and no worker waits alone."""


def dealt(modules: Sequence[str]) -> list[str]:
    """Return all of `modules`, those that wait spread over the others, each kind in a fixed order."""
    waiting = sorted((each for each in modules if _place(each) < len(WAITING)), key=_place)
    computing = [each for each in modules if _place(each) == len(WAITING)]
    when = {each: BY_THEN * number / len(waiting) for number, each in enumerate(waiting)}
    when |= {each: number / len(computing) for number, each in enumerate(computing)}
    return sorted([*waiting, *computing], key=when.__getitem__)


def _place(module: str) -> int:
    found = (number for number, start in enumerate(WAITING) if module.startswith(start))
    return next(found, len(WAITING))
