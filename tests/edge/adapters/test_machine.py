"""The readings of a machine, from a tree of files as its kernel shows them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from shopbell_edge.adapters.machine import MachineFiles, bluez_version, seconds, unit, user

if TYPE_CHECKING:
    from pathlib import Path


def written(root: Path, files: dict[str, str]) -> MachineFiles:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return MachineFiles(root=root)


def test_a_raspberry_pi_says_how_it_is(tmp_path: Path) -> None:
    files = written(
        tmp_path,
        {
            "proc/device-tree/model": "Raspberry Pi 4 Model B Rev 1.5\0",
            "proc/meminfo": "MemTotal: 3884136 kB\nMemAvailable:     204800 kB\n",
            "proc/self/status": "Name:\tx\nCapEff:\t0000000000001000\n",
            "sys/class/thermal/thermal_zone0/temp": "51121\n",
            "sys/class/thermal/thermal_zone1/temp": "-40000\n",
            "sys/devices/platform/soc/soc:firmware/get_throttled": "50005\n",
            "proc/7/comm": "systemd-timesyn\n",
            "proc/8/comm": "chronyd\n",
            "proc/9/comm": "chronyd\n",
            "proc/10/comm": "bash\n",
            "etc/bluetooth/main.conf": "[General]\nControllerMode = le\n",
        },
    )
    seen = files.machine("1.2.3")
    assert (seen.hottest_c, seen.throttled, seen.available_bytes) == (51.121, 0x50005, 200 << 20)
    assert files.is_pi()
    assert files.capabilities() == 1 << 12
    assert files.keepers() == ("chrony", "systemd-timesyncd")
    assert files.main_conf() == "[General]\nControllerMode = le\n"


def test_a_machine_that_says_nothing_is_taken_as_it_is(tmp_path: Path) -> None:
    files = MachineFiles(root=tmp_path)
    seen = files.machine("1.2.3")
    assert (seen.hottest_c, seen.throttled, seen.available_bytes) == (None, None, None)
    assert not files.is_pi()
    assert files.capabilities() == 0
    assert (files.main_conf(), files.blocked("hci0"), files.usb("hci0")) == (None, None, None)


def test_nonsense_is_no_reading(tmp_path: Path) -> None:
    files = written(
        tmp_path,
        {
            "sys/class/thermal/thermal_zone0/temp": "hot\n",
            "sys/devices/platform/soc/soc:firmware/get_throttled": "yes\n",
        },
    )
    assert files.machine("1").hottest_c is None
    assert files.machine("1").throttled is None


@pytest.mark.parametrize(
    ("soft", "hard", "blocked"), [("0", "0", None), ("1", "0", "soft"), ("1", "1", "hard")]
)
def test_rfkill(tmp_path: Path, soft: str, hard: str, blocked: str | None) -> None:
    at = "sys/class/bluetooth/hci0/rfkill0"
    files = written(tmp_path, {f"{at}/soft": f"{soft}\n", f"{at}/hard": f"{hard}\n"})
    assert files.blocked("hci0") == blocked


def test_an_adapter_on_usb_says_of_whom_it_is(tmp_path: Path) -> None:
    device = "sys/devices/usb1/1-1"
    files = written(
        tmp_path,
        {
            f"{device}/idVendor": "0bda\n",
            f"{device}/idProduct": "8771\n",
            f"{device}/1-1:1.0/x": "",
            "sys/class/bluetooth/hci0/x": "",
        },
    )
    (tmp_path / "sys/class/bluetooth/hci0/device").symlink_to(tmp_path / device / "1-1:1.0")
    assert files.usb("hci0") == "0bda:8771"


def test_the_medium_is_that_of_the_file_system(tmp_path: Path) -> None:
    device = tmp_path.stat().st_dev
    place = f"sys/dev/block/{os.major(device)}:{os.minor(device)}"
    assert MachineFiles(root=tmp_path).medium(tmp_path) == ""
    assert written(tmp_path, {f"{place}/x": ""}).medium(tmp_path).count(":") == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [("30s", 30.0), ("1min 30s", 90.0), ("500ms", 0.5), ("infinity", 0.0), ("", 0.0), ("0", 0.0)],
)
def test_spans_as_systemd_writes_them(text: str, expected: float) -> None:
    assert seconds(text) == expected


async def test_commands_that_are_not_there_say_nothing() -> None:
    before = os.environ["PATH"]
    os.environ["PATH"] = "/nowhere"
    try:
        assert not (await unit()).loaded
        assert await bluez_version() is None
    finally:
        os.environ["PATH"] = before


async def test_what_systemd_and_bluez_say_is_read(tmp_path: Path) -> None:
    commands = {
        "systemctl": "echo LoadState=loaded; echo ActiveState=active; echo WatchdogUSec=30s; "
        "echo User=shopbell-edge; echo AmbientCapabilities=cap_net_admin",
        "bluetoothctl": "echo 'bluetoothctl: 5.82'",
    }
    for name, text in commands.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n")
        (tmp_path / name).chmod(0o755)
    before = os.environ["PATH"]
    os.environ["PATH"] = f"{tmp_path}:{before}"
    try:
        said = await unit()
        assert (said.loaded, said.active, said.watchdog_s, said.user) == (
            True,
            True,
            30.0,
            "shopbell-edge",
        )
        assert said.ambient == {"cap_net_admin"}
        assert await bluez_version() == "5.82"
    finally:
        os.environ["PATH"] = before


def test_somebody_asks() -> None:
    assert user()
