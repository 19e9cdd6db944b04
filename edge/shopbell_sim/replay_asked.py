"""What `shopbell-sim replay` is asked for, whatever kind of site it replays.

Owns: the options, and the folder of estimates.
Never: recordings, or estimates.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from shopbell_program.commands import CommandError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

REGIMES: Final = ("unsurveyed", "surveyed", "unsurveyed-thinned", "surveyed-thinned")


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """What was asked for on the command line; no regimes: all that the folder has files for."""

    folder: Path
    out: Path
    regimes: tuple[str, ...] = ()
    receivers: str = "all"
    """`all`, `pi` (those that the site of a floor calls so), or names with commas."""

    smoothed: bool = False


def named_receivers(asked: str, known: Iterable[str]) -> list[str]:
    """Return `known`, or those that were asked for by name, which may be unknown."""
    return list(known) if asked == "all" else list(dict.fromkeys(asked.split(",")))


def make_folder(out: Path) -> None:
    """Make the folder of estimates if it is not there."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CommandError(f"{out}: {error.strerror}; name another folder with --out") from error
