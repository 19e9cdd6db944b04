"""`shopbell-server survey …`. Owns: what it is asked for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from shopbell_program.commands import loading
from shopbell_server.config.reading import read_settings

if TYPE_CHECKING:
    import argparse

    from shopbell_program.commands import CommandLine


def add(line: CommandLine) -> None:
    """Add the command."""
    group = line.group(
        "survey",
        "walk over a floor with a phone, so that zones are found by what is heard there",
        "survey record ams01 --profile surveyor",
    )
    recorded = group.add(
        "record",
        "stand at points with an enrolled phone and say where; what was heard there becomes the survey",
        "survey record ams01 --level ground --profile surveyor",
    )
    _where(recorded)
    whose = recorded.add_mutually_exclusive_group(required=True)
    whose.add_argument("--profile", metavar="PROFILE", help="under which the one phone is enrolled")
    whose.add_argument("--person", metavar="ENROLMENT", help="as `identity show` lists it")
    recorded.add_argument(
        "--points",
        type=Path,
        metavar="FILE",
        help="x,y,z,from,to of a walk of the last day, instead of asking for points now",
    )
    recorded.add_argument(
        "--walk",
        type=Path,
        metavar="FILE",
        help="where points are kept until the survey has them (default: STORE-LEVEL.walk.csv)",
    )
    recorded.add_argument(
        "--instead",
        action="store_true",
        help="begin anew; default: add to the survey that is there",
    )
    recorded.add_argument("--out", type=Path, metavar="FILE", help="write the survey here too")

    checked = group.add(
        "check",
        "say where points are missing, who never heard, how wrong the map is; 1 if something is to mend",
        "survey check ams01 --level ground",
    )
    _where(checked)
    checked.add_argument(
        "--file", type=Path, metavar="FILE", help="check this survey, not that of the plan"
    )

    brought = group.add(
        "import", "let a file be the survey of a level", "survey import ams01 survey.csv"
    )
    brought.add_argument("store", metavar="STORE")
    brought.add_argument(
        "file", type=Path, metavar="FILE", help="x,y,z and a column EDGE/SCANNER for each receiver"
    )
    _level(brought)
    taken = group.add(
        "export", "write the survey of a level into a file", "survey export ams01 survey.csv"
    )
    taken.add_argument("store", metavar="STORE")
    taken.add_argument("file", type=Path, metavar="FILE")
    _level(taken)
    removed = group.add("delete", "throw the survey of a level away", "survey delete ams01")
    _where(removed)


def perform(arguments: argparse.Namespace) -> int | None:
    """Record, check, import, export or delete a survey."""
    settings = read_settings(arguments.config)
    with loading():
        from shopbell_server.operating import surveying  # noqa: PLC0415  # as `run` says
    action = {
        "record": surveying.record_walk,
        "check": surveying.check,
        "import": surveying.bring,
        "export": surveying.take_out,
        "delete": surveying.delete,
    }
    return action[arguments.action](settings, arguments)


def _where(command: argparse.ArgumentParser) -> None:
    command.add_argument("store", metavar="STORE")
    _level(command)


def _level(command: argparse.ArgumentParser) -> None:
    command.add_argument("--level", metavar="LEVEL", help="where the plan has several")
