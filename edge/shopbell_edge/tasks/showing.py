"""A machine that shows which one it is, to somebody on a ladder."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shopbell_edge.ports import Sign

ON_S: Final = 0.15
OFF_S: Final = 0.35
"""Twice a second, and evenly: no activity of a card looks like that."""

BEEP_EVERY: Final = 4
"""Blinks to a beep: a scanner that beeped twice a second would be unplugged."""


class Showing:
    """Uses the first of `signs` that is there; each with how many blinks make one of its signs."""

    def __init__(self, signs: Sequence[tuple[Sign, int]]) -> None:
        self._signs = signs
        self._for_s = 0
        self._chosen: tuple[Sign, int] | None = None
        self._news = asyncio.Event()

    def begin(self, for_s: int) -> tuple[bool, str]:
        """Show this machine for `for_s` from now on; return whether it can be, and how or why not."""
        refused: list[str] = []
        if self._chosen is None:
            for sign, every in self._signs:
                try:
                    sign.borrow()
                except OSError as error:
                    refused.append(f"{sign.name}: {error.strerror or error}")
                else:
                    self._chosen = (sign, every)
                    break
        if self._chosen is None:
            return False, "; ".join(refused) or "it has neither a lamp nor a bell"
        self._for_s = for_s
        self._news.set()
        return True, f"{self._chosen[0].name}, for {for_s} s"

    async def run(self) -> None:
        """Show it whenever that was begun, until cancelled; what was borrowed is given back in any case."""
        try:
            while True:
                await self._news.wait()
                self._news.clear()
                if self._chosen is not None:
                    await self._show(*self._chosen)
                    self._end()
        finally:
            self._end()

    async def _show(self, sign: Sign, every: int) -> None:
        loop = asyncio.get_running_loop()
        until = loop.time() + self._for_s
        pause_s = (ON_S + OFF_S) * every - ON_S
        while loop.time() < until:
            if self._news.is_set():  # asked for once more
                self._news.clear()
                until = loop.time() + self._for_s
            try:
                sign.switch(on=True)
                try:
                    await asyncio.sleep(ON_S)
                finally:
                    # Gone while it was on: that must not take the place of an end that was asked for.
                    with suppress(OSError):
                        sign.switch(on=False)
            except OSError:
                return  # unplugged: there is nobody to tell, and nothing to give back
            await asyncio.sleep(pause_s)

    def _end(self) -> None:
        chosen, self._chosen = self._chosen, None
        if chosen is not None:
            chosen[0].give_back()
