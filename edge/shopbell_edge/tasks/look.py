"""Codes to spool: passes and loyalty numbers that somebody holds up."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, assert_never

import structlog

from shopbell_edge.core.codes import LoyaltyNumber, PassCode, StalePass, UnknownCode, read
from shopbell_edge.tasks.feelings import Feelings
from shopbell_edge.tasks.keeping import keep
from shopbell_wire.messages import Scan

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from shopbell_edge.core.codes import NumberRule
    from shopbell_edge.core.repeats import Repeats
    from shopbell_edge.core.tally import Tally
    from shopbell_edge.ports import Code, CodeReader, EdgeClock, Spool

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
        self._news = asyncio.Event()
        self._feelings = Feelings(reader.scanner, clock, tally, self._news.set)

    async def run(self) -> None:
        """Look until cancelled. A scan counts, here and for her, once it is safe on disk."""
        async with asyncio.TaskGroup() as tasks:
            telling = tasks.create_task(self._tell(), name="tell")
            async for code in self._reader.codes(self._feelings.feel):
                await self._take(code)
            telling.cancel()

    async def _tell(self) -> None:
        """Tell the server how the reader does."""
        while True:
            await self._news.wait()
            self._news.clear()
            await keep(self._spool, self._clock, self._feelings.take(), self._tally)

    async def _take(self, code: Code) -> None:
        clock = self._clock.now()
        found = read(code.format, code.text, self._numbers, clock)
        match found:
            case UnknownCode():
                self._count(found.why)
            case StalePass():
                self._count("stale")
                log.info("please_refresh", scanner=self._reader.scanner, age_s=found.age_s)
            case PassCode() | LoyaltyNumber():
                if self._repeats.is_new(found, self._clock.boottime()):
                    await self._keep(found, code.format, clock.wall_ms)
            case _:
                assert_never(found)

    async def _keep(self, found: PassCode | LoyaltyNumber, symbology: str, at_ms: int) -> None:
        scan = self._scan(found, symbology, at_ms)
        self._count(scan.kind)
        if await keep(self._spool, self._clock, [scan], self._tally):
            log.info("scan_kept", scanner=self._reader.scanner, kind=scan.kind)
        else:
            self._repeats.forget(found)

    def _scan(self, found: PassCode | LoyaltyNumber, symbology: str, at_ms: int) -> Scan:
        scanner = self._reader.scanner
        if isinstance(found, PassCode):
            return Scan(
                scanner=scanner, at_ms=at_ms, kind="pass", format=symbology, text=found.text
            )
        return Scan(
            scanner=scanner,
            at_ms=at_ms,
            kind="number",
            format=symbology,
            sealed=self._seal(found.number),
        )

    def _count(self, result: str) -> None:
        self._tally.codes[self._reader.scanner, result] += 1
