"""Waiting for what another process or a callback will bring about."""

from __future__ import annotations

import asyncio
import inspect
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


async def until(
    what: str, condition: Callable[[], bool | Awaitable[bool]], *, within_s: float = 60.0
) -> None:
    """Return once `condition` holds; fail, saying `what` did not come about, after `within_s`."""
    try:
        async with asyncio.timeout(within_s):
            while True:
                held = condition()
                if inspect.isawaitable(held):
                    held = await held
                if held:
                    return
                await asyncio.sleep(0.005)
    except TimeoutError:
        raise AssertionError(f"{what}: not within {within_s:.0f} s") from None
