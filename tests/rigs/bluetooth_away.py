"""The Bluetooth service goes away for ten minutes while a customer is in the shop: what must hold."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from tests.rigs.ears import listening_at
from tests.rigs.waiting import until

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from shopbell_edge.core.recovery import Recovery
    from shopbell_edge.ports import EdgeClock
    from tests.fakes.clock import FakeClock

AWAY_MS: Final = 600_000
"""More than three times what makes a customer leave."""


async def nobody_leaves(
    adapter: str,
    clock: EdgeClock,
    *,
    advertise: Callable[[], Awaitable[object]],
    stop: Callable[[], Awaitable[object]],
    pass_time: Callable[[], Awaitable[object]],
    start: Callable[[], Awaitable[object]],
    recovery: Recovery | None = None,
) -> None:
    """Let a customer come in, stop the service for as long as `pass_time` takes, and start it again.

    `advertise` sends one advertisement of her phone. Her stay goes on, and the server can tell why nothing
    was heard of it meanwhile.
    """
    async with listening_at(adapter, clock, recovery) as ears:
        for _ in range(3):
            await ears.hear(advertise)
        await until("she came in", lambda: ears.phases[:1] == ["entered"])
        began_ms = clock.now().wall_ms
        await stop()
        await until("it is blind", lambda: ears.state == "blind")
        await pass_time()
        await ears.look_round()
        assert "left" not in ears.phases
        assert "inactive" not in ears.phases
        # Before it is started: on a real clock the radio hears again before this has returned.
        ended_ms = clock.now().wall_ms
        await start()
        await until("it hears", lambda: ears.state == "hearing")
        await ears.hear(advertise)
        await ears.look_round()
        assert ears.phases.count("entered") == 1, "her stay went on"
        assert "left" not in ears.phases
        before, blind, after = ears.health
        assert [each.state for each in (before, blind, after)] == ["hearing", "blind", "hearing"]
        assert began_ms <= blind.since_ms <= after.since_ms
        assert ended_ms <= after.since_ms, "the two bracket the time away"
        assert after.coverage < 0.1


def forwarded(clock: FakeClock) -> Callable[[], Awaitable[object]]:
    """Return what lets ten minutes pass by the clock of a test."""

    async def pass_time() -> None:
        clock.forward(AWAY_MS)

    return pass_time


async def ten_minutes() -> None:
    """Let ten minutes pass. The one thing here that cannot be shortened is what it measures."""
    await asyncio.sleep(AWAY_MS / 1000)
