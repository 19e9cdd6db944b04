"""`shopbell-server migrate`. Owns: what it is asked for, and what it prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shopbell_program.commands import loading
from shopbell_server.config.reading import read_settings

if TYPE_CHECKING:
    import argparse

    from shopbell_program.commands import CommandLine


def add(line: CommandLine) -> None:
    """Add the command."""
    line.add(
        "migrate", "bring the tables of the database up to date", "migrate --config server.toml"
    )


def perform(arguments: argparse.Namespace) -> None:
    """Bring the tables up to date, and say what they are now."""
    settings = read_settings(arguments.config)
    with loading():
        from shopbell_server import preparing  # noqa: PLC0415  # as `run` says
    print(f"the database is at revision {preparing.upgrade(settings)}")
