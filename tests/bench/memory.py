"""Whether the edge's memory stays flat, however many strangers pass."""

from __future__ import annotations

import gc
import sys
from random import Random
from typing import TYPE_CHECKING, Final

from bleak.backends.scanner import AdvertisementData

from shopbell_edge import daemon  # all that an edge without a camera loads
from shopbell_edge.adapters.ble.ear import Ear
from shopbell_edge.core.roster import Roster
from shopbell_edge.core.rules import Rules
from shopbell_edge.core.telling import ONLINE
from shopbell_edge.core.units import Boottime, ScannerName
from shopbell_wire.messages import Clock
from tests.bench.air import APPLE, RETAILER
from tests.bench.machine import rss_mib
from tests.bench.report import Report, at_most, figure

if TYPE_CHECKING:
    from shopbell_edge.core.advertisement import Advertisement

TITLE: Final = "Edge: memory"
MEASURES: Final = (
    "Resident memory of a process that has loaded the daemon (without camera) and hears 10⁶ "
    "advertisements (`--long`: 10⁷) from 10⁵ addresses through adapter and roster, 1 000 a second by "
    "their clock: strangers, and one in ten with a token of ours, half of those of 100 phones that stay, "
    "half made up."
)
WHY: Final = "what is loaded before the first advertisement is most of it."

RSS_MIB: Final = 60.0
FLAT_MIB: Final = 2.0
"""Flat: what the allocator keeps in reserve moves by as much."""

ADVERTS: Final = 1_000_000
ADDRESSES: Final = 100_000
OURS_EVERY: Final = 10
REAL: Final = 100
PER_S: Final = 1_000
NOON_MS: Final = 1_795_262_400_000


async def measure(*, long: bool) -> Report:
    assert "cv2" not in sys.modules, f"{daemon.__name__} must not load OpenCV"
    street = Street()
    started = rss_mib()
    tenths = [street.pass_by((10 * ADVERTS if long else ADVERTS) // 10) for _ in range(10)]
    return Report(
        title=TITLE,
        measures=MEASURES,
        figures=(
            figure("before the first advertisement", "MiB", (started,)),
            figure("after the first tenth", "MiB", (tenths[0],)),
            figure("after each of the other tenths", "MiB", tenths[1:]),
        ),
        verdicts=(
            at_most("at its most", max(tenths), RSS_MIB, "MiB"),
            at_most("growth since the first tenth", tenths[-1] - tenths[0], FLAT_MIB, "MiB"),
        ),
        notes=(
            (
                f"{street.heard} advertisements; at the end {street.roster.present} phones are here, "
                f"and {street.roster.known} tokens are remembered"
            ),
        ),
        why=WHY,
    )


class Street:
    """Who walks by; nothing of it is kept but the dice."""

    def __init__(self) -> None:
        self.roster = Roster(scanner=ScannerName("hci0"), retailer=RETAILER, rules=Rules())
        self.heard = 0
        self._rng = Random(1)
        self._now_ms = 1_000
        self._ear = Ear(self.roster.look, self._boottime, self._hear, lambda: None)

    def pass_by(self, count: int) -> float:
        """Let `count` advertisements be heard; return the memory in MiB."""
        for _ in range(count):
            self.heard += 1
            self._now_ms += 1_000 // PER_S
            # bleak makes each of them anew, and lets go of it.
            self._ear.detected(None, self._next())  # type: ignore[arg-type]  # nobody looks at it
            if self.heard % PER_S == 0:
                self.roster.tick(self._clock(), ONLINE)
        gc.collect()
        return rss_mib()

    def _hear(self, advertisement: Advertisement) -> None:
        self.roster.hear(advertisement, self._boottime())

    def _boottime(self) -> Boottime:
        return Boottime(self._now_ms)

    def _next(self) -> AdvertisementData:
        manufacturer: dict[int, bytes] = {}
        service: dict[str, bytes] = {}
        sender = self._rng.randrange(ADDRESSES)
        if self.heard % OURS_EVERY == 0:
            token = sender if sender % 2 else sender % REAL
            service[RETAILER.uuid] = b"\x10" + token.to_bytes(8) + b"\xc5"
        else:
            manufacturer[APPLE] = b"\x10\x05" + sender.to_bytes(5)
        return AdvertisementData(None, manufacturer, service, [], None, -65, ())

    def _clock(self) -> Clock:
        return Clock(
            boot="0" * 32,
            boottime_ms=self._now_ms,
            wall_ms=NOON_MS + self._now_ms,
            state="synced",
            err_ms=1,
        )
