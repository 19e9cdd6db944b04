"""`python -m tests.bench.capacity`: measure what a store costs; write it into server/CAPACITY.md.

Only what is between the marks of that page is written; the text around it is for people to change.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from shopbell_sim.core.load_crowd import Size
from tests.bench import machine
from tests.bench.capacity_run import measured
from tests.bench.capacity_text import written

if TYPE_CHECKING:
    from tests.bench.capacity_run import Run
    from tests.bench.capacity_site import Kind

PAGE: Final = Path(__file__).parents[2] / "server" / "CAPACITY.md"
BEGIN: Final = "<!-- measured: `make capacity` writes what follows -->"
END: Final = "<!-- end of what is measured -->"

FEW: Final = Size(stores=5, edges=5, customers=50, heard_by=3, speed=1.0)
MANY: Final = Size(stores=30, edges=5, customers=50, heard_by=3, speed=1.0)
FAST: Final = Size(stores=4, edges=5, customers=50, heard_by=3, speed=20.0)
"""Whole visits, of a minute each: as many reports and rows as those of twenty minutes."""

PATIENT: Final = "[gathering]\nwait_ms = 250\n"
"""Half of the time in which a pass has to be on the board; the standard waits for 20 ms."""

RUNS: Final[tuple[tuple[str, Kind, Size, float, str], ...]] = (
    ("visits, SQLite", "SQLite, embedded broker", FAST, 100.0, ""),
    ("visits, PostgreSQL", "PostgreSQL, Mosquitto", FAST, 100.0, ""),
    ("few, SQLite", "SQLite, embedded broker", FEW, 70.0, ""),
    ("few, PostgreSQL", "PostgreSQL, Mosquitto", FEW, 70.0, ""),
    ("many, SQLite", "SQLite, embedded broker", MANY, 80.0, ""),
    ("many, PostgreSQL", "PostgreSQL, Mosquitto", MANY, 80.0, ""),
    ("patient, PostgreSQL", "PostgreSQL, Mosquitto", MANY, 80.0, PATIENT),
)
"""Name, what it runs on, how large, for how many seconds, and settings of the server beside the standard.

Ten minutes of load, one after the other, and some ten seconds for each to start. None is in the first minute
of a quarter of an hour: two minutes more, at the most."""


def main() -> int:
    """Measure all, then write."""
    if _around() is None:
        _say(f"{PAGE} lacks its marks: {BEGIN} and {END}")
        return 1
    load, taken = machine.load(), machine.taken()
    runs: dict[str, Run] = {}
    for name, kind, size, duration_s, settings in RUNS:
        _say(f"{name} …")
        runs[name] = measured(kind, size, duration_s, settings)
        _say(f"{name}: {runs[name].summary}")
    lines = [*written(runs), "", *machine.described(load, taken)]
    around = _around()  # once more: somebody may have written there for twelve minutes
    assert around is not None, "the marks are gone"
    head, tail = around
    PAGE.write_text(f"{head}{BEGIN}\n\n" + "\n".join(lines) + f"\n\n{END}{tail}")
    _say(f"written: {PAGE.name}")
    return 0


def _around() -> tuple[str, str] | None:
    """Return what stands before and after the marks; None where they are not there."""
    head, begin, rest = PAGE.read_text().partition(BEGIN)
    _, end, tail = rest.partition(END)
    return (head, tail) if begin and end else None


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201  to whoever waits


if __name__ == "__main__":
    sys.exit(main())
