"""The daemon's settings: one TOML file, read once, checked whole, and what the server lays over it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from shopbell_edge.config.checks import faults
from shopbell_edge.config.remote import faults_of, over
from shopbell_edge.config.tables import Settings
from shopbell_program.settings import ELSEWHERE, SettingsError, decoded, read

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnFile:
    """The edge's own file: where it is, what it says, and the settings that it is by itself."""

    path: Path
    document: Mapping[str, Any]
    settings: Settings

    def under(self, document: Mapping[str, Any]) -> Settings:
        """Return the settings with the server's `document` laid over the file.

        Raises SettingsError with what may not be set from afar, or with all that is wrong with the whole.
        """
        source = f"a document of the server over {self.path}"
        forbidden = faults_of(self.document, document)
        if forbidden:
            raise SettingsError(source, forbidden)
        return _checked(over(self.document, document), source)


def read_file(path: Path) -> OwnFile:
    """Return the file at `path`, or raise SettingsError with all that is wrong."""
    document = decoded(path, ELSEWHERE)
    return OwnFile(path=path, document=document, settings=_checked(document, str(path)))


def read_settings(path: Path) -> Settings:
    """Return the settings in `path`, or raise SettingsError with all that is wrong."""
    return read_file(path).settings


def _checked(document: Mapping[str, Any], source: str) -> Settings:
    return read(document, Settings, lambda settings: list(faults(settings)), source=source)
