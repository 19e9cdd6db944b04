"""A while before a radio, as the daemon would sit there.

Owns: the counting, for `core.doctor.hearing` to judge.
Never: a remedy (a radio that does not hear is reported, not recovered), or anything of who was heard.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from shopbell_edge.assembly import radio_of
from shopbell_edge.config import meaning
from shopbell_edge.core.doctor.hearing import Heard
from shopbell_edge.core.frames import Foreign, recognise
from shopbell_edge.core.heartbeat_beacon import beside
from shopbell_edge.core.reception import Heartbeat
from shopbell_edge.core.recovery import Recovery
from shopbell_edge.core.usual import interest_in
from shopbell_edge.ports import Health, RadioLostError

if TYPE_CHECKING:
    from collections.abc import Callable

    from shopbell_edge.config.tables import Radio, Settings
    from shopbell_edge.core.advertisement import Advertisement
    from shopbell_edge.core.units import Boottime

ONCE: Final = Recovery(attempts=1, ready_s=2.0, silent_s=86_400.0)
"""A doctor looks: who power-cycles an adapter has cured what was to be found."""


class Sitting:
    """What one radio hears while `hear` runs."""

    def __init__(self, settings: Settings, radio: Radio, boottime: Callable[[], Boottime]) -> None:
        self._settings = settings
        self._radio = radio
        self._boottime = boottime
        self._retailer = meaning.retailer(settings)
        self._beacon = meaning.beacon(settings)
        self._heartbeat = _heartbeat(settings, radio, boottime())
        self._since = self._began = boottime()
        self._heard = self._ours = 0
        self._health: Health | None = None

    async def hear(self, for_s: float) -> Heard:
        """Listen for `for_s`, or for as long as it can be done; return what came of it."""
        look = beside(self._beacon, interest_in(self._retailer))
        radio = radio_of(self._settings, self._radio, look, self._boottime, ONCE)
        lost = ""
        try:
            async with asyncio.timeout(for_s):
                await radio.listen(self._take, self._feel)
        except TimeoutError:
            pass  # as long as it should
        except RadioLostError as error:
            lost = str(error)
        now, health = self._boottime(), self._health
        reason = "" if health is None else health.reason
        return Heard(
            scanner=self._radio.scanner,
            listened_s=max(0.001, (now - self._began) / 1000),
            measured_s=(now - self._since) / 1000,
            adverts=self._heard + radio.dropped.get(Foreign.NOT_OURS, 0),
            ours=self._ours,
            state="blind" if lost else None if health is None else health.state,
            reason=reason or lost,
            way=None if health is None else health.way,
            reception=None if self._heartbeat is None else self._heartbeat.judge(now),
        )

    def _take(self, advertisement: Advertisement) -> None:
        self._heard += 1
        said = None
        if self._beacon is not None:
            said = self._beacon.said(advertisement.manufacturer_data)
        if self._heartbeat is not None and said == "beacon":
            self._heartbeat.hear(self._boottime(), advertisement.rssi_dbm)
        elif self._heartbeat is not None and said == "bare":
            self._heartbeat.hear_bare(self._boottime())
        elif not isinstance(recognise(advertisement, self._retailer), Foreign):
            self._ours += 1

    def _feel(self, health: Health) -> None:
        before, self._health = self._health, health
        if before is None or (before.state, before.way) != (health.state, health.way):
            self._since = self._boottime()
            if self._heartbeat is not None:
                self._heartbeat.begin(self._since)


def _heartbeat(settings: Settings, radio: Radio, now: Boottime) -> Heartbeat | None:
    told = settings.heartbeat
    if told is None:
        return None
    bare = told.minor_without_flags is not None
    return Heartbeat(told.interval_ms, radio.duty, bare=bare, since=now)
