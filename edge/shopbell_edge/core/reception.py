"""How well a scanner hears, measured by a beacon that always speaks.

Owns: what is kept of the store's heartbeat beacon, and by what each fault of a Bluetooth stack is known.
Never: a phone. Only the beacon that the store hung up itself is measured.

Presence daemons go deaf without an error, in ways that look alike from the shop floor and are cured
differently. Each leaves its own trace in the sightings of a beacon that sends evenly and never moves.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from itertools import pairwise
from math import inf
from typing import Final, Literal

from shopbell_edge.core.leave_timeout import HEARD_OF_SENT, SCAN_MS

Doubt = Literal["heartbeat_unheard", "duplicate_filter", "dead_band"]
"""A fault with which silence of a phone no longer means that it has left."""

Fault = Literal[Doubt, "no_flags", "low_duty"]
"""What is wrong, as it is reported.

`heartbeat_unheard`: nothing of the beacon while it should have been heard many times.
`duplicate_filter`: the controller or kernel reports a constant advertisement once per scan and no more.
`dead_band`: BlueZ reports it only when its RSSI moves by 8 dB.
`no_flags`: advertisements without the Flags structure are withheld, as Android's non-connectable ones are.
`low_duty`: it hears, but less of the time than the settings say, on which the leave timeout rests.
"""

WINDOW_MS: Final = 300_000
"""Five minutes: twenty scans of BlueZ (10.24 s, then 5 s of rest), enough to see that each reports once."""

MOST_SIGHTINGS: Final = 1_024
"""Of a beacon at 100 ms three minutes at full duty, which shows all that five would; 40 KB."""

DEAD_BAND_DB: Final = 8
"""`RSSI_THRESHOLD` of BlueZ's device.c."""

DEAD_BAND_STEPS: Final = 8
"""Two sightings of a beacon that hangs still differ by 8 dB or more in one of six (4 dB of fading each):
eight such steps without one smaller happen by chance once in two million."""

ONCE_PER_SCAN: Final = 8
"""Sightings, all a scan apart, before the duplicate filter is blamed. A beacon of 1 s at half duty that
nobody filters is unheard for 10 s once in 80; seven times running, never."""

LIKELY: Final = 20
"""Sightings that should have been, before their absence means anything: none of 20 is e^-20."""

LEAST_UNHEARD_MS: Final = 2 * 15_360
"""Two scans of BlueZ with their rests: of a beacon of 100 ms twenty are missing by the end of each rest, and
between two reports of a duplicate filter, which is another fault, a hundred."""

FAR_TOO_FEW: Final = 0.5
"""Of the sightings that duty and losses leave to expect. Bodies take a tenth, a bad place a third."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reception:
    """What a scanner heard of the beacon in the last minutes.

    `share` is of all that the beacon sent, 0 to 1; `expected` what scan duty and losses leave of it.
    """

    sightings: int
    share: float
    expected: float
    fault: Fault | None
    unheard_ms: int = 0
    """Since the last sighting; since it began to listen where there was none."""
    gap_ms: float = inf
    """Between two sightings on average, the time since the last one counted like a gap; inf without any."""


class Heartbeat:
    """The beacon as one scanner hears it: `interval_ms` apart, at a scan duty that the settings give.

    Times are readings of the scanner's `Listening`: while it is known to be blind nothing is expected.
    `bare` says that the beacon also sends, as often, an advertisement without Flags.
    """

    __slots__ = (
        "_bare",
        "_bare_ms",
        "_expected",
        "_interval_ms",
        "_last_ms",
        "_sightings",
        "_since_ms",
    )

    def __init__(self, interval_ms: float, duty: float, *, bare: bool, since: int) -> None:
        """Begin to listen at `since`."""
        self._interval_ms = interval_ms
        self._expected = HEARD_OF_SENT * duty
        self._bare = bare
        self._since_ms = self._last_ms = since
        self._sightings: deque[tuple[int, int]] = deque(maxlen=MOST_SIGHTINGS)
        self._bare_ms = -WINDOW_MS

    def hear(self, at: int, rssi_dbm: int) -> None:
        """Take in a sighting of the beacon."""
        self._last_ms = at
        self._sightings.append((at, rssi_dbm))

    def hear_bare(self, at: int) -> None:
        """Take in a sighting of its advertisement without Flags."""
        self._bare_ms = at

    def begin(self, at: int) -> None:
        """Forget what was: another scan, or another way to hear, is judged by itself."""
        self._sightings.clear()
        self._bare_ms = -WINDOW_MS
        self._since_ms = self._last_ms = at

    def judge(self, now: int) -> Reception:
        """Return how it is heard; a fault is named only once chance is out of the question."""
        begin_ms = max(self._since_ms, now - WINDOW_MS)
        while self._sightings and self._sightings[0][0] < begin_ms:
            self._sightings.popleft()
        if len(self._sightings) == MOST_SIGHTINGS:
            begin_ms = self._sightings[0][0]
        sent = max(1.0, (now - begin_ms) / self._interval_ms)
        count = len(self._sightings)
        unheard_ms = now - self._last_ms
        return Reception(
            sightings=count,
            unheard_ms=unheard_ms,
            share=min(1.0, count / sent),
            gap_ms=(now - self._sightings[0][0]) / count if count else inf,
            expected=self._expected,
            fault=self._fault(sent * self._expected, unheard_ms, begin_ms),
        )

    def _fault(self, expected: float, unheard_ms: int, begin_ms: int) -> Fault | None:
        heard = self._sightings
        if _only_big_steps([rssi_dbm for _, rssi_dbm in heard]):
            return "dead_band"  # whose silences are long too
        likely = unheard_ms / self._interval_ms * self._expected >= LIKELY
        if likely and unheard_ms >= LEAST_UNHEARD_MS:
            return "heartbeat_unheard"
        if not heard:
            return None
        if expected >= LIKELY and len(heard) < FAR_TOO_FEW * expected:
            return "duplicate_filter" if _once_per_scan([at for at, _ in heard]) else "low_duty"
        if self._bare and expected >= LIKELY and self._bare_ms < begin_ms:
            return "no_flags"
        return None


def _only_big_steps(rssi_dbm: list[int]) -> bool:
    steps = [abs(after - before) for before, after in pairwise(rssi_dbm)]
    return len(steps) >= DEAD_BAND_STEPS and min(steps) >= DEAD_BAND_DB


def _once_per_scan(at_ms: list[int]) -> bool:
    return len(at_ms) >= ONCE_PER_SCAN and all(
        after - before >= SCAN_MS for before, after in pairwise(at_ms)
    )
