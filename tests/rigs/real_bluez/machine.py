"""The virtual machine: a real kernel and a real bluetoothd, by software emulation."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.rigs.real_bluez.build import Appliance

BOOT_S: Final = 90.0
"""It takes 5 to 15 s alone on two cores; beside other work, several times that."""

KERNEL: Final = "console=ttyS0 quiet panic=-1 mitigations=off cryptomgr.notests random.trust_cpu=on"
"""No self-tests of ciphers, no mitigations and no waiting for entropy: each costs seconds when emulated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """A booted guest: ports on loopback, and what it said of itself."""

    bus_port: int
    controller_port: int
    shell_port: int
    management_port: int
    banner: str
    boot_s: float

    @property
    def bus_address(self) -> str:
        """Its system bus, for DBUS_SYSTEM_BUS_ADDRESS."""
        return f"tcp:host=127.0.0.1,port={self.bus_port}"


@contextlib.contextmanager
def booted(appliance: Appliance) -> Iterator[Machine]:
    """Boot a machine and stop it at the end of the block."""
    bus, controller, shell, management = _free_ports(4)
    forwards = "".join(
        f",hostfwd=tcp:127.0.0.1:{outside}-:{inside}"
        for outside, inside in (
            (bus, 5555),
            (controller, 5556),
            (shell, 5557),
            (management, 5558),
        )
    )
    with tempfile.TemporaryDirectory(prefix="shopbell-vm-") as folder:
        console = Path(folder, "console")
        started_s = time.monotonic()
        command = [
            "qemu-system-x86_64",
            *("-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2", "-m", "384"),
            *("-nodefaults", "-no-reboot", "-display", "none", "-serial", f"file:{console}"),
            *("-kernel", str(appliance.kernel), "-initrd", str(appliance.initramfs)),
            *("-append", KERNEL),
            *("-netdev", f"user,id=n,restrict=on{forwards}"),  # restrict: the guest reaches nobody
            *("-device", "virtio-net-pci,netdev=n,romfile="),
        ]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as qemu:
            try:
                banner = _banner(qemu, console)
                yield Machine(
                    bus_port=bus,
                    controller_port=controller,
                    shell_port=shell,
                    management_port=management,
                    banner=banner,
                    boot_s=time.monotonic() - started_s,
                )
            finally:
                qemu.kill()


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


def _free_ports(count: int) -> list[int]:
    """Return ports that were free a moment ago; qemu cannot be told to pick."""
    with contextlib.ExitStack() as open_:
        sockets = [open_.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
