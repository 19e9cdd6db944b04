"""`shopbell-server erasures`. Owns: what it is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shopbell_program.commands import loading
from shopbell_server.config.reading import read_settings

if TYPE_CHECKING:
    import argparse

    from shopbell_program.commands import CommandLine


def add(line: CommandLine) -> None:
    """Add the command."""
    command = line.add(
        "erasures",
        "show who was forgotten, what sinks answered, and what is overdue",
        "erasures --json",
    )
    command.add_argument("--json", action="store_true", help="print JSON")


def perform(arguments: argparse.Namespace) -> int | None:
    """Show them; exit 1 if something is overdue."""
    settings = read_settings(arguments.config)
    with loading():
        from shopbell_server.operating import data_rights  # noqa: PLC0415  # as `run` says
    return data_rights.show(settings, arguments)
