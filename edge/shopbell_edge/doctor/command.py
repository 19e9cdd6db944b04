"""`shopbell-edge doctor`: every check, one after the other, for a person or a program.

Owns: what is printed, when, and the exit code.
Never: an address, a token or a code: nothing that is printed has ever held one.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sys
import time
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Final

import msgspec

from shopbell_edge.assembly import sealing, verifying
from shopbell_edge.config.reading import read_settings
from shopbell_edge.core.doctor.verdict import failed, has_failed, passed
from shopbell_edge.doctor.examining import everything, of_no_settings, patient
from shopbell_program.findings import lines, summary
from shopbell_program.settings import SettingsError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from shopbell_wire.messages import Finding

TICK_S: Final = 1.0
"""Between two looks at what is left to wait for: what a person takes for at once."""

_CLEAR: Final = "\r\x1b[K"


def run(config: Path, listen_s: float, *, as_json: bool) -> int:
    """Examine the edge of `config`; return 1 if a check failed, else 0."""
    findings = asyncio.run(_run(config, listen_s, quiet=as_json))
    if as_json:
        print(json.dumps({"findings": msgspec.to_builtins(findings)}))
    else:
        print(f"\n{summary(findings)}")
    return int(has_failed(findings))


async def _run(config: Path, listen_s: float, *, quiet: bool) -> list[Finding]:
    findings = []
    width = shutil.get_terminal_size((80, 24)).columns
    colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    async with _progress(listen_s, wanted=not quiet and sys.stderr.isatty()):
        async for each in _findings(config, listen_s):
            findings.append(each)
            if not quiet:
                clear = _CLEAR if sys.stdout.isatty() else ""
                text = "\n".join(lines(each, width, colour=colour))
                print(f"{clear}{text}", flush=True)
    return findings


async def _findings(config: Path, listen_s: float) -> AsyncIterator[Finding]:
    try:
        settings = read_settings(config)
        sealing(settings)
        verifying(settings)
    except SettingsError as error:
        for fault in error.faults:
            yield failed(
                "settings",
                str(fault),
                f"correct {error.source} (deploy/edge/edge.toml has every key), then ask again: "
                "most of the rest cannot be tried before",
            )
        async for each in of_no_settings():
            yield each
        return
    scanners = (*settings.radios, *settings.cameras, *settings.usb_scanners)
    names = ", ".join(each.scanner for each in scanners)
    yield passed("settings", f"edge {settings.edge} of {settings.tenant}: {names}")
    async for each in everything(patient(settings), listen_s):
        yield each


@asynccontextmanager
async def _progress(listen_s: float, *, wanted: bool) -> AsyncIterator[None]:
    """Say on the terminal that something goes on, and for how long still."""
    showing = asyncio.create_task(_show(listen_s)) if wanted else None
    try:
        yield
    finally:
        if showing is not None:
            showing.cancel()
            with suppress(asyncio.CancelledError):
                await showing
            sys.stderr.write(_CLEAR)


async def _show(listen_s: float) -> None:
    began = time.monotonic()
    while True:
        left_s = listen_s - (time.monotonic() - began)
        what = f"listening, {left_s:.0f} s to go" if left_s > 0 else "asking the rest"
        sys.stderr.write(f"{_CLEAR}…  {what}")
        sys.stderr.flush()
        await asyncio.sleep(TICK_S)
