"""`shopbell-server keys …`. Owns: what it is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shopbell_program.commands import loading
from shopbell_server.config.reading import read_settings

if TYPE_CHECKING:
    import argparse

    from shopbell_program.commands import CommandLine


def add(line: CommandLine) -> None:
    """Add the command."""
    keys = line.group(
        "keys",
        "make, see and revoke the API keys of other systems",
        "keys list --config server.toml",
    )
    made = keys.add(
        "create", "make a key and print it, this once", "keys create webshop --kind app"
    )
    made.add_argument("name", metavar="NAME", help="whose it is; several keys may have one name")
    made.add_argument(
        "--kind",
        choices=("app", "till", "reader", "channel", "browser", "operator"),
        required=True,
        help="app: asks for tickets with which phones enrol; till: sends receipts; "
        "reader: reads who is here, visits and profiles, and changes nothing; "
        "channel: a server of another channel says what it knows of customers; "
        "browser: stands in a webshop's pages, and says nothing of anybody by name; "
        "operator: reads, merges and splits profiles",
    )
    shown = keys.add("list", "show which keys there are, and when each was last used", "keys list")
    shown.add_argument("--json", action="store_true", help="print JSON")
    ended = keys.add("revoke", "let a key open nothing from now on", "keys revoke 3f9a0c51d2e7")
    ended.add_argument("id", metavar="ID", help="as `keys list` shows it")


def perform(arguments: argparse.Namespace) -> None:
    """Make, show or revoke keys."""
    settings = read_settings(arguments.config)
    with loading():
        from shopbell_server.operating import keyring  # noqa: PLC0415  # as `run` says
    action = {"create": keyring.create, "list": keyring.show, "revoke": keyring.end}
    action[arguments.action](settings, arguments)
