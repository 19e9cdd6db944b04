"""Findings as somebody on a ladder reads them.

Owns: the columns, what is in colour, and the last line.
Never: prints.
"""

from __future__ import annotations

import re
import textwrap
from collections import Counter
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from shopbell_wire.messages import Finding

NARROWEST: Final = 50
WIDEST: Final = 100
"""Characters of a line: longer ones are hard to read."""

_NAME: Final = 19
"""Characters of a check's name; longer ones take a line of their own."""

_COLOURS: Final = {"PASS": "\x1b[32m", "WARN": "\x1b[33m", "FAIL": "\x1b[1;31m"}
_KEEP: Final = "\x00"
"""Stands for a space that no line is broken at; nothing that is printed holds one."""

_PLAIN: Final = "\x1b[0m"


def lines(finding: Finding, width: int, *, colour: bool) -> Iterator[str]:
    """Yield one finding: verdict, check, what was found; below, what to do."""
    width = min(max(width, NARROWEST), WIDEST)
    verdict: str = finding.verdict
    if colour:
        verdict = f"{_COLOURS[finding.verdict]}{verdict}{_PLAIN}"
    name = _printable(finding.check)
    indent = " " * (4 + 2 + _NAME + 1)
    found = _wrapped(_printable(finding.found), width - len(indent))
    if len(name) > _NAME:
        yield f"{verdict}  {name}"
    else:
        yield f"{verdict}  {name:<{_NAME}} {next(found, '')}".rstrip()
    for line in found:
        yield indent + line
    first = "> "
    for line in _wrapped(_printable(finding.remedy), width - len(indent) - len(first)):
        yield indent + first + line
        first = "  "


def summary(findings: Iterable[Finding]) -> str:
    """Return the last line: how many of each."""
    counts = Counter(each.verdict for each in findings)
    return ", ".join(
        [f"{counts['FAIL']} failed", f"{counts['WARN']} to look at", f"{counts['PASS']} in order"]
    )


def _wrapped(text: str, width: int) -> Iterator[str]:
    # What is to be typed stays in one line, if it fits into one.
    whole = re.sub(r"`[^`]+`", lambda typed: typed[0].replace(" ", _KEEP), text)
    wrapped = textwrap.wrap(whole, width, break_long_words=True, break_on_hyphens=False)
    return iter([line.replace(_KEEP, " ") for line in wrapped])


def _printable(text: str) -> str:
    """Escape what a terminal would take for a command: files and brokers have their own words."""
    return text if text.isprintable() else repr(text)
