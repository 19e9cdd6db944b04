"""The runbook names every check of the doctor, in the order in which they are shown."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

from shopbell_server.core.doctor.verdict import Check

RUNBOOK = Path(__file__).parents[3] / "deploy" / "README.md"


def test_every_check_stands_in_the_runbook() -> None:
    part = RUNBOOK.read_text().split("### What the doctor looks at")[1].split("\n## ")[0]
    names = [
        name
        for row in re.findall(r"(?m)^\| (`[^|]+) \|", part)
        for name in re.findall(r"`([a-z-]+)`", row)
    ]
    assert names == list(get_args(Check))
