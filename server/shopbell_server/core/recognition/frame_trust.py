"""What a frame on the air is worth.

Owns: the mac of `service-uuid` frames, and the evidence that each kind of frame gives.
Never: whom the frame means (`tokens`), or what is shown for it (`disclosure`).
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Final, assert_never

from shopbell_server.core.evidence import Evidence

if TYPE_CHECKING:
    from shopbell_server.core.ids import Millis
    from shopbell_wire.messages import Frame

MAC_KEY_BYTES: Final = 16
MAC_BYTES: Final = 4
"""What is left of the 16 bytes of a service UUID beside prefix and id64. One chance in 1.4 billion
per guess (three minutes are tried), and a guess must be heard on the air."""

MINUTE_MS: Final = 60_000
"""With its neighbours, a recording is stale within two minutes."""

_LABEL: Final = b"shopbell1|u128"


def mac32(mac_key: bytes, id64: str, minute: int) -> str:
    """Return the mac (8 hexadecimal digits) of an id64 in a minute (Unix time / 60 s)."""
    text = _LABEL + bytes.fromhex(id64) + minute.to_bytes(4)
    return hmac.digest(mac_key, text, "sha256")[:MAC_BYTES].hex()


def mac_is_fresh(mac_key: bytes, id64: str, mac: str, heard_ms: Millis) -> bool:
    """Return whether `mac` is of the minute of `heard_ms` or a neighbour of it.

    Takes the same time for a right and a wrong mac, so that it cannot be found digit by digit.
    """
    minute = heard_ms // MINUTE_MS
    matches = [
        hmac.compare_digest(mac32(mac_key, id64, near), mac)
        for near in range(max(0, minute - 1), minute + 2)
    ]
    return any(matches)


def evidence_of(frame: Frame, *, mac_fresh: bool) -> Evidence:
    """Return what a resolved frame is worth. `mac_fresh` counts for `service-uuid` alone."""
    match frame:
        case "ibeacon" | "static":
            return Evidence.HINT
        case "service-data":
            return Evidence.SIGNAL
        case "service-uuid":
            return Evidence.FRESH if mac_fresh else Evidence.SIGNAL
        case _:
            assert_never(frame)
