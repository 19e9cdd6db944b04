"""`shopbell-server identity …`. Owns: what it is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shopbell_program.commands import loading
from shopbell_server.config.reading import read_settings
from shopbell_server.core.identity.history import REASONS

if TYPE_CHECKING:
    import argparse

    from shopbell_program.commands import CommandLine


def add(line: CommandLine) -> None:
    """Add the command."""
    group = line.group(
        "identity",
        "see what profiles are made of; merge, split and undo; take identifiers away",
        "identity show P-1042 --config server.toml",
    )
    shown = group.add("show", "show a profile and its history", "identity show P-1042")
    shown.add_argument("profile", metavar="PROFILE", help=_PROFILE)
    shown.add_argument("--json", action="store_true", help="print JSON")

    found = group.add(
        "find",
        "show which profiles have an identifier",
        "identity find loyalty_number 2912345678901",
    )
    _value(found)

    merged = group.add(
        "merge",
        "make OTHER part of PROFILE",
        "identity merge P-1042 P-2077 --as household --reason household",
    )
    merged.add_argument("profile", metavar="PROFILE", help=_PROFILE)
    merged.add_argument("other", metavar="OTHER", help="the one that becomes part of it")
    merged.add_argument(
        "--as",
        dest="joined_as",
        choices=("one_person", "household"),
        required=True,
        help="one_person: all their phones are one human's; household: several share a card",
    )
    _reason(merged)

    split = group.add(
        "split",
        "undo a merge or split, or take phones and identifiers out into a new profile",
        "identity split P-1042 --undo 01a20015-7ef1-763f-a2bd-a8baa1a334ca --reason mistake",
    )
    split.add_argument("profile", metavar="PROFILE", help=_PROFILE)
    split.add_argument("--undo", metavar="ENTRY", help="as `identity show` lists it")
    for what in ("enrolment", "identifier"):
        split.add_argument(
            f"--{what}",
            metavar="ID",
            action="append",
            default=[],
            help=f"an {what} to take out, as `identity show` lists it; may be repeated",
        )
    split.add_argument(
        "--new", metavar="PROFILE", help="the id of the new profile (default: one is made)"
    )
    _reason(split)

    taken = group.add(
        "unlink",
        "take identifiers from a profile for good, and forget what they are",
        "identity unlink P-1042 01a20014-0000-7000-8000-000000000001",
    )
    taken.add_argument("profile", metavar="PROFILE", help=_PROFILE)
    taken.add_argument("identifier", metavar="ID", nargs="+", help="as `identity show` lists it")

    blocked = group.add(
        "block",
        "let a value be nobody's, such as a till's own number, and take it from all who have it",
        "identity block loyalty_number 2900000000001",
    )
    _value(blocked)
    freed = group.add(
        "unblock",
        "let a blocked value be somebody's again",
        "identity unblock loyalty_number 2900000000001",
    )
    _value(freed)


_PROFILE: Final = "your id of the customer"


def perform(arguments: argparse.Namespace) -> None:
    """Show or change profiles."""
    settings = read_settings(arguments.config)
    with loading():
        from shopbell_server.operating import profile_desk  # noqa: PLC0415  # as `run` says
    action = {
        "show": profile_desk.show,
        "find": profile_desk.find,
        "merge": profile_desk.merge_profiles,
        "split": profile_desk.split_profile,
        "unlink": profile_desk.unlink_identifiers,
        "block": profile_desk.block_value,
        "unblock": profile_desk.unblock_value,
    }
    action[arguments.action](settings, arguments)


def _value(command: argparse.ArgumentParser) -> None:
    command.add_argument("kind", metavar="KIND", help="loyalty_number, crm, email_sha256 …")
    command.add_argument(
        "value",
        metavar="VALUE",
        nargs="?",
        help="exactly; without it, it is read from standard input, which no shell remembers",
    )


def _reason(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--reason", choices=REASONS, required=True, help="for the history and the audit"
    )
