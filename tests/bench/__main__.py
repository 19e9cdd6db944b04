"""`python -m tests.bench [--long] [NAME …]`: measure, and write RESULTS.md.

Each bench runs in a process of its own, one after the other, so that none has the other's memory,
threads or caches. With names only those are run and shown, and RESULTS.md stays as it is: it holds one
run of all of them, on one machine, in one state of the tree.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import signal
import subprocess
import sys
import tempfile
import time
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol, cast

import msgspec
import pytest
import structlog

from tests.bench import machine
from tests.bench.report import Report, markdown

if TYPE_CHECKING:
    from collections.abc import Sequence

RESULTS: Final = Path(__file__).with_name("RESULTS.md")

BENCHES: Final = (
    "advert",
    "hearing",
    "memory",
    "publish",
    "ingest",
    "workers",
    "chain",
    "pass_to_board",
    "fanout",
    "tokens",
    "issue",
    "withdrawal",
    "camera",
    "zones",
    "zone_buildings",
    "zone_reports",
    "saturday",
)
"""In this order; each is a module here with TITLE, MEASURES and `measure`."""

LIMIT_S: Final = 300
"""A bench takes a minute at the most; on a machine that does other things too, longer."""

LONG_LIMIT_S: Final = 3_600
END_S: Final = 60


class Bench(Protocol):
    """What a module of BENCHES has."""

    TITLE: str
    MEASURES: str

    async def measure(self, *, long: bool) -> Report:
        """Measure; `long` with the whole numbers of the budgets, which take minutes."""
        ...


def main() -> int:
    arguments = _arguments()
    if arguments.into is not None:
        report = asyncio.run(_measured(arguments.names[0], long=arguments.long))
        arguments.into.write_bytes(msgspec.json.encode(report))
        return 0
    load_before, taken_before = machine.load(), machine.taken()
    reports = [_in_a_process(name, long=arguments.long) for name in arguments.names or BENCHES]
    if not arguments.names:
        RESULTS.write_text("\n".join(_document(reports, load_before, taken_before)))
        _say(f"written: {RESULTS.name}")
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", choices=[[], *BENCHES])
    parser.add_argument("--long", action="store_true", help="the whole numbers of the budgets")
    parser.add_argument("--into", type=Path, help=argparse.SUPPRESS)  # how a child hands back
    return parser.parse_args()


def _in_a_process(name: str, *, long: bool) -> Report:
    bench = _bench(name)
    _say(f"{name} …")
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="shopbell-bench-") as folder:
        into = Path(folder, "report.json")
        command = [sys.executable, "-m", "tests.bench", name, "--into", str(into)]
        with subprocess.Popen([*command, *(["--long"] if long else [])]) as process:
            try:
                code = process.wait(LONG_LIMIT_S if long else LIMIT_S)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGINT)  # so that it ends what it has started
                process.wait(END_S)
                code = -1
        if code == 0:
            report = msgspec.json.decode(into.read_bytes(), type=Report)
        else:
            why = "took too long" if code < 0 else "failed"
            report = Report(title=bench.TITLE, measures=bench.MEASURES, skipped=f"it {why}")
    _say("\n".join(markdown(report)))
    _say(f"{name}: {time.monotonic() - began:.0f} s\n")
    return report


async def _measured(name: str, *, long: bool) -> Report:
    """Measure in this process; what is missing for it is said in the report."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    bench = _bench(name)
    try:
        return await bench.measure(long=long)
    except pytest.skip.Exception as missing:
        return Report(title=bench.TITLE, measures=bench.MEASURES, skipped=str(missing))


def _bench(name: str) -> Bench:
    return cast("Bench", import_module(f"tests.bench.{name}"))


def _document(
    reports: Sequence[Report], load_before: str, taken_before: machine.Taken
) -> list[str]:
    verdicts = [verdict for report in reports for verdict in report.verdicts]
    reached = sum(verdict.reached for verdict in verdicts)
    return [
        "# Results",
        "",
        "Written by `make bench`; do not edit. Every bench runs in a process of its own; what is compared",
        "was measured in turns (A B A B) in the same run. Ratios and medians count, absolute numbers are",
        "for orientation: the machine did other things meanwhile (see its load).",
        "",
        *machine.described(load_before, taken_before),
        "",
        f"**{reached} of {len(verdicts)} budgets reached.**",
        "",
        *(line for report in reports for line in markdown(report)),
    ]


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201  to whoever waits


if __name__ == "__main__":
    sys.exit(main())
