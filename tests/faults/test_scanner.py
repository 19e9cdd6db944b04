"""A handheld scanner is plugged out and in, in the middle of a code too, with noise on the line.

What was scanned whole while it was attached is kept once; nothing else is kept, whatever comes.
"""

from __future__ import annotations

import gc
import random
import tracemalloc
from typing import TYPE_CHECKING, Final

import pytest

from shopbell_edge.core.codes import PassCode, StalePass, Why, read
from shopbell_edge.core.repeats import MOST_CODES
from shopbell_edge.core.scanned_line import ScannedLine
from shopbell_edge.core.symbology import identified
from tests.fakes.clock import NOON_MS, FakeClock
from tests.faults.plan import seeds
from tests.rigs.till import NUMBERS, open_till
from tests.rigs.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.rigs.till import Till

pytestmark = pytest.mark.timeout(600)

FEW, MANY = 60, 1_000
"""Things that happen to one scanner: in every run, and in `make faults`."""

FEW_CODES, MANY_CODES = 1_000, 100_000

NOON_S: Final = NOON_MS // 1000
CLOCK: Final = FakeClock().now()
_ANY: Final = [chr(code) for code in range(0x3000)]
LONG_SHARE: Final = 0.1
_BASE32: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"

WIRE_BYTES: Final = 3_500
"""What a terminal holds for its reader is 4 095 bytes; the longest code here has 1 800."""

GROWTH_BYTES: Final = 256 * 1024
"""What may be held more after tens of thousands of codes than after the first: 256 remembered showings are
50 KB, and the interpreter's own free lists breathe. A byte a code would be 100 KB, a text each 4 MB."""


def one_pass(dice: random.Random) -> str:
    card = "".join(dice.choices(_BASE32, k=13))
    return f"SB1.{card}.{NOON_S - dice.randrange(60)}.{dice.randrange(10**8):08d}"


def noise(dice: random.Random) -> bytes:
    """Return bytes of a bad contact, with an end of line or without."""
    return dice.randbytes(dice.randrange(1, 200))


def mangled(dice: random.Random) -> str:
    """Return something like a code: a pass, a number or a text, with some of its characters changed."""
    kind = dice.randrange(5)
    if kind == 0:
        length = dice.randrange(600 if dice.random() < LONG_SHARE else 60)
        return "".join(dice.choices(_ANY, k=length))
    whole = {
        1: one_pass(dice),
        2: f"29{dice.randrange(10**11):011d}",
        3: f"]{dice.choice('ACEQXdez')}{dice.randrange(10)}29{dice.randrange(10**11):011d}",
        4: f"SB1.{dice.randbytes(20).hex()}",
    }[kind]
    characters = list(whole)
    for _ in range(dice.randrange(1, 4)):
        at = dice.randrange(len(characters))
        characters[at : at + dice.randrange(3)] = chr(dice.randrange(0x100))
    return "".join(characters)


class Accident:
    """One scanner's bad day; `whole` is what was scanned whole while it was attached."""

    def __init__(self, till: Till, dice: random.Random) -> None:
        self.till = till
        self.dice = dice
        self.whole: list[str] = []

    async def happen(self) -> None:
        """Let the next thing happen, and wait until the till has taken note."""
        what = self.dice.choice([self.scan, self.scan, self.replug, self.break_off, self.buzz])
        await what()

    async def scan(self) -> None:
        text = one_pass(self.dice)
        self.whole.append(text)
        self.till.gun.scan(text)
        await until("kept", lambda: len(self.till.scans) == len(self.whole))

    async def scan_once_more(self) -> None:
        """Scan a pass and wait until it is kept, whatever was kept before."""
        text = one_pass(self.dice)
        self.till.gun.scan(text)
        await until("kept", lambda: self.till.scans[-1:] == [text])

    async def replug(self) -> None:
        await self.till.unplug()
        await self.till.plug()

    async def break_off(self) -> None:
        """Plug out in the middle of a code."""
        text = one_pass(self.dice)
        self.till.gun.send(text[: self.dice.randrange(1, len(text))].encode())
        await self.replug()

    async def buzz(self) -> None:
        """Let there be noise, and an end to it: what begins after it is whole again."""
        before = sum(self.till.tally.codes.values())
        self.till.gun.send(noise(self.dice) + b"\x00\r")
        await until("noted", lambda: sum(self.till.tally.codes.values()) > before)
        await self.settled()

    async def settled(self) -> None:
        """Wait until all that was sent is judged: what comes last is told apart from all before."""
        mark = f"mark {self.dice.random()}"
        counted = self.till.tally.codes["gun", "not_ours"]
        self.till.gun.scan(mark)
        await self.till.counted("not_ours", counted + 1)


async def survives(place: Path, seed: int, times: int) -> None:
    dice = random.Random(seed)
    async with open_till(place) as till:
        day = Accident(till, dice)
        for _ in range(times):
            await day.happen()
        await day.scan()
        assert till.scans == day.whole
        assert set(till.moods) == {("hearing", "attached"), ("blind", "unplugged")}


async def test_a_scanner_that_comes_and_goes_loses_nothing_that_was_whole(tmp_path: Path) -> None:
    await survives(tmp_path / "gun", seed=1, times=FEW)


@pytest.mark.faults
@pytest.mark.parametrize("seed", seeds(5))
async def test_a_scanner_that_comes_and_goes_by_many_seeds(tmp_path: Path, seed: int) -> None:
    await survives(tmp_path / "gun", seed, MANY)


def judged(dice: random.Random, line: ScannedLine) -> None:
    """Let one code go the way from characters to what it is. Whatever is kept must be of the right form."""
    text = mangled(dice)
    line.take(text)
    line.silence()
    line.take("\r")
    for each in line.take(f"{text}\n"):
        if not isinstance(each, str):
            continue
        found = identified(each, "optional")
        if isinstance(found, tuple):
            result = read(*found, NUMBERS, CLOCK)
            assert not isinstance(result, PassCode | StalePass) or each.startswith(("SB1.", "]"))


def growth(seed: int, times: int) -> int:
    """Return by how many bytes what is held grows over `times` codes, after as many to warm up as a tenth."""
    dice, line = random.Random(seed), ScannedLine()
    tracemalloc.start()
    try:
        for _ in range(times // 10):
            judged(dice, line)
        gc.collect()
        before, _ = tracemalloc.get_traced_memory()
        for _ in range(times):
            judged(dice, line)
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    return after - before


def test_codes_made_of_anything_raise_nothing_and_leave_nothing() -> None:
    assert growth(seed=1, times=FEW_CODES) < GROWTH_BYTES


@pytest.mark.faults
@pytest.mark.parametrize("seed", seeds(1))
def test_a_hundred_thousand_codes_of_anything_leave_nothing(seed: int) -> None:
    assert growth(seed, MANY_CODES) < GROWTH_BYTES


async def floods(place: Path, seed: int, times: int) -> None:
    """Send `times` codes through a till: it counts each, remembers a few, and goes on."""
    dice = random.Random(seed)
    async with open_till(place) as till:
        day = Accident(till, dice)
        sent = waiting = 0
        for _ in range(times):
            line = mangled(dice).replace("\r", "").replace("\n", "").encode() + b"\r"
            if waiting + len(line) > WIRE_BYTES:
                await day.settled()
                sent, waiting = sent + 1, 0
            till.gun.send(line)
            sent, waiting = sent + (line != b"\r"), waiting + len(line)
        await day.settled()
        assert {result for _, result in till.tally.codes} <= {*Why, "pass", "number", "stale"}
        assert sum(till.tally.codes.values()) == sent + 1
        assert len(till.repeats) <= MOST_CODES
        await day.replug()
        await day.scan_once_more()


async def test_a_flood_of_codes_is_counted_and_the_next_pass_is_kept(tmp_path: Path) -> None:
    await floods(tmp_path / "gun", 1, FEW_CODES)


@pytest.mark.faults
async def test_a_hundred_thousand_codes_are_counted_and_the_next_pass_is_kept(
    tmp_path: Path,
) -> None:
    await floods(tmp_path / "gun", 2, MANY_CODES)
