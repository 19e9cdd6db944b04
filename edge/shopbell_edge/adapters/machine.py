"""What this machine says of itself, in /proc, in /sys and by the commands of its system.

Owns: where each reading lies, and in which form.
Never: changes anything, or judges (`core.doctor`).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import platform
import pwd
import struct
import sys
from asyncio.subprocess import DEVNULL, PIPE
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from shopbell_edge.core.doctor.machine import Machine
from shopbell_edge.core.doctor.supervision import Unit

if TYPE_CHECKING:
    from collections.abc import Mapping

ANSWER_S: Final = 5.0
"""For a command that answers from memory."""

UNIT: Final = "shopbell-edge.service"

KEEPERS: Final[Mapping[str, str]] = {
    "chronyd": "chrony",
    "systemd-timesyn": "systemd-timesyncd",
    "ntpd": "ntpd",
    "ntp-daemon": "ntpd-rs",
    "openntpd": "openntpd",
}
"""Programs that keep the time, by the 15 characters that the kernel remembers of their names."""

MOST_BYTES: Final = 65_536
"""Of a file that is read here; those of /proc and /sys, and main.conf, have a few thousand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineFiles:
    """The files of this machine, under `root`."""

    root: Path = Path("/")

    def machine(self, software: str) -> Machine:
        """Return what is to be judged of it as such."""
        return Machine(
            software=software,
            python=sys.version_info[:3],
            bits=8 * struct.calcsize("P"),
            kernel=platform.release(),
            hottest_c=self._hottest_c(),
            throttled=self._throttled(),
            available_bytes=self._available_bytes(),
        )

    def is_pi(self) -> bool:
        """Return whether this is a Raspberry Pi."""
        return (self._read("proc/device-tree/model") or "").startswith("Raspberry Pi")

    def capabilities(self) -> int:
        """Return the mask of this process."""
        status = self._read("proc/self/status") or ""
        masks = [line.split()[1] for line in status.splitlines() if line.startswith("CapEff:")]
        return int(masks[0], 16) if masks else 0

    def main_conf(self) -> str | None:
        """Return the settings of bluetoothd."""
        return self._read("etc/bluetooth/main.conf")

    def keepers(self) -> tuple[str, ...]:
        """Return which programs that keep the time run now, each once."""
        names = (self._read(each) for each in self._all("proc/[0-9]*/comm"))
        running = {KEEPERS.get((name or "").strip()) for name in names}
        return tuple(sorted(each for each in running if each is not None))

    def blocked(self, adapter: str) -> Literal["soft", "hard"] | None:
        """Return how rfkill blocks `adapter`, if it does."""
        for each in self._all(f"sys/class/bluetooth/{adapter}/rfkill*"):
            if (self._read(f"{each}/hard") or "").strip() == "1":
                return "hard"
            if (self._read(f"{each}/soft") or "").strip() == "1":
                return "soft"
        return None

    def usb(self, adapter: str) -> str | None:
        """Return vendor and product of an adapter on USB."""
        # `device` is the interface of the USB device that has both.
        device = (self.root / "sys/class/bluetooth" / adapter / "device").resolve().parent
        found = [self._read(str(device / name)) for name in ("idVendor", "idProduct")]
        return ":".join(each.strip() for each in found if each) if all(found) else None

    def medium(self, folder: Path) -> str:
        """Return the name of the block device under `folder`, "" where there is none to name."""
        device = folder.stat().st_dev
        place = self.root / f"sys/dev/block/{os.major(device)}:{os.minor(device)}"
        return place.resolve().name if place.exists() else ""

    def _hottest_c(self) -> float | None:
        said = [self._read(each) for each in self._all("sys/class/thermal/thermal_zone*/temp")]
        milli = [int(each) for each in said if each and each.strip().lstrip("-").isdecimal()]
        return max(milli) / 1000 if milli else None

    def _throttled(self) -> int | None:
        for each in self._all("sys/devices/platform/soc*/*firmware/get_throttled"):
            with contextlib.suppress(ValueError):
                return int(self._read(each) or "", 16)
        return None

    def _available_bytes(self) -> int | None:
        for line in (self._read("proc/meminfo") or "").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
        return None

    def _all(self, pattern: str) -> list[str]:
        return sorted(str(each) for each in self.root.glob(pattern))

    def _read(self, path: str) -> str | None:
        """Return what stands there; None if nothing does, or not for us."""
        try:
            with (self.root / path).open("rb") as file:
                return file.read(MOST_BYTES).decode("utf-8", "replace").rstrip("\0")
        except OSError:
            return None


async def unit() -> Unit:
    """Return what systemd says of the daemon's unit; not loaded where there is no systemd."""
    said = await _said(
        "systemctl",
        "show",
        UNIT,
        "--property=LoadState,ActiveState,WatchdogUSec,User,AmbientCapabilities",
    )
    values = dict(line.split("=", 1) for line in (said or "").splitlines() if "=" in line)
    return Unit(
        loaded=values.get("LoadState") == "loaded",
        active=values.get("ActiveState") in {"active", "activating"},
        watchdog_s=seconds(values.get("WatchdogUSec", "")),
        user=values.get("User", ""),
        ambient=frozenset(values.get("AmbientCapabilities", "").lower().split()),
    )


async def bluez_version() -> str | None:
    """Return the version of BlueZ: its parts are installed together, and its control program says it."""
    said = await _said("bluetoothctl", "--version")
    return said.split()[-1] if said else None


def user() -> str:
    """Return who asks."""
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())


def seconds(text: str) -> float:
    """Return a span as systemd writes it ("1min 30s", "500ms") in seconds; 0 where it means none."""
    units = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86_400.0}
    total = 0.0
    for word in text.split():
        number = word.rstrip("abcdefghijklmnopqrstuvwxyz")
        if number.replace(".", "", 1).isdecimal():
            total += float(number) * units.get(word[len(number) :], 0.0)
    return total


async def _said(*command: str) -> str | None:
    """Return what a command prints; None if it is not there, fails, or does not answer."""
    try:
        process = await asyncio.create_subprocess_exec(
            *command, stdin=DEVNULL, stdout=PIPE, stderr=DEVNULL
        )
    except OSError:
        return None
    try:
        async with asyncio.timeout(ANSWER_S):
            out, _ = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        return None
    return out.decode("utf-8", "replace") if process.returncode == 0 else None
