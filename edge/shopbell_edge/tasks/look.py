"""Codes to spool: passes and loyalty numbers that somebody holds up."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

import structlog

from shopbell_edge.core.codes import LoyaltyNumber, PassCode, StalePass, UnknownCode, read
from shopbell_edge.tasks.listen import keep
from shopbell_wire.messages import Scan

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from shopbell_edge.core.codes import NumberRule
    from shopbell_edge.core.repeats import Repeats
    from shopbell_edge.core.tally import Tally
    from shopbell_edge.ports import Code, CodeReader, EdgeClock, Health, Spool

log = structlog.get_logger()


class Looking:
    """One reader of codes. Run it once."""

    def __init__(  # noqa: PLR0913  (what it works with, each by name)
        self,
        *,
        reader: CodeReader,
        repeats: Repeats,
        numbers: Sequence[NumberRule],
        seal: Callable[[str], str],
        spool: Spool,
        clock: EdgeClock,
        tally: Tally,
    ) -> None:
        self._reader = reader
        self._repeats = repeats
        self._numbers = numbers
        self._seal = seal
        self._spool = spool
        self._clock = clock
        self._tally = tally

    async def run(self) -> None:
        """Look until cancelled. A scan counts, here and for her, once it is safe on disk."""
        async for code in self._reader.codes(self._feels):
            scan = self._judge(code)
            if scan is not None and await keep(self._spool, self._clock, [scan], self._tally):
                log.info("scan_kept", scanner=self._reader.scanner, kind=scan.kind)

    def _judge(self, code: Code) -> Scan | None:
        """Return what to tell the server of `code`; None if it is none of its business, or again the same."""
        clock = self._clock.now()
        found = read(code.format, code.text, self._numbers, clock)
        match found:
            case UnknownCode():
                self._count(found.why)
                return None
            case StalePass():
                self._count("stale")
                log.info("please_refresh", scanner=self._reader.scanner, age_s=found.age_s)
                return None
            case PassCode() | LoyaltyNumber():
                if not self._repeats.is_new(found, self._clock.boottime()):
                    return None
            case _:
                assert_never(found)
        self._count("pass" if isinstance(found, PassCode) else "number")
        if isinstance(found, PassCode):
            return Scan(
                scanner=self._reader.scanner,
                at_ms=clock.wall_ms,
                kind="pass",
                format=code.format,
                text=found.text,
            )
        return Scan(
            scanner=self._reader.scanner,
            at_ms=clock.wall_ms,
            kind="number",
            format=code.format,
            sealed=self._seal(found.number),
        )

    def _feels(self, health: Health) -> None:
        scanner = self._reader.scanner
        log.info("scanner_health", scanner=scanner, state=health.state, reason=health.reason)
        self._tally.hearing[scanner] = (health.state, health.reason)

    def _count(self, result: str) -> None:
        self._tally.codes[self._reader.scanner, result] += 1
