"""`shopbell-server forget`. Owns: what it is asked for."""

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
        "forget",
        "erase a customer for good: rows, keys, and at whoever was told of her",
        "forget c-1042 --yes",
    )
    command.add_argument(
        "person",
        nargs="?",
        metavar="PERSON",
        help="an enrolment, or a profile: then all enrolments under it",
    )
    command.add_argument(
        "--unreadable",
        action="store_true",
        help="instead: everybody whose key was destroyed, after a backup of the database was restored",
    )
    command.add_argument("--yes", action="store_true", help="do it without asking again")


def perform(arguments: argparse.Namespace) -> None:
    """Erase her."""
    settings = read_settings(arguments.config)
    with loading():
        from shopbell_server.operating import data_rights  # noqa: PLC0415  # as `run` says
    data_rights.forget(settings, arguments)
