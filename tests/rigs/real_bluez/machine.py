"""The virtual machine: a real kernel and a real bluetoothd, by software emulation."""

from __future__ import annotations

import contextlib
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.rigs.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.rigs.real_bluez.build import Appliance

BOOT_S: Final = 90.0
"""It takes 5 to 15 s alone on two cores; beside other work, several times that."""

CONSOLE_LINES: Final = 20
"""How much of a guest's console a failure quotes: the last messages of its kernel."""

KERNEL: Final = (
    "console=ttyS0 quiet panic=-1 mitigations=off cryptomgr.notests random.trust_cpu=on"
    " no_timer_check"
)
"""No self-tests of ciphers, no mitigations and no waiting for entropy: each costs seconds when emulated.
No check of the timer: beside other work it may see no tick in time ("8254 timer not connected to
IO-APIC"), and that was the last a guest said that never became ready."""


class NoGuestError(RuntimeError):
    """No controller comes up in this guest, nor in the one that took its place; no test can use it."""


class Machine:
    """A guest: ports on loopback, and what it said of itself. Made by `booted`."""

    def __init__(self, appliance: Appliance, console: Path) -> None:
        self.bus_port, self.controller_port, self.shell_port, self.management_port = (
            free_port() for _ in range(4)
        )
        self.banner = ""
        self.boot_s = 0.0
        self._appliance = appliance
        self._console = console
        self._qemu: subprocess.Popen[bytes] | None = None
        self._renewed = False
        self._given_up = ""

    @property
    def bus_address(self) -> str:
        """Its system bus, for DBUS_SYSTEM_BUS_ADDRESS. It stays the same when the guest is renewed."""
        return f"tcp:host=127.0.0.1,port={self.bus_port}"

    def check(self) -> None:
        """Raise NoGuestError at once if it was given up."""
        if self._given_up:
            raise NoGuestError(self._given_up)

    def renew(self, why: str) -> None:
        """Boot another guest on the same ports; raise NoGuestError if that was done before."""
        end = "\n".join(self._console.read_text(errors="replace").splitlines()[-CONSOLE_LINES:])
        if self._renewed:
            self._given_up = f"a new guest did not help: {why}; the end of its console:\n{end}"
            self.check()
        self._renewed = True
        self.stop()
        try:
            self.start()
        except RuntimeError as error:
            self._given_up = f"{why}; then a new guest did not start: {error}"
            raise NoGuestError(self._given_up) from error

    def start(self) -> None:
        """Boot it; return when it is ready, or raise RuntimeError after BOOT_S."""
        forwards = "".join(
            f",hostfwd=tcp:127.0.0.1:{outside}-:{inside}"
            for outside, inside in (
                (self.bus_port, 5555),
                (self.controller_port, 5556),
                (self.shell_port, 5557),
                (self.management_port, 5558),
            )
        )
        started_s = time.monotonic()
        self._console.unlink(missing_ok=True)  # what an earlier guest said is not this one's
        command = [
            "qemu-system-x86_64",
            *("-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2", "-m", "384"),
            *("-nodefaults", "-no-reboot", "-display", "none", "-serial", f"file:{self._console}"),
            *("-kernel", str(self._appliance.kernel), "-initrd", str(self._appliance.initramfs)),
            *("-append", KERNEL),
            *("-netdev", f"user,id=n,restrict=on{forwards}"),  # restrict: the guest reaches nobody
            *("-device", "virtio-net-pci,netdev=n,romfile="),
        ]
        self._qemu = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self.banner = _banner(self._qemu, self._console)
        self.boot_s = time.monotonic() - started_s

    def stop(self) -> None:
        """Stop it, if it runs."""
        if self._qemu is not None:
            with self._qemu as qemu:
                qemu.kill()
            self._qemu = None


@contextlib.contextmanager
def booted(appliance: Appliance) -> Iterator[Machine]:
    """Boot a machine and stop it at the end of the block."""
    with tempfile.TemporaryDirectory(prefix="shopbell-vm-") as folder:
        machine = Machine(appliance, Path(folder, "console"))
        try:
            machine.start()
            yield machine
        finally:
            machine.stop()


def _banner(qemu: subprocess.Popen[bytes], console: Path) -> str:
    """Wait until the guest says that it is ready; return what it says."""
    give_up_s, said = time.monotonic() + BOOT_S, ""
    while time.monotonic() < give_up_s:
        said = console.read_text(errors="replace") if console.exists() else ""
        for line in said.splitlines():
            if line.startswith("READY "):
                return line.removeprefix("READY ")
        if qemu.poll() is not None:
            assert qemu.stderr is not None
            raise RuntimeError(f"qemu ended: {qemu.stderr.read().decode(errors='replace')[-1000:]}")
        time.sleep(0.05)
    raise RuntimeError(f"the guest was not ready after {BOOT_S:.0f} s; its console: {said[-1000:]}")
