"""The daemon's settings: one TOML file, read once, checked whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shopbell_edge.config.checks import faults
from shopbell_edge.config.tables import Settings
from shopbell_program.settings import load

if TYPE_CHECKING:
    from pathlib import Path


def read_settings(path: Path) -> Settings:
    """Return the settings in `path`, or raise SettingsError with all that is wrong."""
    return load(path, Settings, lambda settings: list(faults(settings)))
