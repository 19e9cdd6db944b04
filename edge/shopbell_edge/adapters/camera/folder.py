"""Image files that appear in a folder, each looked at once.

Owns: noticing them, and what becomes of a file that is read.
Never: writes into the folder, but for taking away what it was told to consume.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Final

import structlog

from shopbell_edge.adapters.camera.decoding import in_still
from shopbell_edge.adapters.camera.stills import UnreadableImageError, load
from shopbell_edge.ports import Health

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable
    from pathlib import Path

    from shopbell_edge.ports import Code

log = structlog.get_logger()

LOOK_S: Final = 0.05
"""Between two looks at the folder: nothing against the second in which a pass shall be on the board."""

SUFFIXES: Final = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp"})

MOST_REMEMBERED: Final = 10_000
"""Names of files that stay: more than that, and those looked at first are looked at again."""


class Folder:
    """The images in `path`. Whoever puts one there renames it into place when it is complete."""

    def __init__(self, path: Path, *, consume: bool) -> None:
        self._path = path
        self._consume = consume
        self._seen: dict[tuple[str, int], None] = {}

    def look(
        self,
        stop: threading.Event,
        found: Callable[[Code], None],
        health: Callable[[Health], None],
    ) -> None:
        """Look at new files until `stop`; a folder that is not there is waited for."""
        there: bool | None = None
        while not stop.is_set():
            new = self._new()
            if (new is not None) is not there:
                there = new is not None
                health(
                    Health(state="hearing", reason="folder_opened")
                    if there
                    else Health(state="blind", reason="no_folder")
                )
            for file in new or ():
                self._read(file, found)
            stop.wait(LOOK_S)

    def _new(self) -> list[Path] | None:
        """Return files not seen before, oldest first; None if there is no such folder."""
        try:
            files = [
                file
                for file in self._path.iterdir()
                if file.suffix.lower() in SUFFIXES and not file.name.startswith(".")
            ]
        except (FileNotFoundError, NotADirectoryError):
            return None
        new = sorted(
            (at, file)
            for file in files
            if (at := _changed_ns(file)) is not None and (file.name, at) not in self._seen
        )
        for at, file in new:
            self._seen[file.name, at] = None
            if len(self._seen) > MOST_REMEMBERED:
                del self._seen[next(iter(self._seen))]
        return [file for _, file in new]

    def _read(self, file: Path, found: Callable[[Code], None]) -> None:
        try:
            codes = in_still(load(file))
        except UnreadableImageError as error:
            # Set aside, not deleted: somebody meant something by it.
            log.warning("image_unreadable", reason=error.reason)
            if self._consume:
                with contextlib.suppress(FileNotFoundError):  # somebody else has taken it away
                    file.rename(file.with_suffix(".unreadable"))
            return
        for code in codes:
            found(code)
        if self._consume:
            file.unlink(missing_ok=True)


def _changed_ns(file: Path) -> int | None:
    """Return when `file` was changed last; None if it went between two looks, or is a link to nothing."""
    try:
        return file.stat().st_mtime_ns
    except OSError:
        return None
