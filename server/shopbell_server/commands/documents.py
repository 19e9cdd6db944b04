"""`shopbell-server documents`. Owns: what it is asked for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from shopbell_program.commands import loading
from shopbell_server.config.reading import read_settings
from shopbell_server.core.language import DOCUMENT_LANGUAGES

if TYPE_CHECKING:
    import argparse

    from shopbell_program.commands import CommandLine


def add(line: CommandLine) -> None:
    """Add the command."""
    made = line.add(
        "documents",
        "write door sign, DPIA, record of processing and statement of sensing, as it is set up here",
        "documents --edges edges/ --out papers --config server.toml",
    )
    made.add_argument(
        "--out", type=Path, default=Path("papers"), metavar="DIR", help="where to (default: papers)"
    )
    made.add_argument(
        "--language", choices=DOCUMENT_LANGUAGES, help="one of them only (default: both)"
    )
    made.add_argument(
        "--edges",
        type=Path,
        metavar="DIR",
        help="a folder with the edge.toml of every edge, by any name that ends in .toml",
    )


def perform(arguments: argparse.Namespace) -> None:
    """Write the papers, and say where they are."""
    settings = read_settings(arguments.config)
    with loading():
        from shopbell_server.operating import documents  # noqa: PLC0415  # as `run` says
    documents.documents(settings, arguments)
