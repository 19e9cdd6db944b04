"""Anything may be on the air: frames made of anything raise nothing, and leave nothing behind."""

from __future__ import annotations

import gc
import random
import tracemalloc
from typing import TYPE_CHECKING, Final

import pytest

from shopbell_edge.core.ad_structures import parse
from shopbell_edge.core.frames import MOST_REMEMBERED
from shopbell_edge.core.roster import Roster
from shopbell_edge.core.rules import Rules
from shopbell_edge.core.telling import ONLINE
from shopbell_edge.core.units import Boottime, ScannerName
from tests.edge.core.ad_bytes import ALTBEACON_FOB, EDDYSTONE_FOB, IBEACON_FOB, WITH_FOBS
from tests.edge.core.advertisements import APPLE, RETAILER, UUID_BYTES
from tests.fakes.clock import FakeClock
from tests.faults.plan import seeds

if TYPE_CHECKING:
    from shopbell_edge.core.advertisement import Advertisement

pytestmark = pytest.mark.timeout(900)

FEW, MANY = 10_000, 1_000_000
"""Frames: in every run, and in `make faults`."""

MOST_TOKENS: Final = 200
"""A tenth of a busy day's: with it the roster is full long before growth is measured."""

GROWTH_BYTES: Final = 256 * 1024
"""What may be held more after a million frames than after the first tenth: a byte a frame would be four
times as much; the interpreter's own free lists and the windows of full stays breathe."""

PREFIX: Final = bytes.fromhex(RETAILER.prefix)[::-1]
"""Of a service UUID as it is on the air."""

STARTS: Final = (
    b"\x02\x01\x06",
    b"\x1a\xff" + APPLE.to_bytes(2, "little") + b"\x02\x15" + UUID_BYTES,
    b"\x1b\x21" + UUID_BYTES[::-1] + b"\x10",
    b"\x11\x07",
    b"\x03\x03\xaa\xfe",
    IBEACON_FOB[3:25],
    EDDYSTONE_FOB[7:23],
    ALTBEACON_FOB[:22],
)
"""What is ours or could be: flags, iBeacon, service data, service UUIDs, and fobs up to what numbers them."""


FAMILIAR: Final = tuple(random.Random(number).randbytes(23) for number in range(64))
"""What is heard again and again: of these some enter, stay and leave."""


def frame(dice: random.Random) -> bytes:
    """Return a few structures, of the right kinds or of none, cut and spoilt in places."""
    made = b""
    for _ in range(dice.randrange(4)):
        rest = dice.choice(FAMILIAR) if dice.random() < 0.7 else dice.randbytes(23)
        made += dice.choice(STARTS) + rest[: dice.choice((0, 4, 5, 9, 16, 23))]
        if dice.random() < 0.2:
            made += dice.randbytes(dice.randrange(12)) + PREFIX
    spoilt = bytearray(made[: dice.randrange(len(made) + 1)] if dice.random() < 0.3 else made)
    for _ in range(dice.choice((0, 0, 1, 3))):
        if spoilt:
            spoilt[dice.randrange(len(spoilt))] = dice.randrange(256)
    return bytes(spoilt) if dice.random() < 0.95 else dice.randbytes(dice.randrange(300))


class Ear:
    """A scanner's memory, which hears whatever comes."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.clock = FakeClock()
        self.ours = 0
        self._roster = Roster(
            scanner=ScannerName("fake0"),
            retailer=WITH_FOBS,
            rules=Rules(),
            most_tokens=MOST_TOKENS,
        )

    def hear(self, frames: int) -> None:
        """Take in so many frames; what there is to tell is told and thrown away."""
        for number in range(frames):
            heard = self._advertisement()
            self._roster.hear(heard, Boottime(self.clock.boottime()))
            if number % 100 == 0:
                self.clock.forward(1_000)
                for event in self._roster.tick(self.clock.now(), ONLINE):
                    assert event.scanner == "fake0"
                    self.ours += 1

    def fill(self) -> None:
        """Let it hear more tokens of each kind than are remembered: what has a bound has reached it then."""
        _, ibeacon, service_data, *_ = STARTS
        for _ in range(
            2 * MOST_REMEMBERED
        ):  # the second half replaces the first, which takes room too
            tail = self.dice.randbytes(23)
            fobs = (IBEACON_FOB[3:25] + tail, EDDYSTONE_FOB[7:23] + tail, ALTBEACON_FOB[:22] + tail)
            phones = (ibeacon + tail, service_data + tail, b"\x11\x07" + tail[:12] + PREFIX)
            for made in (*phones, *fobs):
                self._roster.hear(parse(made, -100), Boottime(self.clock.boottime()))

    def _advertisement(self) -> Advertisement:
        rssi_dbm = self.dice.choice((-60, -60, self.dice.randrange(-140, 40)))
        return parse(frame(self.dice), rssi_dbm)


def growth(seed: int, frames: int) -> int:
    """Return by how many bytes what is held grows over `frames`, after half as many to fill up with."""
    ear = Ear(seed)
    tracemalloc.start()  # before all: what is replaced later is then counted as freed, too
    try:
        ear.fill()
        ear.hear(frames // 2)
        ear.hear(frames // 10)
        gc.collect()
        before, _ = tracemalloc.get_traced_memory()
        ear.hear(frames)
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert ear.ours, "none of them was near: the frames are too wild"
    return after - before


def test_frames_made_of_anything_raise_nothing_and_leave_nothing() -> None:
    assert growth(1, FEW) < GROWTH_BYTES


@pytest.mark.faults
@pytest.mark.parametrize("seed", seeds(1))
def test_a_million_frames_of_anything_leave_nothing(seed: int) -> None:
    assert growth(seed, MANY) < GROWTH_BYTES
