"""Whoever is told to type a command of ours can: READMEs, settings and remedies name none that is not."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

TEXTS = [
    *ROOT.glob("*.md"),
    *ROOT.glob("deploy/**/*.md"),
    *ROOT.glob("deploy/**/*.toml"),
    *ROOT.glob("edge/*.md"),
    *ROOT.glob("server/*.md"),
    *ROOT.glob("edge/shopbell_*/**/*.py"),
    *ROOT.glob("server/shopbell_*/**/*.py"),
]

PROGRAMS = {
    "shopbell-edge": "shopbell_edge",
    "shopbell-server": "shopbell_server",
    "shopbell-qr": "shopbell_edge.qr",
    "shopbell-sim": "shopbell_sim",
}


def named(program: str) -> set[str]:
    """Return the words that follow `program` where it is to be typed; `-u shopbell-edge` is a user."""
    typed = re.compile(rf"(?<!-u )(?<=[`/ ]){program} ([a-z][a-z-]+)(?=[ `\n])")
    quoted = re.compile(r"`[^`\n]+`|(?m:^(?:#   |    |/opt|\$as |shopbell-)\S.*$)")
    return {
        word
        for path in TEXTS
        for quote in quoted.findall(path.read_text(encoding="utf-8"))
        for word in typed.findall(f"`{quote.strip('`')}`")
    }


@pytest.mark.parametrize("program", PROGRAMS)
def test_only_commands_that_there_are_are_named(program: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", PROGRAMS[program], "--help"],
        capture_output=True,
        text=True,
        check=True,
        timeout=50,
    )
    there = set(re.findall(r"(?m)^    ([a-z][a-z-]+)(?: |$)", done.stdout))
    words = named(program)
    assert words, "the search finds what is typed"
    assert words <= there
