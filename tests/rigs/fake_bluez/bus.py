"""A message bus of one's own, for as long as a test needs it."""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

START_S: Final = 10.0

CONFIG: Final = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path={socket}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/><allow own="*"/>
    <allow send_destination="*"/><allow receive_sender="*"/>
  </policy>
  <limit name="max_outgoing_bytes">268435456</limit>
  <limit name="max_incoming_bytes">268435456</limit>
</busconfig>
"""
"""Everybody may do everything. The limits let a burst wait in the bus; without them its reader is cut off."""


def missing() -> str | None:
    """Return what is missing to run a bus, and how to get it; None if nothing is."""
    if shutil.which("dbus-daemon"):
        return None
    return "no dbus-daemon: apt-get install dbus-daemon"


@contextlib.contextmanager
def message_bus(place: Path | None = None) -> Iterator[str]:
    """Run a bus; yield its address. In the folder `place` it has the same address each time."""
    with contextlib.ExitStack() as stack:
        folder = place or Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="shopbell-bus-"))
        )
        (folder / "socket").unlink(missing_ok=True)  # of one that was killed
        config = folder / "bus.conf"
        config.write_text(CONFIG.format(socket=folder / "socket"))
        command = ["dbus-daemon", f"--config-file={config}", "--nofork", "--print-address=1"]
        with (
            (folder / "complaints").open("w") as complaints,  # of the limits it may not raise
            running(command, stderr=complaints) as address,
        ):
            yield address


@contextlib.contextmanager
def running(
    command: list[str],
    *,
    stderr: IO[str] | None = None,
    within_s: float = START_S,
    **environment: str,
) -> Iterator[str]:
    """Run a process until the end of the block; yield the first line it prints, which says it is ready."""
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=stderr, text=True, env=os.environ | environment
    ) as process:
        assert process.stdout is not None
        try:
            ready, _, _ = select.select([process.stdout], [], [], within_s)
            line = process.stdout.readline().strip() if ready else ""
            if not line:
                raise RuntimeError(f"{command[0]} did not start within {within_s:.0f} s")
            yield line
        finally:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(START_S)
            process.kill()


@contextlib.contextmanager
def system_bus_at(address: str) -> Iterator[None]:
    """Let this process, and those it starts, take the bus at `address` for the system's."""
    before = os.environ.get("DBUS_SYSTEM_BUS_ADDRESS")
    os.environ["DBUS_SYSTEM_BUS_ADDRESS"] = address
    try:
        yield
    finally:
        del os.environ["DBUS_SYSTEM_BUS_ADDRESS"]
        if before is not None:
            os.environ["DBUS_SYSTEM_BUS_ADDRESS"] = before
