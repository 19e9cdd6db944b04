from __future__ import annotations

import pytest

from shopbell_edge.core.doctor.readers import CameraSeen, UsbSeen, camera, usb_scanner


@pytest.mark.parametrize(
    ("seen", "verdict", "says"),
    [
        (CameraSeen(scanner="c", problem="", frames_per_s=15.0), "PASS", "15 frames/s"),
        (CameraSeen(scanner="c", problem=""), "PASS", "folder"),
        (CameraSeen(scanner="c", problem="", frames_per_s=4.9), "WARN", "more light"),
        (
            CameraSeen(scanner="c", problem="", frames_per_s=15.0, unfenced=("syscalls",)),
            "WARN",
            "syscalls",
        ),
        (CameraSeen(scanner="c", problem="no_camera"), "FAIL", "ls -l /dev/video*"),
        (CameraSeen(scanner="c", problem="decoder_died"), "FAIL", "journalctl"),
    ],
)
def test_cameras(seen: CameraSeen, verdict: str, says: str) -> None:
    found = camera(seen)
    assert (found.check, found.verdict) == ("camera c", verdict)
    assert says in f"{found.found} {found.remedy}"


@pytest.mark.parametrize(
    ("problem", "verdict", "says"),
    [
        ("", "PASS", "ours alone"),
        ("in_use", "FAIL", "fuser"),
        ("device_error", "FAIL", "dmesg"),
    ],
)
def test_handheld_scanners(problem: str, verdict: str, says: str) -> None:
    found = usb_scanner(UsbSeen(scanner="gun", problem=problem))
    assert (found.check, found.verdict) == ("usb-scanner gun", verdict)
    assert says in f"{found.found} {found.remedy}"
