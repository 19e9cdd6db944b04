"""What a program's log looks like to whoever reads it: a collector, the journal."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

PROGRAM = """
import structlog
from shopbell_program import logs

logs.configure()
log = structlog.get_logger()
log.{method}("it_rang", store="mill")
"""


def said(method: str, *, journal: bool) -> str:
    """Return what such a program writes to a pipe that is, or is not, the journal's."""
    reading, writing = os.pipe()
    stands = os.fstat(writing)
    named = f"{stands.st_dev}:{stands.st_ino}" if journal else "1:1"
    try:
        subprocess.run(
            [sys.executable, "-c", PROGRAM.format(method=method)],
            stderr=writing,
            env={**os.environ, "JOURNAL_STREAM": named},
            check=True,
            timeout=30,
        )
    finally:
        os.close(writing)
    with os.fdopen(reading) as pipe:
        return pipe.read()


@pytest.mark.parametrize(
    ("method", "priority"), [("info", "<6>"), ("warning", "<4>"), ("error", "<3>")]
)
def test_the_journal_is_told_how_much_a_line_matters(method: str, priority: str) -> None:
    line = said(method, journal=True)
    assert line.startswith(priority)
    event = json.loads(line.removeprefix(priority))
    assert (event["event"], event["level"], event["store"]) == ("it_rang", method, "mill")


def test_who_is_not_the_journal_is_not_bothered_with_priorities() -> None:
    assert json.loads(said("warning", journal=False))["event"] == "it_rang"
