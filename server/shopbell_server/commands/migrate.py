"""`shopbell-server migrate`. Owns: what it is asked for, and what it prints."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from shopbell_program.commands import loading
from shopbell_server.config.reading import read_settings

if TYPE_CHECKING:
    import argparse

    from shopbell_program.commands import CommandLine


def add(line: CommandLine) -> None:
    """Add the command."""
    command = line.add(
        "migrate", "bring the tables of the database up to date", "migrate --config server.toml"
    )
    command.add_argument(
        "--create",
        action="store_true",
        help="there is no database yet: make its file (SQLite). Else a missing file is an error, for its "
        "disk may not be mounted",
    )
    command.add_argument(
        "--new-keys",
        action="store_true",
        help="the keys are lost for good: go on with those that [keys] names now, without the names, phones, "
        "passes and queued events that the others sealed",
    )


def perform(arguments: argparse.Namespace) -> None:
    """Bring the tables up to date, and say what they are now."""
    settings = read_settings(arguments.config)
    with loading():
        from shopbell_server import preparing  # noqa: PLC0415  # as `run` says
    revision = preparing.upgrade(settings, create=arguments.create, new_keys=arguments.new_keys)
    print(f"the database is at revision {revision}")
    for caution in preparing.cautions(settings):
        print(f"beware: {caution}", file=sys.stderr)
