"""`shopbell-server export`. Owns: what it is asked for."""

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
    command = line.add(
        "export",
        "write everything that is kept of a customer, for her",
        "export c-1042 --format csv --out c-1042.zip",
    )
    command.add_argument(
        "person", metavar="PERSON", help="an enrolment, or a profile: then all enrolments under it"
    )
    command.add_argument(
        "--format", choices=("json", "csv"), default="json", help="csv: a ZIP of CSV files"
    )
    command.add_argument(
        "--out", type=Path, help="write to this file, readable to you alone; else to the terminal"
    )


def perform(arguments: argparse.Namespace) -> None:
    """Write it."""
    settings = read_settings(arguments.config)
    with loading():
        from shopbell_server.operating import data_rights  # noqa: PLC0415  # as `run` says
    data_rights.take_along(settings, arguments)
