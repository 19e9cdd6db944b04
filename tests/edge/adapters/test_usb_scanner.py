"""Handheld scanners: what holds for each kind of device, and what for one."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Protocol

import pytest

from shopbell_edge.adapters.usb_scanner.input_device import (
    InputDevice,
    InputDevices,
    KernelInputDevices,
)
from shopbell_edge.adapters.usb_scanner.reader import UsbScanner
from shopbell_edge.adapters.usb_scanner.serial_port import SerialPort
from shopbell_edge.core.units import ScannerName
from tests.edge.adapters.reading import reading
from tests.edge.tasks.running import settle
from tests.fakes.input_devices import BELL, FakeInputDevice, FakeInputDevices
from tests.fakes.keyboard import ENTER, EV_KEY, events_of, press
from tests.rigs import uinput
from tests.rigs.pty_scanner import PtyScanner
from tests.rigs.uinput import UinputScanner
from tests.rigs.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from shopbell_edge.adapters.usb_scanner.reader import Attached
    from shopbell_edge.core.symbology import Identifiers

PASS = "SB1.K7Q2M9X4TR3WA.1795262820.48775424"
NUMBER = "2912345678906"
UNPLUGGED = ("blind", "unplugged")
ATTACHED = ("hearing", "attached")
needs_uinput = pytest.mark.skipif(uinput.missing() is not None, reason=f"{uinput.missing()}")


class Gun(Protocol):
    """A scanner in a hand."""

    def plug(self) -> None: ...

    def unplug(self) -> None: ...

    def scan(self, text: str) -> None: ...

    def half(self, text: str) -> None:
        """Begin a code and do not end it."""
        ...

    def bells(self) -> int:
        """Return how often it was told to ring since the last call."""
        ...

    def attach(self) -> Attached: ...


class SerialGun(PtyScanner):
    def half(self, text: str) -> None:
        self.send(text.encode())

    def bells(self) -> int:
        return self.heard().count(b"\x07")

    def attach(self) -> SerialPort:
        return SerialPort(str(self.path), 9600)


class KeyGun:
    """Of a kind of input device, real or not."""

    def __init__(self, device: FakeInputDevice | UinputScanner, devices: InputDevices) -> None:
        self.device = device
        self.devices = devices
        self.plug, self.unplug, self.scan = device.plug, device.unplug, device.scan

    def half(self, text: str) -> None:
        self.device.send(*events_of(text))

    def bells(self) -> int:
        return sum(1 for kind, code, on in self.device.heard() if (kind, code) == BELL and on)

    def attach(self) -> InputDevice:
        return InputDevice(self.device.path, self.devices)


@pytest.fixture(params=["serial", "keys", pytest.param("uinput", marks=needs_uinput)])
def gun(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Gun]:
    if request.param == "serial":
        with SerialGun(tmp_path / "scanner") as serial:
            yield serial
        return
    device: FakeInputDevice | UinputScanner
    if request.param == "keys":
        device = FakeInputDevice()
        yield KeyGun(device, FakeInputDevices(device))
    else:
        device = UinputScanner(tmp_path / "scanner")
        yield KeyGun(device, KernelInputDevices())
    try:
        device.unplug()
    except (AssertionError, FileNotFoundError):
        return  # the test has done so


def scanner_of(
    gun: Gun, *, gap_s: float = 30.0, identifiers: Identifiers = "optional"
) -> UsbScanner:
    return UsbScanner(
        ScannerName("gun"), gun.attach, identifiers=identifiers, gap_s=gap_s, again_s=0.05
    )


async def test_codes_are_read_in_order_and_as_often_as_they_come(gun: Gun) -> None:
    gun.plug()
    async with reading(scanner_of(gun)) as heard:
        await heard.mood(ATTACHED)
        for text in (PASS, NUMBER, NUMBER):
            gun.scan(text)
        await heard.read(("QR Code", PASS), ("EAN-13", NUMBER), ("EAN-13", NUMBER))


async def test_it_may_be_plugged_in_later_and_out_and_in_again(gun: Gun) -> None:
    async with reading(scanner_of(gun)) as heard:
        await heard.mood(UNPLUGGED)
        for nth in (1, 2, 3):
            gun.plug()
            await heard.mood(*[UNPLUGGED, ATTACHED] * nth)
            gun.scan(NUMBER)
            await heard.read(*[("EAN-13", NUMBER)] * nth)
            gun.unplug()
            await heard.mood(*[UNPLUGGED, ATTACHED] * nth, UNPLUGGED)


async def test_half_a_code_is_refused_when_the_scanner_goes_and_forgotten_when_it_comes(
    gun: Gun,
) -> None:
    gun.plug()
    async with reading(scanner_of(gun)) as heard:
        await heard.mood(ATTACHED)
        gun.half("29123")
        await settle()
        gun.unplug()
        await heard.mood(ATTACHED, UNPLUGGED)
        gun.plug()
        await heard.mood(ATTACHED, UNPLUGGED, ATTACHED)
        gun.scan(NUMBER)
        await until("read", lambda: heard.codes[-1:] == [("EAN-13", NUMBER)])
        # A terminal that hangs up may take what it had not handed over with it.
        assert heard.codes[:-1] in ([], ["cut"])


async def test_silence_within_a_code_refuses_it_and_the_one_after_it(gun: Gun) -> None:
    gun.plug()
    async with reading(scanner_of(gun, gap_s=0.05)) as heard:
        await heard.mood(ATTACHED)
        gun.half("29123")
        await heard.read("cut")
        gun.scan("45678906")
        await heard.read("cut", "cut")


async def test_control_characters_are_no_code_and_steer_nothing(gun: Gun) -> None:
    gun.plug()
    async with reading(scanner_of(gun)) as heard:
        await heard.mood(ATTACHED)
        for character in "\x03\x0f\x11\x13\x1a":  # interrupt, discard, go on, stop, suspend
            gun.scan(f"29{character}12345678906")
        gun.scan(NUMBER)
        await heard.read(*["charset"] * 5, ("EAN-13", NUMBER))
        assert gun.bells() == 0


async def test_what_the_scanner_says_of_the_symbology_is_believed(gun: Gun) -> None:
    gun.plug()
    async with reading(scanner_of(gun, identifiers="required")) as heard:
        await heard.mood(ATTACHED)
        gun.scan(f"]C0{NUMBER}")
        gun.scan(NUMBER)
        await heard.read(("Code 128", NUMBER), "no_identifier")


async def test_it_rings_while_it_is_there(gun: Gun) -> None:
    scanner = scanner_of(gun)
    with pytest.raises(OSError, match="not plugged in"):
        scanner.switch(on=True)
    gun.plug()
    async with reading(scanner) as heard:
        await heard.mood(ATTACHED)
        scanner.switch(on=True)
        scanner.switch(on=False)
        rung = 0

        def ringing() -> bool:
            nonlocal rung
            rung += gun.bells()
            return rung == 1

        await until("rung", ringing)
        gun.unplug()
        await heard.mood(ATTACHED, UNPLUGGED)
        with pytest.raises(OSError, match="not plugged in"):
            scanner.switch(on=True)


async def test_it_is_let_go_when_the_reading_ends(gun: Gun) -> None:
    gun.plug()
    for _ in range(2):
        async with reading(scanner_of(gun)) as heard:
            await heard.mood(ATTACHED)
    async with reading(scanner_of(gun)) as heard:
        await heard.mood(ATTACHED)


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208  (a count, of what may go meanwhile)


async def test_nothing_is_left_open_by_devices_that_come_and_go(gun: Gun) -> None:
    async with reading(scanner_of(gun)) as heard:
        await heard.mood(UNPLUGGED)
        before = descriptors()
        for nth in range(1, 6):
            gun.plug()
            await heard.mood(*[UNPLUGGED, ATTACHED] * nth)
            gun.unplug()
            await heard.mood(*[UNPLUGGED, ATTACHED] * nth, UNPLUGGED)
        await until("closed", lambda: descriptors() == before)


async def test_what_came_before_it_was_ours_is_not_read(tmp_path: Path) -> None:
    with SerialGun(tmp_path / "scanner") as gun:
        gun.plug()
        gun.scan(NUMBER)
        gun.half("half of a co")
        async with reading(scanner_of(gun)) as heard:
            await heard.mood(ATTACHED)
            gun.scan(PASS)
            await heard.read(("QR Code", PASS))


async def test_a_serial_port_sends_nothing_back(tmp_path: Path) -> None:
    with SerialGun(tmp_path / "scanner") as gun:
        gun.plug()
        async with reading(scanner_of(gun)) as heard:
            await heard.mood(ATTACHED)
            gun.scan(NUMBER)
            await heard.read(("EAN-13", NUMBER))
            assert gun.heard() == b""


@pytest.mark.parametrize("what", ["file", "folder"])
@pytest.mark.parametrize("kind", ["serial", "evdev"])
async def test_what_is_no_such_device_is_said_once_and_waited_for(
    tmp_path: Path, what: str, kind: str
) -> None:
    place = tmp_path / "scanner"
    place.touch() if what == "file" else place.mkdir()

    def attach() -> Attached:
        if kind == "serial":
            return SerialPort(str(place), 9600)
        return InputDevice(str(place), KernelInputDevices())

    async with reading(UsbScanner(ScannerName("gun"), attach, again_s=0.005)) as heard:
        await heard.mood(("blind", "wrong_device"))
        before = descriptors()
        place.unlink() if what == "file" else place.rmdir()
        await heard.mood(("blind", "wrong_device"), UNPLUGGED)
        assert descriptors() == before


async def test_a_device_of_another_user_is_reported() -> None:
    def attach() -> Attached:
        raise PermissionError(13, "Permission denied")

    async with reading(UsbScanner(ScannerName("gun"), attach, again_s=0.005)) as heard:
        await heard.mood(("blind", "permission_denied"))


@pytest.fixture(params=["fake", pytest.param("kernel", marks=needs_uinput)])
def keyboard(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[KeyGun]:
    """Give a test an input device: the fake and the real one promise the same."""
    device: FakeInputDevice | UinputScanner
    if request.param == "fake":
        device = FakeInputDevice()
        device.plug()
        yield KeyGun(device, FakeInputDevices(device))
    else:
        device = UinputScanner(tmp_path / "scanner")
        device.plug()
        yield KeyGun(device, KernelInputDevices())
    device.unplug()


def test_whoever_grabs_a_device_has_its_events_alone(keyboard: KeyGun) -> None:
    devices, path = keyboard.devices, keyboard.device.path
    console, ours = devices.open(path), devices.open(path)
    try:
        keyboard.device.send(*press(ENTER))
        keyboard.device.finish()
        assert os.read(console, 4096)
        devices.grab(ours)
        with pytest.raises(OSError, match="busy"):
            devices.grab(console)
        keyboard.device.send(*press(ENTER))
        keyboard.device.finish()
        assert os.read(ours, 4096)
        with pytest.raises(BlockingIOError):
            os.read(console, 4096)
        os.close(ours)
        devices.grab(console)
    finally:
        os.close(console)


def test_a_device_says_which_keys_and_sounds_it_has(keyboard: KeyGun) -> None:
    reader = keyboard.devices.open(keyboard.device.path)
    try:
        assert keyboard.devices.codes(reader, EV_KEY)[ENTER // 8] >> ENTER % 8 & 1
        assert keyboard.devices.codes(reader, BELL[0])[0] >> BELL[1] & 1
        assert not any(keyboard.devices.codes(reader, 3))
    finally:
        os.close(reader)


def test_a_device_that_is_not_there_cannot_be_opened(keyboard: KeyGun) -> None:
    with pytest.raises(FileNotFoundError):
        keyboard.devices.open(f"{keyboard.device.path}-other")


async def test_a_keyboard_that_another_program_has_is_not_read(keyboard: KeyGun) -> None:
    other = keyboard.devices.open(keyboard.device.path)
    keyboard.devices.grab(other)
    try:
        async with reading(scanner_of(keyboard)) as heard:
            await heard.mood(("blind", "in_use"))
            keyboard.scan(NUMBER)
            keyboard.device.finish()
            os.close(other)
            await heard.mood(("blind", "in_use"), ATTACHED)
            keyboard.scan(PASS)
            await heard.read(("QR Code", PASS))
    finally:
        if heard.moods[-1] != ATTACHED:
            os.close(other)


async def test_more_than_the_kernel_keeps_waits_for_a_loop_that_is_away() -> None:
    device = FakeInputDevice()
    gun = KeyGun(device, FakeInputDevices(device))
    gun.plug()
    async with reading(scanner_of(gun)) as heard:
        await heard.mood(ATTACHED)
        for _ in range(10):
            gun.scan(PASS)
        # The loop is away, here: the thread empties what the device has to say all the same.
        emptied(device)
        await heard.read(*[("QR Code", PASS)] * 10)
    gun.unplug()


def emptied(device: FakeInputDevice) -> None:
    """Return once nothing waits in the device; without the event loop."""
    deadline = time.monotonic() + 10
    while device.waiting():
        assert time.monotonic() < deadline, "nobody reads"
        time.sleep(0.001)


async def test_what_has_no_keys_for_a_code_is_not_taken() -> None:
    mouse = FakeInputDevice(bits={0: b"\x07", EV_KEY: bytes(0x22) + b"\x07"})
    mouse.plug()
    async with reading(scanner_of(KeyGun(mouse, FakeInputDevices(mouse)))) as heard:
        await heard.mood(("blind", "wrong_device"))
        assert mouse.grabbed_by is None
    mouse.unplug()


async def test_a_keyboard_without_a_bell_cannot_ring() -> None:
    device = FakeInputDevice(bits={0: b"\x03", EV_KEY: bytes([0xFF]) * 96})
    device.plug()
    scanner = scanner_of(KeyGun(device, FakeInputDevices(device)))
    async with reading(scanner) as heard:
        await heard.mood(ATTACHED)
        with pytest.raises(OSError, match="not supported"):
            scanner.switch(on=True)
    device.unplug()
