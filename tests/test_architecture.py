"""The rules of the tree that no linter knows."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = sorted(
    [
        *ROOT.glob("edge/shopbell_*/**/*.py"),
        *ROOT.glob("server/shopbell_*/**/*.py"),
        *ROOT.glob("firmware_config/shopbell_*/**/*.py"),
    ]
)
CORES = {
    "edge/shopbell_edge/core": "tests/edge/core",
    "edge/shopbell_wire": "tests/wire",
    "server/shopbell_server/core": "tests/server/core",
}
"""And where their tests are."""

LONGEST = 400
"""Lines of a module: past that it has two ideas."""

NO_DECISIONS = {"__init__", "units", "messages", "language"}
"""Modules of names and shapes: the golden bytes and every other test hold them."""


def said(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("source", SOURCES, ids=said)
def test_a_module_fits_in_one_sitting(source: Path) -> None:
    if "/migrations/" in said(source):
        return
    assert len(source.read_text().splitlines()) <= LONGEST


@pytest.mark.parametrize("source", SOURCES, ids=said)
def test_a_package_says_nothing_and_a_module_says_what_it_is(source: Path) -> None:
    text = source.read_text()
    if source.name == "__init__.py":
        assert text == ""
    else:
        assert text.startswith(('"""', 'r"""', "#!")), (
            "begin with a docstring: what it owns, what never enters"
        )


@pytest.mark.parametrize("core", CORES)
def test_every_module_of_a_core_has_its_test(core: str) -> None:
    """One of its name in the same folder of the mirror, or another there that imports it."""
    mirror = ROOT / CORES[core]
    text = "".join(path.read_text() for path in mirror.rglob("*.py"))
    untested = {
        said(path)
        for path in (ROOT / core).rglob("*.py")
        if path.stem not in NO_DECISIONS
        and not (mirror / path.relative_to(ROOT / core).with_name(f"test_{path.name}")).exists()
        and not imported(path, text)
    }
    assert untested == set()


def imported(path: Path, text: str) -> bool:
    package = ".".join(path.relative_to(ROOT).parent.parts[1:])
    return bool(re.search(rf"\b{package}(?:\.| import .*\b){path.stem}\b", text))


def test_nothing_is_patched() -> None:
    text = "".join(
        path.read_text() for path in (ROOT / "tests").rglob("*.py") if path != Path(__file__)
    )
    assert re.findall(r"\bpatch\(|monkeypatch|MagicMock|mocker\b|unittest\.mock", text) == []


# Each pattern has a class of one letter, so that it does not find itself.
ELSEWHERE = {
    "where packages come from": (
        r"pyp[i]\.org|pythonh[o]sted|registry\.npmj[s]|ghcr\.i[o]|docker\.i[o]|deb\.debia[n]"
    ),
    "one machine's folders": r"(?<![\w./-])/(?:work|root|home)/",
    "what is left to be done": r"\b(?:TOD[O]|FIXM[E]|XX[X])\b",
}


@pytest.mark.parametrize("what", ELSEWHERE)
def test_the_tree_names_nothing_that_is_elsewhere(what: str) -> None:
    """What another machine has not, or another day will not have."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a clone: git knows which files are ours")
    found = subprocess.run(
        [
            *("git", "grep", "--untracked", "-nIP", ELSEWHERE[what]),
            *("--", ".", f":!{said(Path(__file__))}", ":!*.svg"),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.stdout == ""
    assert found.returncode == 1, found.stderr
