"""Answers as lines of the log, for whoever looks there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import structlog

from shopbell_edge.core.answering import Answer

if TYPE_CHECKING:
    from shopbell_edge.core.units import ScannerName

log = structlog.get_logger()

_EVENTS: Final = {
    Answer.GOOD: "scan_kept",
    Answer.NOT_GOOD: "scan_refused",
    Answer.REFRESH: "please_refresh",
}


class Journal:
    """A Feedback that writes which scanner answered what: not a word of the code."""

    def __init__(self, scanner: ScannerName) -> None:
        self._scanner = scanner

    async def give(self, answer: Answer) -> bool:
        """Write one line."""
        log.info(_EVENTS[answer], scanner=self._scanner)
        return True
