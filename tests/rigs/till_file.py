"""The settings of a till with a handheld scanner on a serial line, at a real broker, in a hurry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

    from tests.rigs.brokers import MosquittoBroker

UUID: Final = "6f2a1c5e-9b7d-4e03-a1c4-0f5d2e8b7a61"
PREFIX: Final = "5bb0e111"
"""What the retailer's phones put on the air."""

_SETTINGS: Final = """
tenant = "acme"
edge = "till"
[broker]
host = "127.0.0.1"
port = {port}
username = "edge"
password_file = "{folder}/password"
[retailer]
uuid = "{uuid}"
prefix = "{prefix}"
[spool]
path = "{folder}/{spool}"
[clock]
source = "system"
[sending]
answer_s = 1
answer_most_s = {answer_most_s}
reconnect_wait_s = 0.1
{more}
[[usb_scanners]]
kind = "serial"
scanner = "gun"
device = "{folder}/gun"
feedback = {feedback}
"""


def till_file(
    folder: Path,
    broker: MosquittoBroker,
    *,
    spool: str = "spool.db",
    feedback: str = '["log"]',
    answer_most_s: int = 300,
    more: str = "",
) -> Path:
    """Return the file, written into `folder` beside the broker's password.

    The scanner is to be at `gun` in that folder, and the spool where `spool` says, below it.
    """
    (folder / "password").write_text(broker.users["edge"])
    path = folder / "edge.toml"
    path.write_text(
        _SETTINGS.format(
            port=broker.port,
            folder=folder,
            uuid=UUID,
            prefix=PREFIX,
            spool=spool,
            feedback=feedback,
            answer_most_s=answer_most_s,
            more=more,
        )
    )
    return path
