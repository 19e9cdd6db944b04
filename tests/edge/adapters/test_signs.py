"""What every Sign promises, held by lamp, bell and fake; then what becomes of a lamp after a kill."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from shopbell_edge.adapters.feedback.borrowed_led import BorrowedLed, give_back
from shopbell_edge.adapters.usb_scanner.bell import Bell
from shopbell_edge.adapters.usb_scanner.reader import UsbScanner
from shopbell_edge.adapters.usb_scanner.serial_port import SerialPort
from shopbell_edge.core.units import ScannerName
from tests.edge.adapters.reading import reading
from tests.fakes.orders import FakeSign
from tests.rigs.pty_scanner import PtyScanner

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from shopbell_edge.ports import Sign

TRIGGERS = "none rc-feedback kbd-scrolllock timer [mmc0] heartbeat\n"


def lamp(leds: Path, trigger: str = TRIGGERS, brightness: str = "0\n") -> Path:
    folder = leds / "ACT"
    folder.mkdir(parents=True)
    (folder / "trigger").write_text(trigger)
    (folder / "brightness").write_text(brightness)
    (folder / "max_brightness").write_text("255\n")
    return folder


@pytest.fixture(params=["fake", "lamp", "bell"])
async def sign(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Sign]:
    if request.param == "fake":
        yield FakeSign()
    elif request.param == "lamp":
        yield BorrowedLed(lamp(tmp_path), tmp_path / "note")
    else:
        with PtyScanner(tmp_path / "scanner") as gun:
            scanner = UsbScanner(
                ScannerName("gun"), lambda: SerialPort(str(gun.path), 9600), again_s=0.05
            )
            gun.plug()
            async with reading(scanner) as heard:
                await heard.mood(("hearing", "attached"))
                yield Bell(lambda: scanner)
                gun.heard()


async def test_a_sign_is_borrowed_given_and_given_back_as_often_as_one_likes(sign: Sign) -> None:
    assert sign.name.startswith("the ")
    for _ in range(2):
        sign.borrow()
        sign.switch(on=True)
        sign.switch(on=False)
        sign.give_back()
    sign.give_back()


@pytest.mark.parametrize("kind", ["fake", "lamp", "bell"])
def test_a_sign_that_is_not_there_cannot_be_borrowed(kind: str, tmp_path: Path) -> None:
    scanner = UsbScanner(ScannerName("gun"), lambda: SerialPort("/dev/none", 9600))
    signs: dict[str, Sign] = {
        "fake": FakeSign(away=True),
        "lamp": BorrowedLed(tmp_path / "ACT", tmp_path / "note"),
        "bell": Bell(lambda: scanner),
    }
    with pytest.raises(OSError, match=r"."):
        signs[kind].borrow()
    signs[kind].give_back()
    assert list(tmp_path.iterdir()) == []


def test_a_lamp_has_its_trigger_back_afterwards(tmp_path: Path) -> None:
    folder = lamp(tmp_path / "leds")
    led = BorrowedLed(folder, tmp_path / "note")
    led.borrow()
    assert (folder / "trigger").read_text() == "none"
    led.switch(on=True)
    assert (folder / "brightness").read_text() == "255\n"
    led.give_back()
    assert (folder / "trigger").read_text() == "mmc0"
    assert not (tmp_path / "note").exists()


def test_a_lamp_that_was_lit_for_good_is_lit_again(tmp_path: Path) -> None:
    folder = lamp(tmp_path / "leds", "[none] timer", "7\n")
    led = BorrowedLed(folder, tmp_path / "note")
    led.borrow()
    led.switch(on=False)
    led.give_back()
    assert (folder / "trigger").read_text() == "none"
    assert (folder / "brightness").read_text() == "7"


def test_after_a_kill_the_next_process_gives_it_back(tmp_path: Path) -> None:
    folder = lamp(tmp_path / "leds")
    BorrowedLed(folder, tmp_path / "note").borrow()
    give_back(tmp_path / "note", tmp_path / "leds")
    assert (folder / "trigger").read_text() == "mmc0"
    give_back(tmp_path / "note", tmp_path / "leds")


@pytest.mark.parametrize(
    "note",
    [b"", b"ACT", b"../../etc mmc0 0\n", b"a/b mmc0 0\n", b"\xff mmc0 0\n", b"GONE mmc0 0\n"],
)
def test_a_note_that_leads_nowhere_changes_nothing_and_goes(tmp_path: Path, note: bytes) -> None:
    folder = lamp(tmp_path / "leds")
    (tmp_path / "note").write_bytes(note)
    give_back(tmp_path / "note", tmp_path / "leds")
    assert (folder / "trigger").read_text() == TRIGGERS
    assert not (tmp_path / "note").exists()


def test_a_lamp_that_is_not_ours_to_light_leaves_no_note(tmp_path: Path) -> None:
    folder = lamp(tmp_path / "leds")
    (folder / "trigger").unlink()
    (folder / "trigger").mkdir()
    with pytest.raises(OSError, match="directory"):
        BorrowedLed(folder, tmp_path / "note").borrow()
    assert not (tmp_path / "note").exists()
