"""Where the files of the pages lie: templates, and what browsers fetch as it is."""

from __future__ import annotations

from pathlib import Path
from typing import Final

_FOLDER: Final = Path(__file__).parent

TEMPLATES: Final = _FOLDER / "templates"

STATIC: Final = _FOLDER / "static"
