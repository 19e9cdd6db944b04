"""Boards of two processes: what one commits shows at the other."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from shopbell_server.web.live.audience import Live
from shopbell_server.web.live.bells import Bells
from tests.server.web.stage import ANNA, CALM, VIEW, Book, Door, Stage, looking
from tests.server.web.streams import LIMIT_S

if TYPE_CHECKING:
    from collections.abc import Collection

    from shopbell_server.core.ids import PersonId, StoreId


class Others:
    """The other process, as the broker tells it."""

    def __init__(self, bells: Bells) -> None:
        self._bells = bells

    def changed(self, store: StoreId, persons: Collection[PersonId]) -> None:
        self._bells.heard(store, persons)


async def test_what_one_process_commits_shows_on_the_board_of_another() -> None:
    """Nothing happens by itself here: without the word of the other nothing would be read for a minute."""
    stage, there, here = Stage(), Bells(), Bells()
    there.live = Live(stage, Door(), Book(), "e", CALM)
    here.live = Live(stage, Door(), Book(), "f", others=Others(there))  # no role web: it never runs
    woken: list[str] = []
    there.wakes.append(lambda: woken.append("there"))
    here.wakes.append(lambda: woken.append("here"))
    stopping = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(there.live.run(stopping))
        await asyncio.sleep(0)
        stream = await looking(there.live)
        async with asyncio.timeout(LIMIT_S):
            assert b"event: snapshot" in await anext(stream)
            stage.rows["v-1"] = b'{"visit":"v-1"}'
            await asyncio.to_thread(here.changed, VIEW.store, [ANNA])
            assert b"event: changed" in await anext(stream)
        stream.close()
        stopping.set()
    assert sorted(woken) == ["here", "there"], "sinks of both may have something to be told"


async def test_the_word_of_another_goes_no_further() -> None:
    stage, there, here = Stage(), Bells(), Bells()
    told: list[StoreId] = []
    there.live = Live(stage, Door(), Book(), "e", CALM, others=Others(here))
    here.live = Live(stage, Door(), Book(), "f", CALM)
    here.wakes.append(lambda: told.append(VIEW.store))
    there.heard(VIEW.store, [ANNA])
    assert told == []


def test_a_process_that_begins_has_no_board_yet() -> None:
    bells = Bells()
    bells.changed(VIEW.store, [ANNA])
    bells.heard(VIEW.store, [ANNA])
