"""`shopbell-server edge …`. Owns: what it is asked for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from shopbell_program.commands import at_least_one, loading
from shopbell_server.config.reading import read_settings

if TYPE_CHECKING:
    import argparse

    from shopbell_program.commands import CommandLine


def add(line: CommandLine) -> None:
    """Add the command."""
    edge = line.group(
        "edge", "see how edges do, set them and order them about", "edge list --config server.toml"
    )
    shown = edge.add("list", "show how every edge does", "edge list")
    shown.add_argument("--json", action="store_true", help="print JSON")
    sent = edge.add(
        "configure",
        "send settings that go before those of the edge's own file",
        "edge configure ams01-door door.toml --wait 90",
    )
    sent.add_argument("edge", metavar="EDGE", help=_AS_LISTED)
    sent.add_argument(
        "file",
        type=Path,
        metavar="FILE.toml",
        help="tables of edge.toml, all that it is to have; an empty file gives the edge its own back",
    )
    sent.add_argument(
        "--expires",
        default="365d",
        metavar="TIME",
        help="an edge that hears of them later does not take them: 90s, 5m, 12h … (default: 365d)",
    )
    _order_arguments(sent)
    told = edge.add(
        "command", "have an edge do something now", "edge command ams01-door identify --wait 10"
    )
    told.add_argument("edge", metavar="EDGE", help=_AS_LISTED)
    told.add_argument(
        "what",
        choices=("restart-scanner", "diagnostics", "identify", "rotate-identity"),
        help="begin a scanner anew; what its doctor finds; blink or beep, to be found; "
        "speak as a new one, after its card was cloned",
    )
    told.add_argument("scanner", nargs="?", metavar="NAME", help="which scanner to begin anew")
    told.add_argument(
        "--for",
        dest="seconds",
        default="60",
        metavar="TIME",
        help="how long to blink: 60, 90s, 5m … (default: 60)",
    )
    _order_arguments(told)
    asked = edge.add(
        "orders", "show what an edge was ordered, and what became of it", "edge orders ams01-door"
    )
    asked.add_argument("edge", metavar="EDGE", help=_AS_LISTED)
    asked.add_argument(
        "--most", type=at_least_one, default=20, help="the latest so many (default: 20)"
    )
    asked.add_argument("--json", action="store_true", help="print JSON")
    made = edge.add(
        "new-key", "make the key that orders are signed with", "edge new-key /etc/shopbell"
    )
    made.add_argument(
        "folder", type=Path, metavar="DIR", help="orders.key and orders.pub are written into it"
    )


_AS_LISTED: Final = "its name, as `edge list` shows it"


def perform(arguments: argparse.Namespace) -> int | None:
    """Do what was asked of edges; 1 if one did not do it."""
    if arguments.action == "new-key":
        # Without settings: whoever signs orders may do so on another machine.
        from shopbell_server.operating import ordering  # noqa: PLC0415  # as `run` says

        ordering.new_key(arguments.folder)
        return None
    settings = read_settings(arguments.config)
    with loading():
        from shopbell_server.operating import fleet, ordering  # noqa: PLC0415  # as `run` says
    action = {
        "list": fleet.list_edges,
        "configure": ordering.configure,
        "command": ordering.command,
        "orders": ordering.orders,
    }[arguments.action]
    return action(settings, arguments)


def _order_arguments(order: argparse.ArgumentParser) -> None:
    order.add_argument("--by", metavar="NAME", help="who orders it (default: you)")
    order.add_argument(
        "--wait",
        type=float,
        metavar="SECONDS",
        help="wait so long for the edge's answer; 1 if it is not `done`",
    )
    order.add_argument("--json", action="store_true", help="print JSON")
