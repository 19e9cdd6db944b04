"""What may be said of code scanners, and of how those who hold up a code are answered."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from shopbell_edge.config.feedback import feedback_faults
from tests.edge.test_config import BROKER, HEAD, RETAILER, faults, read

if TYPE_CHECKING:
    from pathlib import Path


SERIAL = '[[usb_scanners]]\nkind = "serial"\nscanner = "till"\ndevice = "/dev/serial/by-id/gun"\n'
EVDEV = '[[usb_scanners]]\nkind = "evdev"\nscanner = "desk"\ndevice = "/dev/input/by-id/gun"\n'


def test_an_edge_may_be_nothing_but_code_scanners_that_are_not_there_yet(tmp_path: Path) -> None:
    settings = read(tmp_path, HEAD + BROKER + RETAILER + SERIAL + EVDEV)
    assert [each.scanner for each in settings.usb_scanners] == ["till", "desk"]
    assert [each.feedback for each in settings.usb_scanners] == [("log",)] * 2


def test_all_that_is_wrong_with_code_scanners_is_said_at_once(tmp_path: Path) -> None:
    said = faults(
        tmp_path,
        HEAD
        + BROKER
        + RETAILER
        + SERIAL
        + 'feedback = ["beep", "beep", "led:no-such-lamp"]\n'
        + SERIAL
        + EVDEV.replace("/dev/input/by-id/gun", "event3")
        + EVDEV.replace("/dev/input/by-id/gun", "").replace("desk", "door")
        + '[[cameras]]\nscanner = "cam"\ndevice = 0\nfeedback = ["log", "beep"]\n',
    )
    for fault in (
        'usb_scanners[0].feedback: "beep" stands twice; once is enough',
        "usb_scanners[0].feedback: this machine has no lamp no-such-lamp; it has: ",
        "usb_scanners[1].device: the same as that of usb_scanners[0]; a device has one reader",
        'usb_scanners[2].device: "event3" is no whole path',
        "usb_scanners[3].device: empty",
        'scanner: "till" stands twice',
        'cameras[0].feedback: "beep" is for [[usb_scanners]]',
    ):
        assert fault in said


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (
            'feedback = ["led:../../x"]\n',
            'usb_scanners[0].feedback: "led:../../x" is no way to answer; write log',
        ),
        (
            'feedback = ["led:.."]\n',
            'usb_scanners[0].feedback: "led:.." is no way to answer; write log',
        ),
        (
            'feedback = ["loud"]\n',
            'usb_scanners[0].feedback: "loud" is no way to answer; write log',
        ),
        ("baud = 12345\n", "usb_scanners[0].baud: 12345"),
        ('identifiers = "maybe"\n', "usb_scanners[0].identifiers"),
    ],
)
def test_what_a_code_scanner_cannot_be_told_is_refused_by_name(
    tmp_path: Path, line: str, says: str
) -> None:
    assert says in faults(tmp_path, HEAD + BROKER + RETAILER + SERIAL + line)


def test_a_keyboard_has_no_baud(tmp_path: Path) -> None:
    assert "usb_scanners[0].baud" in faults(
        tmp_path, HEAD + BROKER + RETAILER + EVDEV + "baud = 9600\n"
    )


def test_a_lamp_must_be_there_and_ours_to_light(tmp_path: Path) -> None:
    lamp = tmp_path / "ACT"
    lamp.mkdir()
    (tmp_path / "other").mkdir()
    ways = ["led:ACT"]
    (fault,) = feedback_faults("cameras[0].feedback", ways, bell=False, leds=tmp_path)
    assert fault.problem == "this machine has no lamp ACT; it has: ACT, other"
    (lamp / "brightness").write_text("0")
    assert list(feedback_faults("", ways, bell=False, leds=tmp_path)) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everything; run this as another user")
def test_a_lamp_of_another_user_is_refused_with_the_remedy(tmp_path: Path) -> None:
    lamp = tmp_path / "ACT"
    lamp.mkdir()
    (lamp / "brightness").write_text("0")
    (lamp / "brightness").chmod(0o444)
    (fault,) = feedback_faults("", ["led:ACT"], bell=False, leds=tmp_path)
    assert "install 60-shopbell.rules" in fault.problem
