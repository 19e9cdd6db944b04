"""Characters of a handheld scanner become lines, one per code, or reasons why they are none.

Owns: which characters may stand in a line, what ends it, how long it may be, what silence means.
Never: what a line says (`core.codes`), or a clock: whoever listens says when `GAP_S` passed in silence.
"""

from __future__ import annotations

from typing import Final

from shopbell_edge.core.codes import MOST_CHARACTERS, UnknownCode, Why

GAP_S: Final = 2.0
"""Silence within a line after which the rest does not come. The slowest scanner sends a character every
10 ms (1200 baud); one that pauses for 2 s was unplugged, or reads another code."""

_ENDS: Final = "\r\n"
"""Either ends a line, both together end it once."""

TORN: Final = "\ufffd"
"""Stands for what was lost on the way: the line that it is in is not whole. No scanner sends it, for a byte
makes a character below 256."""

_FIRST, _LAST = " ", "~"
"""Printable ASCII. What steers a terminal (Ctrl-C, ESC, FNC as GS) or looks like a digit and is none spoils
the line: a code that carries it wants something of the machine behind the scanner."""


class ScannedLine:
    """The line that a scanner is at. Holds at most 512 characters, whatever comes."""

    __slots__ = ("_characters", "_cut", "_why")

    def __init__(self) -> None:
        self._characters: list[str] = []
        self._why: Why | None = None
        self._cut = False

    @property
    def begun(self) -> bool:
        """Whether something waits for its end, so that silence means something."""
        return bool(self._characters) or self._why is not None

    def take(self, characters: str) -> list[str | UnknownCode]:
        """Return the lines that `characters` complete, in order; for a spoilt one the reason.

        Empty lines are none. After a line that silence cut, everything up to the next end is refused as
        well (`Why.CUT`): it may be the rest of that line, and the rest of a number is another number.
        """
        complete: list[str | UnknownCode] = []
        for character in characters:
            if character in _ENDS:
                if self.begun:
                    complete.append(self._whole())
                self._forget(cut=False)
            elif self._why is None:
                self._why = self._flaw(character)
                if self._why is None:
                    self._characters.append(character)
                else:
                    self._characters.clear()
        return complete

    def silence(self) -> UnknownCode | None:
        """Give up the line, because nothing came for GAP_S or will come any more; None if none was begun."""
        if not self.begun:
            return None
        why = self._why or Why.CUT
        self._forget(cut=True)
        return UnknownCode(why=why)

    def _flaw(self, character: str) -> Why | None:
        if self._cut or character == TORN:
            return Why.CUT
        if not _FIRST <= character <= _LAST:
            return Why.CHARSET
        return Why.TOO_LONG if len(self._characters) == MOST_CHARACTERS else None

    def _whole(self) -> str | UnknownCode:
        if self._why is not None:
            return UnknownCode(why=self._why)
        return "".join(self._characters)

    def _forget(self, *, cut: bool) -> None:
        self._characters.clear()
        self._why = None
        self._cut = cut
