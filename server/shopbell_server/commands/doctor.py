"""`shopbell-server doctor`. Owns: what it is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shopbell_program.commands import loading

if TYPE_CHECKING:
    import argparse

    from shopbell_program.commands import CommandLine


def add(line: CommandLine) -> None:
    """Add the command."""
    asked = line.add(
        "doctor",
        "say what is well and what is not, each with what to do; 1 if something does not work",
        "doctor --config server.toml",
    )
    asked.add_argument("--json", action="store_true", help="print JSON")


def perform(arguments: argparse.Namespace) -> int:
    """Examine the server; 1 if a check failed."""
    with loading():
        from shopbell_server.doctor import command  # noqa: PLC0415  # as `run` says
    return command.run(arguments.config, as_json=arguments.json)
