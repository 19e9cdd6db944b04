"""The edge's daemon as it is installed, with a radio on the system bus and a camera on a folder."""

from __future__ import annotations

import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from tests.bench.air import RETAILER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.bench.server import Site

CONFIG: Final = """
tenant = "acme"
edge = "edge-0"
rules = "{rules}"
[broker]
host = "127.0.0.1"
port = {port}
protocol = "3.1.1"
username = "edge"
password_file = "{folder}/edge.password"
[retailer]
uuid = "{uuid}"
prefix = "{prefix}"
[spool]
path = "{folder}/spool.db"
[clock]
source = "system"
[sending]
reconnect_wait_s = 0
[[radios]]
kind = "bluetooth"
adapter = "hci0"
[[cameras]]
scanner = "camera"
folder = "{folder}/camera"
consume = true
"""

START_S: Final = 40.0
STOP_S: Final = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Daemon:
    """A running edge; `camera` is the folder that it looks into."""

    pid: int
    camera: Path


@contextmanager
def edge_daemon(site: Site, *, rules: Literal["standard", "demo"] = "demo") -> Iterator[Daemon]:
    """Run `shopbell-edge run` at a site, connected."""
    camera = site.folder / "camera"
    camera.mkdir()
    config, log = site.folder / "edge.toml", site.folder / "edge.log"
    config.write_text(
        CONFIG.format(
            port=site.port,
            folder=site.folder,
            uuid=RETAILER.uuid,
            prefix=RETAILER.prefix,
            rules=rules,
        )
    )
    program = Path(sys.executable).with_name("shopbell-edge")
    with (
        log.open("w") as out,
        subprocess.Popen(
            [program, "run", "--config", config], stdout=out, stderr=subprocess.STDOUT
        ) as process,
    ):
        try:
            _wait_for("uplink_connected", log, process)
            yield Daemon(pid=process.pid, camera=camera)
        finally:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(STOP_S)
            process.kill()


def _wait_for(event: str, log: Path, process: subprocess.Popen[bytes]) -> None:
    limit_s = time.monotonic() + START_S
    while event not in log.read_text():
        if process.poll() is not None or time.monotonic() > limit_s:
            raise RuntimeError(f"the edge did not start: {log.read_text()[-1000:]}")
        time.sleep(0.05)
