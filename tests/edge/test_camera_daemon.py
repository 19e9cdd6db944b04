"""The daemon with a camera: what a decoder's end costs, and what is left of a picture."""

from __future__ import annotations

import asyncio
import io
import json
import os
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

import segno

from tests.edge.test_commands import command, running, written
from tests.rigs.waiting import until

if TYPE_CHECKING:
    import subprocess

PICTURE = b"\x89PNG\r\n\x1a\n"


def shown(number: int) -> str:
    return f"SB1.K7Q2M9X4TR3W{number}.{int(time.time())}.4877542{number}"


def hold_up(text: str, folder: Path, name: str) -> None:
    """Put a picture of a pass before the camera, whole as soon as it is there."""
    packed = io.BytesIO()
    segno.make(text, error="m", micro=False).save(packed, kind="png", scale=6, border=4)
    part = folder / f".{name}.part"
    part.write_bytes(packed.getvalue())
    part.rename(folder / f"{name}.png")


def decoder_of(daemon: subprocess.Popen[str]) -> int:
    """Return the daemon's only child."""
    children = Path(f"/proc/{daemon.pid}/task/{daemon.pid}/children").read_text().split()
    return int(children[0]) if children else 0


def content(folder: Path) -> bytes:
    """Return everything in all files, one after the other."""
    return b"".join(each.read_bytes() for each in folder.rglob("*") if each.is_file())


async def test_scans_go_on_when_decoders_die_and_no_picture_is_kept(tmp_path: Path) -> None:
    counter = tmp_path / "counter"
    counter.mkdir()
    camera = f'[[cameras]]\nscanner = "cam0"\nfolder = "{counter}"\nconsume = true\n'
    config = str(written(tmp_path, camera))
    passes = [shown(number) for number in range(4)]
    with running("run", "--config", config) as daemon:
        await until("a decoder", lambda: decoder_of(daemon) > 0)
        for number, text in enumerate(passes):
            hold_up(text, counter, "held")
            await until("looked at", lambda: not list(counter.iterdir()))
            os.kill(decoder_of(daemon), signal.SIGKILL)
            if number == 1:
                (counter / ".bad").write_bytes(PICTURE + b"broken")
                (counter / ".bad").rename(counter / "bad.png")
                await until("set aside", (counter / "bad.unreadable").exists)
                (counter / "bad.unreadable").unlink()
        daemon.send_signal(signal.SIGTERM)
        out, errors = await asyncio.to_thread(daemon.communicate, timeout=20)
    assert daemon.returncode == 0
    log = [json.loads(line) for line in (out + errors).splitlines()]
    kept = [line for line in log if line["event"] == "scan_kept"]
    assert len(kept) == len(passes)
    healths = [line["reason"] for line in log if line["event"] == "scanner_health"]
    assert healths.count("decoder_died") >= 2, "the third time is no news for the log"
    assert [line["reason"] for line in log if line["event"] == "image_unreadable"]
    # In the spool are all scans, and nowhere is a picture; in the log no code.
    left = content(tmp_path)
    assert all(text.encode() in left for text in passes)
    assert PICTURE not in left
    assert not any(text in out + errors for text in passes)
    done = command("spool", "--config", config, "--json")
    assert json.loads(done.stdout)["events"] >= len(passes)
