"""Codes to spool: passes and loyalty numbers that somebody holds up.

Who holds up a code of ours is answered, and never that it is good before it is on disk.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, assert_never

from shopbell_edge.core.answering import Answer, Patience
from shopbell_edge.core.codes import LoyaltyNumber, PassCode, StalePass, UnknownCode, read
from shopbell_edge.tasks.answering import Answering
from shopbell_edge.tasks.feelings import Feelings
from shopbell_edge.tasks.keeping import keep
from shopbell_wire.messages import Scan

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from shopbell_edge.core.answering import Habits
    from shopbell_edge.core.codes import NumberRule
    from shopbell_edge.core.repeats import Repeats
    from shopbell_edge.core.tally import Tally
    from shopbell_edge.ports import Code, CodeReader, EdgeClock, Feedback, Spool
    from shopbell_edge.tasks.pulses import Pulses


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
        pulses: Pulses,
        tally: Tally,
        habits: Habits,
        feedback: Sequence[Feedback],
    ) -> None:
        self._reader = reader
        self._repeats = repeats
        self._numbers = numbers
        self._seal = seal
        self._spool = spool
        self._clock = clock
        self._pulses = pulses
        self._tally = tally
        self._patience = Patience(habits)
        self._answering = Answering(reader.scanner, feedback, tally)
        self._news = asyncio.Event()
        self._feelings = Feelings(reader.scanner, clock, tally, self._news.set)

    async def run(self) -> None:
        """Look until cancelled. A scan counts, here and for her, once it is safe on disk."""
        async with asyncio.TaskGroup() as tasks:
            beside = [
                tasks.create_task(self._tell(), name="tell"),
                tasks.create_task(self._answering.run(), name="answer"),
            ]
            async for code in self._reader.codes(self._feelings.feel):
                # Nobody holds anything up for hours; but a disk that hangs must not go unnoticed.
                with self._pulses.in_hand(self._reader.scanner):
                    await self._take(code)
            for task in beside:
                task.cancel()

    async def _tell(self) -> None:
        """Tell the server how the reader does."""
        while True:
            await self._news.wait()
            self._news.clear()
            await keep(self._spool, self._clock, self._feelings.take(), self._tally)

    async def _take(self, code: Code | UnknownCode) -> None:
        if isinstance(code, UnknownCode):
            self._refuse(code)
            return
        clock = self._clock.now()
        found = read(code.format, code.text, self._numbers, clock)
        match found:
            case UnknownCode() | StalePass():
                self._refuse(found)
            case PassCode() | LoyaltyNumber():
                if self._repeats.is_new(found, self._clock.boottime()):
                    await self._keep(found, self._scan(found, code.format, clock.wall_ms))
                else:
                    self._answer(self._patience.again())
            case _:
                assert_never(found)

    def _refuse(self, found: UnknownCode | StalePass) -> None:
        self._count("stale" if isinstance(found, StalePass) else found.why)
        self._answer(self._patience.refusal(found, self._clock.boottime()))

    async def _keep(self, found: PassCode | LoyaltyNumber, scan: Scan) -> None:
        self._count(scan.kind)
        if await keep(self._spool, self._clock, [scan], self._tally):
            self._answer(Answer.GOOD)
        else:
            self._repeats.forget(found)
            self._answer(Answer.NOT_GOOD)

    def _answer(self, answer: Answer | None) -> None:
        if answer is not None:
            self._answering.say(answer)

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
            format=found.symbology,  # not the decoder's word: UPC-A and EAN-13 are the same bars
            sealed=self._seal(found.number),
        )

    def _count(self, result: str) -> None:
        self._tally.codes[self._reader.scanner, result] += 1
