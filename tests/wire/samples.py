"""One plain batch as JSON values, to be spoilt in one place at a time."""

from __future__ import annotations

import json
from typing import Any

STREAM = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
SEQ = 7

BATCH = json.dumps(
    {
        "v": 1,
        "edge": "ams01-door",
        "stream": STREAM,
        "seq": SEQ,
        "clock": {
            "boot": "7c1d2f40a3b84f0e9a52d0c6b1e4f733",
            "boottime_ms": 86400123,
            "wall_ms": 1795262837000,
            "state": "synced",
            "err_ms": 12,
        },
        "dropped": {"spool_full": 3},
        "events": [
            {
                "type": "presence",
                "scanner": "hci0",
                "frame": "ibeacon",
                "token": "ad550f72",
                "phase": "entered",
                "first_ms": 1795262833000,
                "last_ms": 1795262836800,
                "n": 9,
                "loss_db": {"median": 14.0, "p10": 11.0, "last": 13.0},
                "reason": "3 in 10 s",
            },
            {
                "type": "scan",
                "scanner": "cam0",
                "at_ms": 1795262837000,
                "kind": "pass",
                "format": "QRCode",
                "text": "SB1.K7Q2M9X4TR3WA.1795262820.48775424",
            },
        ],
    }
)


def batch(**changes: Any) -> dict[str, Any]:
    """Return the batch with some members of its header changed or added."""
    plain: dict[str, Any] = json.loads(BATCH)
    return plain | changes


def with_event(**changes: Any) -> dict[str, Any]:
    """Return the batch with some members of its first event changed or added."""
    changed = batch()
    changed["events"][0] |= changes
    return changed


def without(name: str) -> dict[str, Any]:
    """Return the batch without one member of its header."""
    changed = batch()
    del changed[name]
    return changed


def sent(message: Any) -> bytes:
    """Return `message` as a foreign edge might write it: valid, but not as our encoder does."""
    return json.dumps(message, ensure_ascii=False).encode("utf-8", "surrogatepass")


def with_raw(json_text: str) -> bytes:
    """Return the batch with the bytes of one more, unknown member in its header."""
    return sent(batch(later="HERE")).replace(b'"HERE"', json_text.encode("utf-8", "surrogatepass"))
