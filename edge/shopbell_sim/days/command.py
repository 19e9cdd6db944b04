"""`shopbell-sim day`, and `run` of a day, on the command line.

Owns: their options. What they need is loaded when they run.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from shopbell_program.commands import UsageError, loading

if TYPE_CHECKING:
    import argparse

    Commands = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001  # it has no public name

NAMES = "saturday, small-shop, department-store, power-cut"

MINUTES = 1440.0
"""Of a day."""

SHORTEST_MIN = 0.01
"""Less than a second shows nothing."""


def add(commands: Commands) -> None:
    """Add `day`."""
    text = "a whole day of a shop in minutes, without edges or a server"
    one = commands.add_parser(
        "day",
        help=text,
        description=f"Simulate {text}: write what each scanner hears, what is true, what Shopbell sees, and "
        "a picture of it.",
        epilog="example: shopbell-sim day small-shop --out small-shop-day",
    )
    one.add_argument("scenario", metavar="NAME|FILE", help=f"{NAMES}, or a TOML file")
    one.add_argument("--out", type=Path, required=True, metavar="DIR", help="a new folder")
    one.add_argument(
        "--follow", metavar="WHO", help="whose way the picture shows (default: who tells most)"
    )
    one.add_argument(
        "--all-zones",
        action="store_true",
        help="find zones of everybody, not of those alone who are on the picture (some 1.5 s a visit)",
    )


def add_to_run(run: argparse.ArgumentParser) -> None:
    """Add what `run` needs to play a day to edges that run already."""
    days = run.add_argument_group("a day (NAME, or a file that names a site)")
    days.add_argument("--server", metavar="URL", help="where people enrol")
    days.add_argument("--api-key-file", type=Path, metavar="FILE", help="for that")
    days.add_argument(
        "--radios", type=Path, metavar="DIR", help="the sockets of the edges' radios: SCANNER.sock"
    )
    days.add_argument(
        "--from-min", type=float, default=0.0, metavar="M", help="after opening (default: 0)"
    )
    days.add_argument(
        "--minutes", type=float, metavar="M", help="stop after so long (default: the whole day)"
    )


def perform(arguments: argparse.Namespace) -> None:
    """Carry `day` out."""
    with loading():
        from shopbell_sim.days import simulated  # noqa: PLC0415  # as said above
    simulated.main(
        simulated.Asked(
            scenario=arguments.scenario,
            out=arguments.out,
            follow=arguments.follow,
            all_zones=arguments.all_zones,
        )
    )


def perform_run(arguments: argparse.Namespace) -> bool:
    """Carry `run` out if it is of a day; return whether it was."""
    with loading():
        from shopbell_sim.adapters import day_file  # noqa: PLC0415  # as said above
    path = day_file.path_of(arguments.scenario)
    if not day_file.is_day(path):
        return False
    for option in ("server", "api_key_file", "radios"):
        if getattr(arguments, option) is None:
            raise UsageError(f"--{option.replace('_', '-')} is needed to run a day")
    for option, least in (("from_min", 0.0), ("minutes", SHORTEST_MIN)):
        value = getattr(arguments, option)
        if value is not None and not least <= value <= MINUTES:
            raise UsageError(
                f"--{option.replace('_', '-')} {value:g}: write {least:g} to {MINUTES:g}"
            )
    with loading():
        from shopbell_sim.days import live  # noqa: PLC0415  # as said above
    live.main(
        live.Asked(
            path=path,
            truth=arguments.truth,
            server=arguments.server,
            api_key_file=arguments.api_key_file,
            radios=arguments.radios,
            from_s=arguments.from_min * 60,
            for_s=None if arguments.minutes is None else arguments.minutes * 60,
        )
    )
    return True
