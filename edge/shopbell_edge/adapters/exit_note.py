"""When a process of this boot ended because a radio could not be made to hear.

Owns: a line beside the spool.
Never: whether the next one may end so (`core.restraint`).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from shopbell_edge.core.units import Boottime

if TYPE_CHECKING:
    from pathlib import Path

    from shopbell_wire.messages import Clock

_LINE: Final = re.compile(r"([0-9a-f]{32}) (\d{1,15})\n", re.ASCII)
_MOST: Final = 64


class ExitNote:
    """At `path`. It says boot and boottime, for wall time may be wrong, and a new boot is a new try."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self, clock: Clock) -> Boottime | None:
        """Return when it was, in this boot; None if never, or if that cannot be read."""
        try:
            with self._path.open(encoding="ascii", errors="replace") as file:
                said = _LINE.fullmatch(file.read(_MOST))
        except OSError:
            return None
        return Boottime(int(said[2])) if said is not None and said[1] == clock.boot else None

    def write(self, clock: Clock) -> None:
        """Note that it is now. OSError if the disk takes nothing.

        Not synced: a power cut is a new boot, for which it says nothing.
        """
        part = self._path.with_name(f"{self._path.name}.part")
        part.write_text(f"{clock.boot} {clock.boottime_ms}\n", encoding="ascii")
        part.replace(self._path)
