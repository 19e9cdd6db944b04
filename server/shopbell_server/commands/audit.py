"""`shopbell-server audit …`. Owns: what it is asked for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from shopbell_program.commands import at_least_one, loading
from shopbell_server.config.reading import read_settings
from shopbell_server.core.language import DOCUMENT_LANGUAGES

if TYPE_CHECKING:
    import argparse

    from shopbell_program.commands import CommandLine


def add(line: CommandLine) -> None:
    """Add the command."""
    audit = line.group(
        "audit", "see who looked and who did what, and that nobody changed it", "audit verify"
    )
    verify = audit.add(
        "verify",
        "hold the record against its checkpoints; 1 if anything was changed",
        "audit verify --config server.toml",
    )
    verify.add_argument(
        "--checkpoints",
        action="append",
        default=[],
        metavar="FILE|URL",
        help="checkpoints beside the file of the settings: of another server, or what the receiver "
        "kept (a copy of its file, or the address audit.checkpoint_url); may be repeated",
    )
    verify.add_argument(
        "--public-key",
        type=Path,
        metavar="FILE",
        help="what checkpoints are verified with (64 hexadecimal digits), for who has no signing key",
    )
    verify.add_argument("--json", action="store_true", help="print JSON")
    shown = audit.add("list", "show the newest records", "audit list --most 20")
    shown.add_argument("--most", type=at_least_one, default=20, help="so many (default: 20)")
    shown.add_argument(
        "--from",
        dest="start",
        type=int,
        metavar="NUMBER",
        help="those from this record on, in place of the newest",
    )
    shown.add_argument("--json", action="store_true", help="print JSON")
    report = audit.add(
        "report",
        "write which looks of a week somebody should ask about, for the auditor",
        "audit report --week 2026-W47",
    )
    report.add_argument(
        "--week",
        metavar="WEEK",
        help="year and week, by ISO 8601 (default: the newest that is over)",
    )
    report.add_argument(
        "--out", type=Path, metavar="DIR", help="where to (default: the folder of [audit.report])"
    )
    report.add_argument(
        "--language", choices=DOCUMENT_LANGUAGES, help="one of them only (default: both)"
    )
    report.add_argument("--json", action="store_true", help="print JSON, and write nothing")
    audit.add(
        "begin-file",
        "let audit.checkpoint_file be the one that counts, where the one before is lost",
        "audit begin-file --config server.toml",
    )
    audit.add("public-key", "print what checkpoints are verified with", "audit public-key")


def perform(arguments: argparse.Namespace) -> int | None:
    """Do what was asked of the record; 1 if it was tampered with."""
    settings = read_settings(arguments.config)
    if arguments.action == "report":
        with loading():
            from shopbell_server.operating import reporting  # noqa: PLC0415  # as `run` says
        reporting.report(settings, arguments)
        return None
    with loading():
        from shopbell_server.operating import auditing  # noqa: PLC0415  # as `run` says
    action = {
        "verify": auditing.verify,
        "list": auditing.show,
        "public-key": auditing.public_key,
        "begin-file": auditing.begin,
    }[arguments.action]
    return action(settings, arguments)
