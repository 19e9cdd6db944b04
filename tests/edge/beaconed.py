"""An edge with one radio, in a store with a heartbeat beacon."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shopbell_edge.config.reading import read_settings

if TYPE_CHECKING:
    from pathlib import Path

    from shopbell_edge.config.tables import Settings

BEACON: Final = bytes.fromhex("0201061aff4c0002150d1f6a523c844b7e9f106b2c8e4d7a93000c0001c5")
"""What the beacon of `beaconed` advertises."""


def beaconed(folder: Path) -> Settings:
    """Return the settings, from a file in `folder`."""
    path = folder / "edge.toml"
    path.write_text(
        'tenant = "acme"\nedge = "door"\n[broker]\nhost = "127.0.0.1"\n'
        '[retailer]\nuuid = "6f2a1c5e-9b7d-4e03-a1c4-0f5d2e8b7a61"\nprefix = "5bb0e111"\n'
        '[heartbeat]\nuuid = "0d1f6a52-3c84-4b7e-9f10-6b2c8e4d7a93"\nmajor = 12\nminor = 1\n'
        '[[radios]]\nkind = "bluetooth"\nhear = "bleak"\n'
    )
    return read_settings(path)
