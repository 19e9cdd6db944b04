"""`shopbell-server sinks …`. Owns: what it is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from shopbell_program.commands import loading
from shopbell_server.config.reading import read_settings
from shopbell_server.usecases.delivery.dead_letters import Reason

if TYPE_CHECKING:
    import argparse

    from shopbell_program.commands import CommandLine


def add(line: CommandLine) -> None:
    """Add the command."""
    sinks = line.group(
        "sinks",
        "see what waits for the CDP and what it did not take; send that again",
        "sinks list --config server.toml",
    )
    shown = sinks.add("list", "show how every sink does", "sinks list")
    shown.add_argument("--json", action="store_true", help="print JSON")
    dead = sinks.add("dead", "show what was given up, without anybody's data", "sinks dead cdp")
    dead.add_argument("sink", metavar="SINK", help=_AS_LISTED)
    dead.add_argument("--json", action="store_true", help="print JSON")
    again = sinks.add(
        "replay", "send dead letters again, where it is still allowed", "sinks replay cdp --all"
    )
    again.add_argument("sink", metavar="SINK", help=_AS_LISTED)
    again.add_argument("id", nargs="?", metavar="ID", help="one, as `sinks dead` shows it")
    again.add_argument("--all", action="store_true", help="all of the sink")
    gone = sinks.add(
        "discard", "throw a dead letter away, for good", "sinks discard cdp ID --reason never_taken"
    )
    gone.add_argument("sink", metavar="SINK", help=_AS_LISTED)
    gone.add_argument("id", metavar="ID", help="as `sinks dead` shows it")
    gone.add_argument(
        "--reason", required=True, choices=get_args(Reason), help="why; it is in the audit"
    )


_AS_LISTED = "its name, as `sinks list` shows it"


def perform(arguments: argparse.Namespace) -> None:
    """Show sinks, or see to their dead letters."""
    settings = read_settings(arguments.config)
    with loading():
        from shopbell_server.operating import sink_desk  # noqa: PLC0415  # as `run` says
    action = {
        "list": sink_desk.show,
        "dead": sink_desk.show_dead,
        "replay": sink_desk.send_again,
        "discard": sink_desk.throw_away,
    }
    action[arguments.action](settings, arguments)
