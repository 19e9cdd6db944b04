from __future__ import annotations

import asyncio

from shopbell_edge.core.answering import Answer
from shopbell_edge.core.tally import Tally
from shopbell_edge.core.units import ScannerName
from shopbell_edge.tasks.answering import Answering
from tests.edge.tasks.running import running, settle
from tests.fakes.feedback import FakeFeedback
from tests.rigs.waiting import until


class SlowFeedback(FakeFeedback):
    """Takes until `over` is set for each answer."""

    def __init__(self) -> None:
        super().__init__()
        self.over = asyncio.Event()

    async def give(self, answer: Answer) -> bool:
        await super().give(answer)
        await self.over.wait()
        return True


def answering(*ways: FakeFeedback) -> Answering:
    return Answering(ScannerName("gun"), ways, Tally())


async def test_every_way_gives_every_answer() -> None:
    log, lamp = FakeFeedback(), FakeFeedback()
    task = answering(log, lamp)
    async with running(task.run()):
        for answer in (Answer.GOOD, Answer.GOOD, Answer.REFRESH):
            task.say(answer)
            await settle()
    assert log.given == lamp.given == [Answer.GOOD, Answer.GOOD, Answer.REFRESH]


async def test_a_lamp_that_is_slow_keeps_nobody_waiting_and_shows_the_newest_next() -> None:
    log, lamp = FakeFeedback(), SlowFeedback()
    task = answering(log, lamp)
    async with running(task.run()):
        for answer in (Answer.GOOD, Answer.REFRESH, Answer.NOT_GOOD):
            task.say(answer)
            await settle()
        assert log.given == [Answer.GOOD, Answer.REFRESH, Answer.NOT_GOOD]
        assert lamp.given == [Answer.GOOD]
        lamp.over.set()
        await until("shown", lambda: lamp.given == [Answer.GOOD, Answer.NOT_GOOD])


async def test_an_answer_that_is_said_before_anybody_gives_answers_is_given() -> None:
    log = FakeFeedback()
    task = answering(log)
    task.say(Answer.GOOD)
    async with running(task.run()):
        await until("given", lambda: log.given == [Answer.GOOD])
