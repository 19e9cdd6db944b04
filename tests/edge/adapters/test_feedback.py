"""What every Feedback promises, held by the real ones and by the fake; then what each does."""

from __future__ import annotations

import asyncio
import errno
from typing import TYPE_CHECKING, Any, Protocol

import pytest
from structlog.testing import capture_logs

from shopbell_edge.adapters.feedback.journal import Journal
from shopbell_edge.adapters.feedback.led import Led
from shopbell_edge.adapters.feedback.light_or_sound import LightOrSound
from shopbell_edge.adapters.usb_scanner.reader import UsbScanner
from shopbell_edge.adapters.usb_scanner.serial_port import SerialPort
from shopbell_edge.core.answering import Answer
from shopbell_edge.core.units import ScannerName
from tests.edge.adapters.reading import reading
from tests.fakes.feedback import FakeFeedback
from tests.rigs.pty_scanner import PtyScanner
from tests.rigs.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from shopbell_edge.ports import Feedback

SPEED = 20.0


class Lamp:
    """A switch that writes down what is done with it."""

    def __init__(self) -> None:
        self.did: list[bool] = []
        self.away = False

    def switch(self, *, on: bool) -> None:
        if self.away:
            raise OSError(errno.ENODEV, "away")
        self.did.append(on)


class Way(Protocol):
    """A Feedback, and what somebody in the shop notices of it."""

    @property
    def feedback(self) -> Feedback: ...

    def noticed(self) -> object:
        """Return what was shown since the last call."""
        ...


class FakeWay:
    def __init__(self) -> None:
        self.feedback = FakeFeedback()

    def noticed(self) -> object:
        given = tuple(self.feedback.given)
        self.feedback.given.clear()
        return given


class LampWay:
    def __init__(self) -> None:
        self.lamp = Lamp()
        self.feedback = LightOrSound(self.lamp, speed=SPEED)

    def noticed(self) -> object:
        did = tuple(self.lamp.did)
        self.lamp.did.clear()
        return did


class JournalWay:
    def __init__(self, lines: list[Any]) -> None:
        self.lines = lines
        self.feedback = Journal(ScannerName("gun"))

    def noticed(self) -> object:
        said = tuple(line["event"] for line in self.lines)
        self.lines.clear()
        return said


@pytest.fixture(params=["fake", "lamp", "log"])
def way(request: pytest.FixtureRequest) -> Iterator[Way]:
    with capture_logs() as lines:
        ways: dict[str, Way] = {
            "fake": FakeWay(),
            "lamp": LampWay(),
            "log": JournalWay(lines),
        }
        yield ways[request.param]


async def test_each_answer_shows_and_each_differently(way: Way) -> None:
    shown = []
    for answer in Answer:
        assert await way.feedback.give(answer)
        shown.append(way.noticed())
    assert all(shown)
    assert len(set(shown)) == len(Answer)


async def test_the_same_answer_shows_the_same_again(way: Way) -> None:
    await way.feedback.give(Answer.GOOD)
    first = way.noticed()
    await way.feedback.give(Answer.GOOD)
    assert way.noticed() == first


async def test_a_lamp_is_off_after_each_answer_and_after_one_that_was_broken_off() -> None:
    lamp = Lamp()
    for answer in Answer:
        await LightOrSound(lamp, speed=SPEED).give(answer)
        assert lamp.did[-1] is False
    task = asyncio.create_task(LightOrSound(lamp, speed=0.001).give(Answer.GOOD))
    await until("lit", lambda: lamp.did[-1])
    task.cancel()
    await asyncio.wait([task])
    assert lamp.did[-1] is False


async def test_a_lamp_that_goes_while_it_is_lit_does_not_hold_up_the_end() -> None:
    lamp = Lamp()
    task = asyncio.create_task(LightOrSound(lamp, speed=0.001).give(Answer.GOOD))
    await until("lit", lambda: lamp.did == [True])
    lamp.away = True
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()


async def test_a_lamp_that_is_away_is_said_so_and_breaks_nothing() -> None:
    lamp = Lamp()
    lamp.away = True
    assert not await LightOrSound(lamp, speed=SPEED).give(Answer.GOOD)


async def test_a_line_of_the_log_names_the_scanner_and_nothing_of_the_code() -> None:
    with capture_logs() as lines:
        for answer in Answer:
            await Journal(ScannerName("gun")).give(answer)
    assert lines == [
        {"event": event, "scanner": "gun", "log_level": "info"}
        for event in ("scan_kept", "scan_refused", "please_refresh")
    ]


def led_in(folder: Path) -> Path:
    folder.mkdir()
    (folder / "brightness").write_text("0\n")
    (folder / "max_brightness").write_text("255\n")
    return folder


def test_a_lamp_of_the_kernel_is_lit_fully_and_put_out(tmp_path: Path) -> None:
    folder = led_in(tmp_path / "ACT")
    Led(folder).switch(on=True)
    assert (folder / "brightness").read_text() == "255\n"
    Led(folder).switch(on=False)
    assert (folder / "brightness").read_text() == "0\n"


async def test_a_lamp_of_the_kernel_that_is_gone_is_said_so(tmp_path: Path) -> None:
    assert not await LightOrSound(Led(tmp_path / "gone"), speed=SPEED).give(Answer.GOOD)


async def beeped(gun: PtyScanner, times: int) -> bytes:
    """Return what a scanner was told, once it is that much: a terminal hands it on in its own time."""
    said = bytearray()

    def enough() -> bool:
        said.extend(gun.heard())
        return len(said) >= times

    await until("it beeps", enough)
    return bytes(said)


async def test_a_scanner_beeps_once_for_each_pulse_and_not_while_it_is_unplugged(
    tmp_path: Path,
) -> None:
    with PtyScanner(tmp_path / "scanner") as gun:
        scanner = UsbScanner(
            ScannerName("gun"), lambda: SerialPort(str(gun.path), 9600), again_s=0.05
        )
        bell = LightOrSound(scanner, speed=SPEED)
        assert not await bell.give(Answer.GOOD)
        gun.plug()
        async with reading(scanner) as heard:
            await heard.mood(("hearing", "attached"))
            for answer, beeps in ((Answer.GOOD, 1), (Answer.REFRESH, 2), (Answer.NOT_GOOD, 3)):
                assert await bell.give(answer)
                assert await beeped(gun, beeps) == b"\x07" * beeps
            gun.unplug()
            assert not await bell.give(Answer.GOOD)
