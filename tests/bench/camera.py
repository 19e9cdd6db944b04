"""How many frames a second the decoder takes, how many passes it reads, and what its process costs."""

from __future__ import annotations

import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Final

import cv2
import zxingcpp

from shopbell_edge.adapters.camera.decoding import PASSES, RETAIL, formats, in_frame, view
from shopbell_edge.adapters.camera.device import SMALL, change
from shopbell_edge.adapters.camera.files import Files
from tests.bench.held_up import KINDS, SEED, frame, passes
from tests.bench.report import Report, at_least, figure

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.bench.held_up import Grey

TITLE: Final = "Edge: camera"
MEASURES: Final = (
    "The live loop's decoder on grey frames of 1280 x 720 with a textured ground. **Frames a second** on "
    "frames of all kinds with a pass, and on the ground alone, as nearly all frames are; beside it, in "
    "turns, zxing-cpp's own call on the same frames. **Read**: passes of 37 characters at 150 pixels, "
    "anywhere in the frame, at least slightly blurred and noisy; each kind of distortion alone, drawn "
    "evenly up to its most, and all at once; one frame a pass, as it comes. *Within three frames*: three "
    f"of the same hold, as the live loop searches them. Seed {SEED}; `tests/bench/held_up.py` draws them."
)
WHY: Final = ""

FRAMES_PER_S: Final = 15.0
UNDISTORTED: Final = 99.5
OVERALL: Final = 97.0

PER_KIND: Final = 250
PER_KIND_LONG: Final = 1_000
SHOWN: Final = 5
"""Frames of each kind that speed is measured on."""
ROUNDS: Final = 3


async def measure(*, long: bool) -> Report:
    cv2.setNumThreads(1)
    count = PER_KIND_LONG if long else PER_KIND
    texts = passes(count)
    first: dict[str, float] = {}
    third: dict[str, float] = {}
    for kind in KINDS:
        first[kind], third[kind] = shares(kind, texts)
    shown = [frame(kind, n, text) for kind in KINDS for n, text in enumerate(texts[:SHOWN])]
    empty = [frame("undistorted", number, None) for number in range(4 * SHOWN)]
    with_pass: list[float] = []
    alone: list[float] = []
    without: list[float] = []
    barcodes: list[float] = []
    motion: list[float] = []
    everything = formats(RETAIL)
    for _ in range(ROUNDS):
        with_pass.append(per_s(as_live(), shown))
        alone.append(per_s(zxing_alone, shown))
        without.append(per_s(as_live(), empty))
        barcodes.append(per_s(lambda seen: in_frame(seen, everything), empty))
        motion.append(per_s(gated(), empty))
    ratio = [one / other for one, other in zip(with_pass, alone, strict=True)]
    start_s, rss_mib = await process()
    overall = sum(first.values()) / len(first)
    return Report(
        title=TITLE,
        measures=MEASURES,
        figures=(
            figure("live decoder, a pass in each frame", "frames/s", with_pass),
            figure("zxing-cpp alone, same frames", "frames/s", alone),
            figure("ratio", "", ratio),
            figure("live decoder, no code in the frame", "frames/s", without),
            figure("with all barcodes, no code in the frame", "frames/s", barcodes),
            figure("motion alone: frames that are not decoded", "frames/s", motion),
            *(figure(f"read: {kind}", "%", (first[kind],)) for kind in KINDS),
            *(figure(f"within three frames: {kind}", "%", (third[kind],)) for kind in KINDS),
            figure("decoder's process: from its start to ready", "s", start_s),
            figure("decoder's process: resident once ready", "MiB", rss_mib),
        ),
        verdicts=(
            at_least("frames with a pass", median(with_pass), FRAMES_PER_S, "frames/s"),
            at_least("frames without a code", median(without), FRAMES_PER_S, "frames/s"),
            at_least(f"of {count} undistorted passes", first["undistorted"], UNDISTORTED, "%"),
            at_least(f"of all {count * len(KINDS)} passes", overall, OVERALL, "%"),
        ),
        notes=("on one core; capture is not in it: there is no camera here",),
        why=WHY,
    )


def shares(kind: str, texts: list[str]) -> tuple[float, float]:
    """Return how many percent one frame shows, and three do."""
    first = third = 0
    for number, text in enumerate(texts):
        if reads(frame(kind, number, text), text, 0):
            first += 1
            third += 1
        elif any(reads(frame(kind, number, text, take), text, take) for take in (1, 2)):
            third += 1
    return 100 * first / len(texts), 100 * third / len(texts)


def reads(seen: Grey, text: str, take: int) -> bool:
    return [code.text for code in in_frame(view(seen, take))] == [text]


def as_live() -> Callable[[Grey], object]:
    """Return what the live loop does with frames while something moves."""
    number = 0

    def decode(seen: Grey) -> object:
        nonlocal number
        number += 1
        return in_frame(view(seen, number))

    return decode


def gated() -> Callable[[Grey], object]:
    """Return what the live loop does with frames in which nothing moves."""
    before = None

    def look(seen: Grey) -> object:
        nonlocal before
        small = cv2.resize(seen, SMALL, interpolation=cv2.INTER_AREA)
        changed = change(before, small)
        before = small
        return changed

    return look


def zxing_alone(seen: Grey) -> object:
    return zxingcpp.read_barcodes(seen, formats=zxingcpp.BarcodeFormats((PASSES,)))


def per_s(decode: Callable[[Grey], object], frames: list[Grey]) -> float:
    began = time.perf_counter()
    for seen in frames:
        decode(seen)
    return len(frames) / (time.perf_counter() - began)


async def process() -> tuple[list[float], list[float]]:
    """Return what starting the decoder takes, and what it then has in memory."""
    start_s, rss_mib = [], []
    for _ in range(ROUNDS):
        async with Files(()) as files:
            began = time.perf_counter()
            await files.start()
            start_s.append(time.perf_counter() - began)
            status = Path(f"/proc/{files.pid}/status").read_text()  # noqa: ASYNC240  # the kernel's
            rss_mib.append(int(status.partition("VmRSS:")[2].split()[0]) / 1024)
    return start_s, rss_mib
