from __future__ import annotations

import asyncio

import pytest

from shopbell_edge.ports import RadioLostError
from shopbell_edge.tasks.attending import Attended
from tests.edge.tasks.running import running
from tests.rigs.waiting import until


class Work:
    """Counts its lives; each lasts until it is told to end, or to fail."""

    def __init__(self) -> None:
        self.lives = 0
        self.ended = 0
        self.over = asyncio.Event()
        self.fails = False

    async def run(self) -> None:
        self.lives += 1
        try:
            await self.over.wait()
        finally:
            self.ended += 1
        if self.fails:
            raise RadioLostError("gone for good")


async def test_what_is_begun_anew_was_ended_before() -> None:
    work = Work()
    attended = Attended(work.run)
    async with running(attended.run()):
        await until("it runs", lambda: work.lives == 1)
        for life in (2, 3):
            assert await attended.restart()
            await until("it runs again", lambda life=life: work.lives == life)  # type: ignore[misc]  # bound
            assert work.ended == life - 1
    assert work.ended == 3


async def test_what_fails_fails_as_if_nobody_attended_to_it() -> None:
    work = Work()
    work.fails = True
    work.over.set()
    with pytest.raises(ExceptionGroup) as raised:
        await Attended(work.run).run()
    assert raised.group_contains(RadioLostError)


async def test_what_ends_by_itself_is_over() -> None:
    work = Work()
    work.over.set()
    async with asyncio.timeout(10):
        await Attended(work.run).run()
    assert (work.lives, work.ended) == (1, 1)
