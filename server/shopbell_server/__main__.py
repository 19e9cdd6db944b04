"""`shopbell-server`: the server and what goes with it.

Owns: which commands there are, in the order in which `--help` shows them.
Never: what a command needs: that is loaded when it runs, all of it takes a second.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final, Protocol

from shopbell_program.commands import CommandLine, run
from shopbell_server.commands import (
    audit,
    check_config,
    doctor,
    documents,
    edge,
    erasures,
    export,
    forget,
    identity,
    keys,
    migrate,
    seed,
    sessions,
    sinks,
    survey,
)
from shopbell_server.commands import run as serve
from shopbell_server.commands.explaining import told

if TYPE_CHECKING:
    import argparse


class Command(Protocol):
    """A module of `commands`: one command, or a group of them."""

    def add(self, line: CommandLine) -> None:
        """Add its name, its options and its help to `line`."""

    def perform(self, arguments: argparse.Namespace) -> int | None:
        """Do it, and return the exit code if it is not 0. What an operator can mend, `explaining` words."""


COMMANDS: Final[dict[str, Command]] = {
    "run": serve,
    "migrate": migrate,
    "check-config": check_config,
    "doctor": doctor,
    "seed": seed,
    "survey": survey,
    "documents": documents,
    "edge": edge,
    "audit": audit,
    "keys": keys,
    "identity": identity,
    "sessions": sessions,
    "sinks": sinks,
    "export": export,
    "forget": forget,
    "erasures": erasures,
}
"""By the name that the command gives itself."""


def main() -> None:
    """Run the command line."""
    sys.exit(run(_command))


def _command() -> int | None:
    line = CommandLine(
        "shopbell-server",
        "Join store visits to the online profile, under consent; show staff, tell the CDP.",
        "run --config server.toml",
    )
    for each in COMMANDS.values():
        each.add(line)
    arguments = line.parse()
    with told(arguments):
        return COMMANDS[arguments.command].perform(arguments)


if __name__ == "__main__":
    main()
