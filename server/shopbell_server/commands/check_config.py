"""`shopbell-server check-config`. Owns: what it is asked for, and what it prints."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from shopbell_server.config.processes import cautions_of_run
from shopbell_server.config.reading import open_secrets, read_settings
from shopbell_server.config.responsible import blanks
from shopbell_server.config.run import is_whole

if TYPE_CHECKING:
    import argparse

    from shopbell_program.commands import CommandLine


def add(line: CommandLine) -> None:
    """Add the command."""
    line.add("check-config", "say all that is wrong with the settings", "check-config")


def perform(arguments: argparse.Namespace) -> None:
    """Say what is wrong, what others may read, and what the papers would lack."""
    settings = read_settings(arguments.config)
    for each in open_secrets(settings):
        print(f"beware: {each}", file=sys.stderr)
    for caution in cautions_of_run(settings):
        print(f"beware: {caution}", file=sys.stderr)
    sinks = [sink.name for sink in settings.sinks]
    told = ", ".join(sinks) or "none"
    does = "" if is_whole(settings.run) else f", roles: {', '.join(settings.run.roles)}"
    print(f"{arguments.config} is right: tenant {settings.tenant}, sinks: {told}{does}")
    lacking = ", ".join(blanks(settings.privacy, sinks))
    if lacking:
        print(f"the papers (`shopbell-server documents`) would lack: {lacking}")
