"""Checkpoints of the record in a file outside of the database.

Owns: its lines, one JSON object each, oldest first; that a line is on the disk when it is said to be kept.
Never: whether a line was signed by us (`core.audit.check`).
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

import msgspec

from shopbell_server.core.audit.chain import Checkpoint
from shopbell_server.core.ids import Millis

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path


class IllegibleError(ValueError):
    """A whole line of the file is no checkpoint: somebody changed it. The text says which line."""


class CheckpointFile:
    """`Checkpoints` in a file. One process appends; others may read meanwhile.

    A line that was cut off (the power failed while it was written) counts as not written. That tells an
    attacker nothing new: who may cut a line may remove it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def all(self) -> Iterator[Checkpoint]:
        """Yield what is kept, oldest first. Raises OSError, IllegibleError."""
        if self._path.exists():
            with self._path.open("rb") as lines:
                yield from read_lines(lines, f'"{self._path}"')

    def since(self, start: int) -> Iterator[tuple[Checkpoint, int]]:
        """Yield what is kept behind the byte `start`, each with the byte behind it.

        A line without an end is left for the next time: it is being written. Raises OSError,
        IllegibleError; of which line is not known.
        """
        if not self._path.exists():
            return
        with self._path.open("rb") as lines:
            lines.seek(start)
            for line in lines:
                start += len(line)
                text = line.strip()
                if line.endswith(b"\n") and text.endswith(b"}"):
                    yield (
                        _read(text, f'"{self._path}": before byte {start} is no checkpoint'),
                        start,
                    )

    def last(self) -> Checkpoint | None:
        """Return the newest. Raises OSError, IllegibleError."""
        return max(self.all(), key=_number, default=None)

    def before(self, at_ms: Millis) -> Checkpoint | None:
        """Return the newest of `at_ms` or earlier. Raises OSError, IllegibleError."""
        return max((each for each in self.all() if each.at_ms <= at_ms), key=_number, default=None)

    def append(self, checkpoint: Checkpoint) -> None:
        """Keep another one, for good when this returns. Raises OSError."""
        line = line_of(checkpoint)
        # One write at the end of the file: all that a file takes of which nothing may be changed or removed.
        file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            # A line break before it too: the line before it may have been cut off.
            os.write(file, b"\n" + line)
            os.fsync(file)
        finally:
            os.close(file)


def line_of(checkpoint: Checkpoint) -> bytes:
    """Return the line of a checkpoint, with its end: of the same one always the same bytes."""
    line = _Line(
        number=checkpoint.number,
        digest=checkpoint.digest.hex(),
        at_ms=checkpoint.at_ms,
        signature=checkpoint.signature.hex(),
    )
    return msgspec.json.encode(line) + b"\n"


def read_lines(lines: Iterable[bytes], where: str) -> Iterator[Checkpoint]:
    """Yield the checkpoints of lines. Raises IllegibleError, which names `where` and the line."""
    for number, line in enumerate(lines, start=1):
        text = line.strip()
        if text.endswith(b"}"):
            yield _read(text, f"{where}, line {number}: this is no checkpoint")


class _Line(msgspec.Struct, frozen=True, kw_only=True):
    number: int
    digest: str
    at_ms: int
    signature: str


_DECODER: Final = msgspec.json.Decoder(_Line)


def _number(checkpoint: Checkpoint) -> int:
    return checkpoint.number


def _read(text: bytes, problem: str) -> Checkpoint:
    try:
        line = _DECODER.decode(text)
        return Checkpoint(
            number=line.number,
            digest=bytes.fromhex(line.digest),
            at_ms=Millis(line.at_ms),
            signature=bytes.fromhex(line.signature),
        )
    except (msgspec.DecodeError, ValueError):
        raise IllegibleError(problem) from None
