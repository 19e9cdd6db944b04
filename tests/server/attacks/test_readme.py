"""What the table of attacks names is there."""

from __future__ import annotations

import re
from pathlib import Path

HERE = Path(__file__).parent
TESTS = HERE.parent.parent


def test_every_test_that_the_table_names_is_there() -> None:
    text = (HERE / "README.md").read_text()
    modules = set(re.findall(r"`((?:[a-z0-9]+/)*test_[a-z0-9_]+)`", text))
    functions = {each for each in modules if "/" not in each and not module(each)}
    for each in modules - functions:
        assert module(each), f"{each} is no module"
    code = "\n".join(path.read_text() for path in TESTS.rglob("test_*.py"))
    for each in functions:
        assert f"def {each}(" in code, f"{each} is no test"
    for start in re.findall(r"`(test_[a-z0-9_]+)…`", text):
        assert f"def {start}" in code, f"nothing begins with {start}"


def module(name: str) -> bool:
    """Return whether there is a test module of that name: here, beside this folder, or of the project."""
    return any((folder / f"{name}.py").exists() for folder in (HERE, HERE.parent, TESTS)) or any(
        TESTS.glob(f"edge/**/{name}.py")
    )
