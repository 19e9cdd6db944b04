"""`shopbell-server seed`. Owns: what it is asked for, and what it prints."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from shopbell_program.commands import loading
from shopbell_server.config.reading import read_settings

if TYPE_CHECKING:
    import argparse

    from shopbell_program.commands import CommandLine


def add(line: CommandLine) -> None:
    """Add the command."""
    seed = line.add(
        "seed",
        "write stores, zones, edges, staff, profiles and API keys from a YAML file",
        "seed first-store.yaml --config server.toml",
    )
    seed.add_argument(
        "file",
        type=Path,
        metavar="FILE",
        help="as deploy/server/first-store.yaml shows; it may be sown again: what is there under the same id "
        "is replaced, nothing is removed",
    )


def perform(arguments: argparse.Namespace) -> None:
    """Write what the file says into the database, and say how much it was."""
    settings = read_settings(arguments.config)
    with loading():
        from shopbell_server import preparing, seed  # noqa: PLC0415  # as `run` says
    sown = preparing.plant(settings, seed.read_seed(arguments.file))
    print(
        f"{sown.stores} stores, {sown.edges} edges, {sown.staff} staff, {sown.profiles} profiles, "
        f"{sown.visits} past visits"
        + (f"; left out {sown.erased} profiles that were forgotten" if sown.erased else "")
    )
