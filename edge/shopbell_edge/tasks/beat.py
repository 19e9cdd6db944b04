"""Signs of life: to the supervisor, to the server, and of the clock."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Literal

import structlog
from msgspec.structs import replace

from shopbell_edge.core.complaint_pace import worth_a_line
from shopbell_edge.core.preface import anchor_of
from shopbell_edge.ports import SpoolFullError, UplinkLostError

if TYPE_CHECKING:
    from collections.abc import Callable

    from shopbell_edge.core.liveness import BeatRules
    from shopbell_edge.ports import EdgeClock, Spool, Supervisor, Uplink
    from shopbell_edge.tasks.pulses import Pulses
    from shopbell_wire.messages import Status

log = structlog.get_logger()


async def feed_watchdog(supervisor: Supervisor, pulses: Pulses, rules: BeatRules) -> None:
    """Feed the watchdog until cancelled, but only while every loop goes round."""
    while True:
        stalled = pulses.stalled(rules)
        if stalled:
            log.error("loops_stalled", loops=stalled)
        else:
            supervisor.alive()
        await asyncio.sleep(rules.beat_ms / 1_000)


async def keep_status(
    uplink: Uplink,
    clock: EdgeClock,
    describe: Callable[[int, Literal["online", "offline"]], Status],
    rules: BeatRules,
) -> None:
    """Keep the retained status true until cancelled: at once when it changes, else now and then.

    Every connection begins with a status of its own; what is lost here is said by the next one.
    """
    told: Status | None = None
    told_at = clock.boottime()
    while True:
        await uplink.connected()
        status = describe(uplink.connection, "online")
        fresh = clock.boottime() - told_at < rules.status_ms
        if told is None or not fresh or replace(status, clock=told.clock) != told:
            try:
                await uplink.report(status)
            except UplinkLostError as error:
                log.info("status_not_taken", reason=str(error))
            else:
                told, told_at = status, clock.boottime()
        await asyncio.sleep(rules.beat_ms / 1_000)


async def anchor_clock(spool: Spool, clock: EdgeClock, rules: BeatRules) -> None:
    """Append one anchor as soon as the time is known well, then return.

    One per process, not per boot: an earlier process of this boot may have ended before it knew. Where what
    went before could only be dated by a worse one (`core.preface`), this one is better.
    Whoever reads the log learns that the time is not known, and when it is.
    """
    asked_at, unknown, refused = clock.boottime(), False, 0
    while True:
        now = clock.now()
        if now.state == "synced":
            if unknown:
                unknown = False
                log.info("clock_known", after_s=(now.boottime_ms - asked_at) // 1_000)
            try:
                await spool.append([anchor_of(now)], now)
            except SpoolFullError:
                refused += 1
                if worth_a_line(refused - 1, refused):
                    log.warning("clock_anchor_waits", reason="spool_full", times=refused)
            else:
                return
        elif not unknown:
            unknown = True
            log.warning("clock_not_known", state=now.state)
        await asyncio.sleep(rules.beat_ms / 1_000)
