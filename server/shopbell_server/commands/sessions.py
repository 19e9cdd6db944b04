"""`shopbell-server sessions …`. Owns: what it is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shopbell_program.commands import loading
from shopbell_server.config.reading import read_settings

if TYPE_CHECKING:
    import argparse

    from shopbell_program.commands import CommandLine


def add(line: CommandLine) -> None:
    """Add the command."""
    sessions = line.group(
        "sessions",
        "see who of the staff is signed in, and end it: a tablet was stolen, somebody left",
        "sessions list --config server.toml",
    )
    shown = sessions.add("list", "show who is signed in", "sessions list")
    shown.add_argument("--json", action="store_true", help="print JSON")
    ended = sessions.add(
        "revoke",
        "end a session, on every screen within seconds",
        "sessions revoke 3f9a0c51d2e77b04",
    )
    ended.add_argument("id", nargs="?", metavar="ID", help="as `sessions list` shows it")
    ended.add_argument("--staff", metavar="NAME", help="all sessions and links of somebody")


def perform(arguments: argparse.Namespace) -> None:
    """Show or end sessions."""
    settings = read_settings(arguments.config)
    with loading():
        from shopbell_server.operating import signed_in  # noqa: PLC0415  # as `run` says
    action = {"list": signed_in.show, "revoke": signed_in.end}
    action[arguments.action](settings, arguments)
