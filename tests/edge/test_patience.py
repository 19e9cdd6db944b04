"""A process that ended over a deaf radio is followed by one that does not end so at once: real processes."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from shopbell_edge.adapters.clock import system_clock
from shopbell_edge.adapters.exit_note import ExitNote
from shopbell_edge.core.recovery import Recovery
from tests.faults.daemon import Daemon
from tests.rigs.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.rigs.fake_bluez.client import FakeBluez


ENDS_AFTER = Recovery().attempts
"""So many silent scans end a process, if it may."""


def written(folder: Path) -> Path:
    path = folder / "edge.toml"
    path.write_text(
        'tenant = "acme"\nedge = "door"\n[broker]\nhost = "127.0.0.1"\nport = 9\n'
        '[retailer]\nuuid = "6f2a1c5e-9b7d-4e03-a1c4-0f5d2e8b7a61"\nprefix = "5bb0e111"\n'
        f'[spool]\npath = "{folder}/spool.db"\n[clock]\nsource = "system"\n'
        '[[radios]]\nkind = "bluetooth"\nhear = "bleak"\nsilent_s = 1.0\n'
    )
    return path


async def test_after_an_end_over_a_radio_the_next_process_is_more_patient(
    tmp_path: Path, bluez: FakeBluez
) -> None:
    ExitNote(tmp_path / "spool.db.exit").write(system_clock("system", err_ms=0).now())
    command = [
        sys.executable,
        "-m",
        "shopbell_edge",
        "run",
        "--config",
        str(written(tmp_path)),
    ]
    daemon = Daemon("door", command, tmp_path, "edge_started")
    try:
        daemon.start()
        await daemon.works()
        await bluez.scanning()

        async def more_than_ten_scans() -> bool:
            # A bluetoothd that was restarted as a remedy counts from 0.
            return not daemon.alive or await bluez.starts() > ENDS_AFTER

        await until("a scan more", more_than_ten_scans, within_s=60)
        assert daemon.alive
        await daemon.stop()
    finally:
        daemon.kill()
