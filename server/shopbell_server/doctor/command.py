"""`shopbell-server doctor`: every check, one after the other, for a person or a program.

Owns: what is printed, when, and the exit code.
Never: a secret or a customer's name: nothing that is printed has ever held one.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from typing import TYPE_CHECKING

import msgspec

from shopbell_program.findings import lines, summary
from shopbell_program.settings import SettingsError
from shopbell_server.config.reading import read_settings
from shopbell_server.core.doctor.verdict import failed, passed
from shopbell_server.doctor.examining import everything

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from shopbell_wire.messages import Finding


def run(config: Path, *, as_json: bool) -> int:
    """Examine the server of `config`; return 1 if a check failed, else 0."""
    width = shutil.get_terminal_size((80, 24)).columns
    colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    findings: list[Finding] = []
    for each in _findings(config):
        findings.append(each)
        if not as_json:
            print("\n".join(lines(each, width, colour=colour)), flush=True)
    if as_json:
        print(json.dumps({"findings": msgspec.to_builtins(findings)}))
    else:
        print(f"\n{summary(findings)}")
    return int(any(each.verdict == "FAIL" for each in findings))


def _findings(config: Path) -> Iterator[Finding]:
    try:
        settings = read_settings(config)
    except SettingsError as error:
        for fault in error.faults:
            yield failed(
                "settings",
                str(fault),
                f"correct {error.source} (deploy/server/server.toml has every key), then ask again",
            )
        return
    yield passed("settings", f"{config} is right: tenant {settings.tenant}")
    yield from everything(settings)
