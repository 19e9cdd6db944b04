"""Where the material lies that the project does not ship: vectors, recorded signals."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
SHARED = Path(os.environ.get("SHOPBELL_SHARED", ROOT.parent / "shared"))


def vectors(name: str) -> dict[str, Any]:
    """Return the test vectors in `name`, or skip the test that asks."""
    path = SHARED / "vectors" / name
    if not path.is_file():
        pytest.skip(f"no {name}: set SHOPBELL_SHARED to the folder that has vectors/")
    loaded: dict[str, Any] = json.loads(path.read_text())
    return loaded
